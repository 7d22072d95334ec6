"""Rollbacks: what an earlier revision had, as changes of today."""

from __future__ import annotations

from collections.abc import Mapping

from burgeed.control.commands import RollBack
from burgeed.control.planning.plan import Plan, change_to
from burgeed.control.planning.view import View
from burgeed.revisions.reading import About
from burgeed.revisions.values import Entry, EntryKey


def plan_rollback(command: RollBack, view: View, earlier: Mapping[EntryKey, Entry]) -> Plan:
    """Every entry that the command is about as it was then, also if it was not there.

    Args:
        earlier: what was set right after the revision that is gone back to.

    Raises:
        NotFound: there is no such flag set, level or flag, and was none then.
    """
    flag_set, flag_key = command.flag_set, command.flag_key
    if flag_set is not None and all(key.flag_set != flag_set for key in earlier):
        view.need_flag_set(flag_set)
    if flag_set is not None and flag_key is not None:
        known = earlier.keys() | view.state.entries.keys()
        if all((key.flag_set, key.flag_key) != (flag_set, flag_key) for key in known):
            view.need_flag(flag_set, flag_key)
    if flag_set is not None and command.level is not None:
        view.need_level(flag_set, command.level, earlier)
    of_scope = command.level is not None or command.scope is not None
    about = About(flag_set, "override" if of_scope else None, flag_key, command.level, command.scope)
    keys = sorted(key for key in earlier.keys() | view.state.entries.keys() if about.covers(key))
    changes = tuple(
        change
        for key in keys
        for change in change_to(view, key, earlier[key].document if key in earlier else None)
    )
    warnings = () if keys else (f"nothing is set at run time{_named(command)}, and nothing was then",)
    return Plan("rollback", changes, (about,), warnings, target=command.revision)


def _named(command: RollBack) -> str:
    if command.flag_key is not None:
        return f" for flag `{command.flag_key}`"
    return "" if command.level is None else f" for {command.level} `{command.scope}`"
