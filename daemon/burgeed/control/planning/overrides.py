"""Overrides: one or many at once, all of them or none."""

from __future__ import annotations

from typing import Any, Final

from burgee.fault import Fault
from burgee.patch import merge_patch
from burgeed.control.commands import ClearScope, OverrideItem, SetOverrides
from burgeed.control.errors import Invalid, NotFound
from burgeed.control.planning.plan import Plan, change_to
from burgeed.control.planning.view import View
from burgeed.revisions.reading import About
from burgeed.revisions.values import Action, Change, EntryKey

ITEMS_LIMIT: Final = 10_000


def plan_overrides(command: SetOverrides, view: View) -> Plan:
    """Each override as its item says."""
    view.need_flag_set(command.flag_set)
    if len(command.items) > ITEMS_LIMIT:
        raise Invalid(f"{len(command.items)} overrides at once are more than {ITEMS_LIMIT}")
    changes: list[Change] = []
    keys: dict[EntryKey, None] = {}
    for item in command.items:
        key = EntryKey(command.flag_set, "override", item.flag_key, item.level, item.scope)
        if key in keys:
            path = ("overrides", item.level, item.scope, item.flag_key)
            raise Invalid("an override stands there twice", [Fault("set once already", path, "keep one")])
        keys[key] = None
        if item.document is None and command.must_exist and view.entry(key) is None:
            view.need_level(command.flag_set, item.level)
            view.need_flag(command.flag_set, item.flag_key)
            raise NotFound(_missing(view, key))
        changes += change_to(view, key, _document(item, view, key))
    return Plan(_action(command), tuple(changes), tuple(About(*key) for key in keys))


def plan_clear(command: ClearScope, view: View) -> Plan:
    """None of the overrides that were set for the scope at run time."""
    view.need_flag_set(command.flag_set)
    view.need_level(command.flag_set, command.level)
    about = About(command.flag_set, "override", None, command.level, command.scope)
    changes = [
        Change(key, entry.document, None) for key, entry in view.state.entries.items() if about.covers(key)
    ]
    changes.sort(key=lambda change: change.key)
    warnings = () if changes else (f"nothing is set at run time for {command.level} `{command.scope}`",)
    return Plan("override.remove", tuple(changes), (about,), warnings)


def _document(item: OverrideItem, view: View, key: EntryKey) -> Any:
    document: Any = item.document
    if isinstance(document, str):
        document = {"variant": document}
    if document is not None and item.merge:
        present: Any = view.entry(key)
        return merge_patch(present or {}, document)
    return document


def _action(command: SetOverrides) -> Action:
    removes = {item.document is None for item in command.items}
    if removes == {True}:
        return "override.remove"
    return "batch" if True in removes else "override.set"


def _missing(view: View, key: EntryKey) -> str:
    message = f"nothing was set at run time for flag `{key.flag_key}`, {key.level} `{key.scope}`"
    if view.covered(key) is None:
        return message
    return f"{message}; what a source sets is taken back by inheriting"
