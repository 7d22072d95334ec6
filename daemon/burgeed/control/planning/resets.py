"""Resets: a scope sees what lies beneath it, whoever set something for it."""

from __future__ import annotations

from burgeed.control.commands import ResetScope
from burgeed.control.planning.plan import Plan, change_to
from burgeed.control.planning.view import View
from burgeed.revisions.reading import About
from burgeed.revisions.values import Change, EntryKey


def plan_reset(command: ResetScope, view: View) -> Plan:
    """None of the run time's own overrides, and ``{inherit: true}`` where a source has one."""
    flag_set, level, scope = command.flag_set, command.level, command.scope
    view.need_flag_set(flag_set)
    view.need_level(flag_set, level)
    if command.flag_key is not None and not view.overrides_in(flag_set, level, scope) & {command.flag_key}:
        view.need_flag(flag_set, command.flag_key)
    flag_keys = view.overrides_in(flag_set, level, scope) if command.flag_key is None else {command.flag_key}
    changes: list[Change] = []
    for flag_key in sorted(flag_keys):
        key = EntryKey(flag_set, "override", flag_key, level, scope)
        # An override of a flag that there is not has no effect that could be taken back.
        is_beneath = (
            view.beneath.override(flag_set, level, scope, flag_key) is not None
            and view.flag(flag_set, flag_key) is not None
        )
        changes += change_to(view, key, {"inherit": True} if is_beneath else None)
    about = About(flag_set, "override", command.flag_key, level, scope)
    warnings = () if flag_keys else (f"no layer has an override for {level} `{scope}`",)
    return Plan("scope.reset", tuple(changes), (about,), warnings)
