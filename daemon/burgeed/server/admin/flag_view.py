"""A flag as the admin API shows it: as it is served, which layer it comes from, and what stands above it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from burgee.definition.rendering import render_flag, render_kill
from burgee.fault import path_text
from burgee.flag import Flag, Origin
from burgee.snapshot import FlagSet
from burgeed.control.protocol import State
from burgeed.revisions.values import EntryKey, Kind
from burgeed.server.services import Position

Locate = Callable[[Origin], Awaitable[Position | None]]


@dataclass(frozen=True, slots=True)
class FlagFilter:
    """Which flags; empty asks for nothing in particular.

    Attributes:
        state: ``enabled``, ``disabled`` or ``killed``.
    """

    prefix: str = ""
    tag: str = ""
    owner: str = ""
    state: str = ""
    source: str = ""

    def holds(self, flag_set: FlagSet, flag: Flag) -> bool:
        """Whether the flag is one of them."""
        return (
            flag.key.startswith(self.prefix)
            and (not self.tag or self.tag in flag.notes.tags)
            and (not self.owner or self.owner == flag.notes.owner)
            and (not self.source or self.source == flag.origin.source)
            and (not self.state or self.state == state_of(flag_set, flag))
        )


def state_of(flag_set: FlagSet, flag: Flag) -> str:
    """``disabled`` wins over ``killed``, as it does on the ladder."""
    if not flag.enabled:
        return "disabled"
    return "killed" if flag.key in flag_set.kills else "enabled"


def flag_document(
    flag_set: FlagSet, flag: Flag, state: State | None, position: Position | None
) -> dict[str, Any]:
    """One flag.

    Args:
        state: what is set at run time; None where there is no store.
        position: line and column in its file, where they were asked for and found.
    """
    kill = flag_set.kills.get(flag.key)
    overrides = flag_set.overrides.get(flag.key, {})
    return {
        "flagSet": flag_set.flag_set_id,
        "key": flag.key,
        "type": str(flag.flag_type),
        "definition": render_flag(flag),
        "state": state_of(flag_set, flag),
        "kill": None if kill is None else {**render_kill(kill), "source": kill.origin.source},
        "source": flag.origin.source,
        "origin": origin_document(flag.origin, position),
        "overrides": sum(map(len, overrides.values())),
        "locked": sorted(flag_set.locked.get(flag.key, ())),
        "revision": revision_of(state, "flag", flag_set.flag_set_id, flag.key),
        "killRevision": revision_of(state, "kill", flag_set.flag_set_id, flag.key),
    }


def revision_of(
    state: State | None, kind: Kind, flag_set_id: str, flag_key: str, level: str = "", scope: str = ""
) -> int | None:
    """The revision that set an entry at run time; None where none did."""
    entry = None if state is None else state.entries.get(EntryKey(flag_set_id, kind, flag_key, level, scope))
    return None if entry is None else entry.revision


def origin_document(origin: Origin, position: Position | None) -> dict[str, Any]:
    """Where something stands."""
    document: dict[str, Any] = {"source": origin.source, "path": path_text(origin.path)}
    if origin.file is not None:
        document["file"] = origin.file
    if position is not None:
        document["line"], document["column"] = position
    return document
