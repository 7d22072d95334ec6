"""What an application, or its environment, can say about the provider."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from burgee.errors import SelectorError
from burgee.selector import Selector

from .address import AddressError, parse_address

RESOLVERS = ("remote", "in-process")
_PREFIX = "BURGEE_"


class OptionsError(ValueError):
    """Options that cannot be; the message names each with its remedy."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the provider reaches the daemon, and how long it waits.

    Each is also read from the environment, as ``BURGEE_`` and the name in upper case; an argument beats it.

    Attributes:
        address: ``unix:///path`` or ``http://host:port``; None searches the user's runtime directory,
            ``/run/burgee`` and ``http://127.0.0.1:8016``.
        resolver: ``remote``; ``in-process`` is not supported yet.
        deadline: seconds that one evaluation may take, all in all.
        initialize_deadline: seconds that ``initialize`` waits for the daemon; it goes on trying afterwards.
        cache_size: how many last known answers are kept; one over 4 KB counts as several, 0 keeps none.
        selector: which flag set to see: ``flagSetId=<id>``, ``source=<name>``; empty sees all.
        grace: seconds from STALE to ERROR while the daemon stays silent.
        connections: how many asynchronous evaluations of one event loop may be under way at once; further
            ones wait for their turn within their deadline.
    """

    address: str | None = None
    resolver: str = "remote"
    deadline: float = 0.5
    initialize_deadline: float = 5.0
    cache_size: int = 10_000
    selector: str = ""
    grace: float = 10.0
    connections: int = 64

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise OptionsError("; ".join(faults))

    @classmethod
    def gather(cls, environment: Mapping[str, str], **given: Any) -> Options:
        """Take each option from the arguments, else from the environment, else its default.

        Args:
            environment: such as ``os.environ``.
            given: options by name; None means not given.

        Raises:
            OptionsError: one cannot be.
        """
        values = {name: value for name, value in given.items() if value is not None}
        for field in fields(cls):
            text = environment.get(_PREFIX + field.name.upper(), "")
            if field.name not in values and text:
                values[field.name] = _from_text(field.name, text)
        return cls(**values)

    def _faults(self) -> list[str]:
        faults = []
        if self.address is not None:
            try:
                parse_address(self.address)
            except AddressError as error:
                faults.append(f"address {error}")
        if self.resolver not in RESOLVERS:
            faults.append(f"resolver {self.resolver!r} is unknown: write 'remote'")
        elif self.resolver == "in-process":
            faults.append("resolver 'in-process' is not supported yet: write 'remote', or leave it out")
        for name in ("deadline", "initialize_deadline", "grace"):
            value = getattr(self, name)
            if not _is_number(value) or not 0 < value < math.inf:
                faults.append(f"{name} is a number of seconds over 0, not {value!r}")
        for name, least in (("cache_size", 0), ("connections", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                faults.append(f"{name} is a whole number from {least} up, not {value!r}")
        return faults + _selector_faults(self.selector)


def _selector_faults(selector: object) -> list[str]:
    if not isinstance(selector, str):
        return [f"selector is text such as 'flagSetId=shop', not {selector!r}"]
    if not (selector.isascii() and selector.isprintable()):
        return [f"selector {selector!r} holds what no HTTP header can: use printable ASCII"]
    try:
        Selector.parse(selector)
    except SelectorError as error:
        return [f"selector: {error}"]
    return []


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_READERS: Mapping[str, Callable[[str], Any]] = {
    "deadline": float,
    "initialize_deadline": float,
    "grace": float,
    "cache_size": int,
    "connections": int,
}


def _from_text(name: str, text: str) -> Any:
    try:
        return _READERS.get(name, str)(text)
    except ValueError:
        raise OptionsError(f"{_PREFIX}{name.upper()} is not a number: {text!r}") from None
