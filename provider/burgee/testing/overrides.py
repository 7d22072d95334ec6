"""What one test overrides, and which flags it evaluated."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, MutableMapping
from difflib import get_close_matches

from .answers import Override, checked


class UnknownFlagError(AssertionError):
    """A strict test evaluated flags that it does not override."""


class Overrides(MutableMapping[str, Override]):
    """Flags and what they are overridden with; may change while the test runs, from any thread.

    Args:
        flags: by flag key: a value, details, or a function of the evaluation context.
        domain: whose clients they are for; None is for clients of the default provider.
        strict: whether evaluating any other flag is an error.

    Raises:
        TypeError: a key is no text, or a value is none that a flag can serve.
    """

    def __init__(
        self, flags: Mapping[str, Override], *, domain: str | None = None, strict: bool = False
    ) -> None:
        self.domain = domain
        self.strict = strict
        self._lock = threading.Lock()
        self._flags: dict[str, Override] = {}
        self._evaluated: dict[str, int] = {}
        self._unknown: dict[str, None] = {}
        self.update(flags)

    def __getitem__(self, flag_key: str) -> Override:
        return self._flags[flag_key]

    def __setitem__(self, flag_key: str, override: Override) -> None:
        if not isinstance(flag_key, str):
            raise TypeError(f"the key of a flag is a text, not {flag_key!r}")
        self._flags[flag_key] = checked(flag_key, override)

    def __delitem__(self, flag_key: str) -> None:
        del self._flags[flag_key]

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._flags))

    def __len__(self) -> int:
        return len(self._flags)

    def __repr__(self) -> str:
        return f"Overrides({self._flags!r}, domain={self.domain!r}, strict={self.strict!r})"

    @property
    def evaluated(self) -> Mapping[str, int]:
        """How often each flag was evaluated, overridden or not, in the order of their first evaluations."""
        with self._lock:
            return dict(self._evaluated)

    @property
    def unused(self) -> frozenset[str]:
        """Flags that are overridden, and that nobody has evaluated."""
        return frozenset(self) - self.evaluated.keys()

    @property
    def unknown(self) -> tuple[str, ...]:
        """Flags that were evaluated although ``strict`` forbids them."""
        with self._lock:
            return tuple(self._unknown)

    def check(self) -> None:
        """Fail where an unknown flag was evaluated; done by itself at the end of the test.

        Raises:
            UnknownFlagError: names each, with the override that it resembles.
        """
        if unknown := self.unknown:
            raise UnknownFlagError(
                f"not overridden, but evaluated: {', '.join(map(self._described, unknown))}"
            )

    def count(self, flag_key: str) -> None:
        """Note an evaluation."""
        with self._lock:
            self._evaluated[flag_key] = self._evaluated.get(flag_key, 0) + 1

    def refuse(self, flag_key: str) -> None:
        """Note an evaluation that is an error."""
        with self._lock:
            self._unknown[flag_key] = None

    def _described(self, flag_key: str) -> str:
        near = get_close_matches(flag_key, self, 1)
        return f"{flag_key!r} (did you mean {near[0]!r}?)" if near else repr(flag_key)
