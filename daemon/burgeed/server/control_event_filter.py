"""Which events of the control plane a stream tells: read from the query of ``/admin/v1/events``."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from multidict import MultiMapping

from burgee.wire.control_events import TYPES
from burgeed.control.event_subscription import PUBLISHED
from burgeed.control.events import ControlEvent
from burgeed.server.problems import Problem, malformed

ONCE: Final = ("flag", "flag_set", "level", "scope", "last_event_id")
REPEATED: Final = "type"
LONGEST: Final = 256
"""Characters of a value."""
MOST_TYPES: Final = 32


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What a subscriber wants to hear; empty asks for nothing in particular.

    A publication of a generation concerns every flag set, and the flags that it changed. A rollback of
    everything concerns every flag, level and scope.

    Attributes:
        flag: a key, or the beginning of some with a ``*`` after it.
        flag_set: None is any; empty is the one without an id.
        types: None is any.
    """

    flag: str = ""
    flag_set: str | None = None
    level: str = ""
    scope: str = ""
    types: frozenset[str] | None = None

    @classmethod
    def read(cls, query: MultiMapping[str]) -> EventFilter:
        """Read ``flag``, ``flag_set``, ``level``, ``scope`` and ``type``.

        Raises:
            Problem: 400, a parameter or a type is unknown, repeated or too long.
        """
        for name in query:
            if name not in (*ONCE, REPEATED):
                raise malformed(
                    f"unknown query parameter `{name[:100]}`; {_nearest(name, (*ONCE, REPEATED))}"
                )
        single = {name: _once(query, name) for name in ONCE}
        patterns = query.getall(REPEATED, [])
        if len(patterns) > MOST_TYPES:
            raise malformed(f"query parameter `type` is given more than {MOST_TYPES} times")
        types = frozenset(found for pattern in patterns for found in _types(pattern)) if patterns else None
        return cls(
            flag=single["flag"] or "",
            flag_set=single["flag_set"],
            level=single["level"] or "",
            scope=single["scope"] or "",
            types=types,
        )

    def admits(self, event: ControlEvent) -> bool:
        """Whether to tell it."""
        if self.types is not None and event.type not in self.types:
            return False
        if event.type == PUBLISHED:
            return not self.level and not self.scope and self._is_about(event.data.get("flags_changed"))
        if self.flag_set is not None and event.flag_set != self.flag_set and not _is_of_everything(event):
            return False
        if event.type == "rolled_back":
            flags = [event.flag_key] if event.flag_key else None
            return (
                self._is_about(flags)
                and event.level in ("", self.level or event.level)
                and event.scope in ("", self.scope or event.scope)
            )
        return (
            self._is_about([event.flag_key])
            and (not self.level or event.level == self.level)
            and (not self.scope or event.scope == self.scope)
        )

    def _is_about(self, flag_keys: object) -> bool:
        """Whether one of the keys is asked for; None are keys that nobody knows."""
        if not self.flag or flag_keys is None or not isinstance(flag_keys, list | tuple | set | frozenset):
            return True
        if self.flag.endswith("*"):
            return any(key.startswith(self.flag[:-1]) for key in flag_keys)
        return self.flag in flag_keys


def _is_of_everything(event: ControlEvent) -> bool:
    return event.type == "rolled_back" and not (event.flag_key or event.level or event.scope)


def _once(query: MultiMapping[str], name: str) -> str | None:
    values = query.getall(name, [])
    if len(values) > 1:
        raise malformed(f"query parameter `{name}` is given more than once")
    if values and len(values[0]) > LONGEST:
        raise malformed(f"query parameter `{name}` has {len(values[0])} characters; write up to {LONGEST}")
    return values[0] if values else None


def _types(pattern: str) -> list[str]:
    if pattern.endswith("*"):
        found = [each for each in TYPES if each.startswith(pattern[:-1])]
    else:
        found = [each for each in TYPES if each == pattern]
    if not found:
        raise _unknown_type(pattern)
    return found


def _unknown_type(pattern: str) -> Problem:
    return malformed(f"there is no event of type `{pattern[:100]}`; {_nearest(pattern, TYPES)}")


def _nearest(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, 1)
    return f"did you mean `{close[0]}`?" if close else f"known: {', '.join(known)}"
