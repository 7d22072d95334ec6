"""Personal data that the audit need not hold: masked by rule before it is encrypted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from burgeed.audit.event import AuditEvent
from burgeed.audit.leaves import path_steps

MASKED = "[masked]"

USUAL_ATTRIBUTES = ("email", "e-mail", "mail", "name", "first_name", "last_name", "phone")
"""Names of values that are masked, compared without case and with ``_`` and ``-`` as one."""

_BETWEEN_WORDS = re.compile(r"([\s<>()\[\],;:\"]+)")
# Something, the sign, and then somewhere a letter: `package@1.2.3` is no address. Two searches, since one
# expression for both would look for the letter anew behind each of many signs.
_SIGN = re.compile(r"[^@]@")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Masking:
    """The rules.

    Attributes:
        attributes: names of values that are masked wherever they stand, beside e-mail addresses in any text.
    """

    attributes: frozenset[str]

    @classmethod
    def of(cls, further: Iterable[str] = ()) -> Masking:
        """The usual rules, and further attributes."""
        return cls(frozenset(_plain(name) for name in (*USUAL_ATTRIBUTES, *further)))

    def masked(self, event: AuditEvent) -> AuditEvent:
        """The event with personal data of ``old``, ``new``, ``detail``, ``reason`` and ``leaf`` masked.

        Actor, on-behalf-of and scope stay: they are sealed under a key of their own, which can be erased.
        """
        steps = path_steps(event.leaf)
        is_personal = any(_plain(step) in self.attributes for step in steps[-1:])
        return replace(
            event,
            reason=_without_addresses(event.reason),
            leaf=_without_addresses(event.leaf),
            old=MASKED if is_personal and event.had_old else self._value(event.old),
            new=MASKED if is_personal and event.has_new else self._value(event.new),
            # Its members are named by this program; what lies within them may come from anywhere.
            detail={name: self._value(value) for name, value in event.detail.items()},
        )

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return _without_addresses(value)
        if isinstance(value, Mapping):
            return {
                _without_addresses(str(key)): MASKED
                if _plain(str(key)) in self.attributes
                else self._value(of)
                for key, of in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._value(each) for each in value]
        return value


def _plain(name: str) -> str:
    return name.casefold().replace("-", "_")


def _without_addresses(text: str) -> str:
    if "@" not in text:
        return text
    words = _BETWEEN_WORDS.split(text)
    return "".join(MASKED if "@" in word and _has_address(word) else word for word in words)


def _has_address(word: str) -> bool:
    sign = _SIGN.search(word)
    return sign is not None and _LETTER.search(word, sign.end()) is not None
