"""What an application, or its environment, can say about the provider."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias, TypedDict

from burgee.errors import SelectorError
from burgee.selector import Selector

from .address import DEFAULT_PORT, AddressError, TcpAddress, parse_address
from .tls_files import TlsFiles

RESOLVERS = ("remote", "in-process")
LONGEST_DEADLINE = 86_400
"""Seconds. The operating system waits for some days at most, and refuses to wait for longer."""
TLS_FILES = tuple(field.name for field in fields(TlsFiles))
_PREFIX = "BURGEE_"
_Reading: TypeAlias = tuple[Callable[[str], Any], str]


class OptionsError(ValueError):
    """Options that cannot be; the message names each with its remedy."""


class OptionArguments(TypedDict, total=False):
    """What can be given to the provider by name, besides the address; see :class:`Options`."""

    resolver: str | None
    deadline: float | None
    initialize_deadline: float | None
    cache_size: int | None
    selector: str | None
    grace: float | None
    connections: int | None
    prefetch: bool | None
    bootstrap: str | os.PathLike[str] | None
    last_snapshot: str | os.PathLike[str] | None
    runtime_dir: str | os.PathLike[str] | None
    token: str | None
    ca: str | os.PathLike[str] | None
    certificate: str | os.PathLike[str] | None
    certificate_key: str | os.PathLike[str] | None


@dataclass(frozen=True, slots=True)
class Options:
    """How the provider reaches the daemon, and how long it waits.

    Each is also read from the environment, as ``BURGEE_`` and the name in upper case; an argument beats it.

    Attributes:
        address: ``unix:///path``, ``http://host:port`` or ``https://host:port``; None searches the user's
            runtime directory, ``/run/burgee`` and ``http://127.0.0.1:8016``.
        resolver: ``remote`` asks the daemon for what it does not hold; ``in-process`` evaluates here.
        deadline: seconds that one evaluation may take, all in all.
        initialize_deadline: seconds that ``initialize`` waits for the daemon; it goes on trying afterwards.
        cache_size: how many of the daemon's answers are kept, to be given again while nothing has changed,
            and as the last known ones when it is gone; one over 4 KB counts as several, 0 keeps none.
        selector: which flag set to see: ``flagSetId=<id>``, ``source=<name>``; empty sees all.
        grace: seconds from STALE to ERROR while the daemon stays silent.
        connections: how many asynchronous evaluations of one event loop may be under way at once; further
            ones wait for their turn within their deadline.
        prefetch: with ``remote``, whether the first question about a context asks for all flags at once.
        bootstrap: a file that answers while there is nothing better: a snapshot, or a definition in JSON.
        last_snapshot: a file in which the newest snapshot is kept, and found again by the next start.
        runtime_dir: where the daemon keeps what it shares on this machine; None is its socket's directory.
        token: sent to the daemon with every request, as a bearer token; over TCP a snapshot needs one.
        ca: for ``https``, a file with the authorities that the daemon's certificate has to come from, in PEM;
            None is the system's. Names and authorities are always verified.
        certificate: for ``https``, a file with what is shown to a daemon that wants a client's certificate.
        certificate_key: its private key, not encrypted; None is in the same file.
    """

    address: str | None = None
    resolver: str = "remote"
    deadline: float = 0.5
    initialize_deadline: float = 5.0
    cache_size: int = 10_000
    selector: str = ""
    grace: float = 10.0
    connections: int = 64
    prefetch: bool = False
    bootstrap: str | None = None
    last_snapshot: str | None = None
    runtime_dir: str | None = None
    token: str = field(default="", repr=False)
    ca: str | None = None
    certificate: str | None = None
    certificate_key: str | None = None

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
            OptionsError: some cannot be; it names all of them.
            TypeError: there is no such option.
        """
        known = [option.name for option in fields(cls)]
        for name in given:
            if name not in known:
                raise TypeError(f"there is no option {name!r}: there are {', '.join(sorted(known))}")
        values = {name: _plain(value) for name, value in given.items() if value is not None}
        # What the environment says of TLS belongs to the environment's address, not to one given here.
        ignored = TLS_FILES if "address" in values and not _speaks_tls(values["address"]) else ()
        faults = []
        for name in known:
            text = environment.get(_PREFIX + name.upper(), "")
            if text and name not in values and name not in ignored:
                try:
                    values[name] = _from_text(name, text)
                except OptionsError as fault:
                    faults.append(str(fault))
        try:
            options = cls(**values)
        except OptionsError as error:
            faults.append(str(error))
        if faults:
            raise OptionsError("; ".join(faults))
        return options

    @property
    def tls_files(self) -> TlsFiles:
        """On what terms TLS is spoken."""
        return TlsFiles(self.ca, self.certificate, self.certificate_key)

    def _faults(self) -> list[str]:
        faults = []
        if self.address is not None:
            try:
                parse_address(self.address)
            except AddressError as error:
                faults.append(f"address {error}")
        if self.resolver not in RESOLVERS:
            faults.append(f"resolver {self.resolver!r} is unknown: write 'remote' or 'in-process'")
        for name in ("deadline", "initialize_deadline", "grace"):
            value = getattr(self, name)
            if not _is_number(value) or not 0 < value < math.inf:
                faults.append(f"{name} is a number of seconds over 0, not {value!r}")
            elif name != "grace" and value > LONGEST_DEADLINE:
                faults.append(f"{name} is {LONGEST_DEADLINE} seconds at most, not {value!r}")
        for name, least in (("cache_size", 0), ("connections", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                faults.append(f"{name} is a whole number from {least} up, not {value!r}")
        if not isinstance(self.prefetch, bool):
            faults.append(f"prefetch is True or False, not {self.prefetch!r}")
        for name in ("bootstrap", "last_snapshot", "runtime_dir"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value or "\0" in value):
                faults.append(f"{name} is the path of a {_PATHS[name]}, not {value!r}")
        if not isinstance(self.token, str) or not (self.token.isascii() and self.token.isprintable()):
            faults.append("token holds what no HTTP header can: use printable ASCII")
        return [*faults, *self._tls_faults(), *_selector_faults(self.selector)]

    def _tls_faults(self) -> list[str]:
        faults = list(self.tls_files.faults())
        idle = [] if _speaks_tls(self.address) else [name for name in TLS_FILES if getattr(self, name)]
        if idle:
            where = "no address is given" if self.address is None else f"address is {self.address!r}"
            faults.append(f"{' and '.join(idle)}: for TLS, but {where}: write https://host:{DEFAULT_PORT}")
        return faults


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


def _speaks_tls(address: object) -> bool:
    """Whether TLS is spoken there; of a text that is no address it is not denied."""
    try:
        known = parse_address(address) if isinstance(address, str) else None
    except AddressError:
        return True
    return isinstance(known, TcpAddress) and known.tls


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_PATHS = {"bootstrap": "file", "last_snapshot": "file", "runtime_dir": "directory"}

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def _plain(value: Any) -> Any:
    return os.fsdecode(value) if isinstance(value, os.PathLike) else value


_SECONDS: _Reading = (float, "seconds, such as 0.5")
_WHOLE: _Reading = (int, "a whole number, such as 100")
_READINGS: Mapping[str, _Reading] = {
    "deadline": _SECONDS,
    "initialize_deadline": _SECONDS,
    "grace": _SECONDS,
    "cache_size": _WHOLE,
    "connections": _WHOLE,
    "prefetch": (lambda text: _BOOLEANS[text.lower()], "true or false"),
}
"""How a variable of the environment is read, and what to write there; the others are text."""


def _from_text(name: str, text: str) -> Any:
    read, remedy = _READINGS.get(name, (str, ""))
    try:
        return read(text)
    except (KeyError, ValueError):
        raise OptionsError(f"{_PREFIX}{name.upper()} is {text!r}: write {remedy}") from None
