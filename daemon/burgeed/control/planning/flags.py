"""Flags: created, replaced, patched, deleted, toggled.

A flag of a file that is changed becomes a flag of the admin layer as a whole, which covers the file's. When
it comes to equal the file's again, it goes, and the file's later edits count again.
"""

from __future__ import annotations

from typing import Any

from burgee.definition.rendering import render_flag
from burgee.patch import merge_patch
from burgee.value import fingerprint
from burgeed.control.commands import CreateFlag, DeleteFlag, PatchFlag, ReplaceFlag, ToggleFlag
from burgeed.control.errors import AlreadyExists, Invalid
from burgeed.control.planning.plan import Plan, change_to
from burgeed.control.planning.view import View, read_flag
from burgeed.revisions.reading import About
from burgeed.revisions.values import Action, Change, Document, EntryKey


def plan_create(command: CreateFlag, view: View) -> Plan:
    """A flag that no layer has."""
    key = _key(command)
    view.need_flag_set(command.flag_set)
    if view.document(key) is not None:
        raise AlreadyExists(f"flag `{command.flag_key}` is there already")
    return Plan("flag.create", change_to(view, key, command.document), (About(*key),))


def plan_replace(command: ReplaceFlag, view: View) -> Plan:
    """A flag as it is given, whether there is one or not."""
    key = _key(command)
    view.need_flag_set(command.flag_set)
    action: Action = "flag.create" if view.document(key) is None else "flag.update"
    return Plan(action, flag_change(view, key, command.document), (About(*key),))


def plan_patch(command: PatchFlag, view: View) -> Plan:
    """RFC 7396 onto the flag as it stands."""
    key = _key(command)
    beneath: Any = view.need_flag(command.flag_set, command.flag_key)
    patched: Any = merge_patch(beneath, command.patch)
    return Plan("flag.update", flag_change(view, key, patched), (About(*key),))


def plan_toggle(command: ToggleFlag, view: View) -> Plan:
    """The flag with another ``state``."""
    key = _key(command)
    document = view.need_flag(command.flag_set, command.flag_key)
    is_enabled = document.get("state", "ENABLED") != "DISABLED"
    enabled = not is_enabled if command.enabled is None else command.enabled
    changes: tuple[Change, ...] = ()
    if enabled != is_enabled:
        changes = flag_change(view, key, {**document, "state": "ENABLED" if enabled else "DISABLED"})
    return Plan("flag.toggle", changes, (About(*key),))


def plan_delete(command: DeleteFlag, view: View) -> Plan:
    """The flag as the sources have it, or none."""
    key = _key(command)
    view.need_flag(command.flag_set, command.flag_key)
    if view.entry(key) is None:
        source = source_of(view, key)
        raise Invalid(
            f"flag `{command.flag_key}` stands in {source} and nowhere else: remove it there;"
            " until then, kill it or switch it off"
        )
    return Plan("flag.delete", change_to(view, key, None), (About(*key),))


def flag_change(view: View, key: EntryKey, document: Document) -> tuple[Change, ...]:
    """The change that makes a flag such; what equals the flag beneath is no entry."""
    beneath = view.beneath.flag(key.flag_set, key.flag_key)
    if beneath is not None:
        flag = read_flag(key, document)
        if flag is not None and fingerprint(render_flag(flag)) == fingerprint(render_flag(beneath)):
            return change_to(view, key, None)
    return change_to(view, key, document)


def source_of(view: View, key: EntryKey) -> str:
    """The file, or else the source, that a flag beneath comes from."""
    flag = view.beneath.flag(key.flag_set, key.flag_key)
    origin = None if flag is None else flag.origin
    return "no source" if origin is None else origin.file or origin.source or "a source"


def _key(command: CreateFlag | ReplaceFlag | PatchFlag | ToggleFlag | DeleteFlag) -> EntryKey:
    return EntryKey(command.flag_set, "flag", command.flag_key)
