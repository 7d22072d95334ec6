"""Kills, and taking them back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burgee.fault import Fault
from burgeed.control.commands import KillFlag, ReviveFlag
from burgeed.control.errors import Invalid
from burgeed.control.planning.plan import Plan, change_to
from burgeed.control.planning.view import View
from burgeed.revisions.reading import About
from burgeed.revisions.values import EntryKey


def plan_kill(command: KillFlag, view: View) -> Plan:
    """A kill above every level, whichever layer the flag comes from."""
    key = EntryKey(command.flag_set, "kill", command.flag_key)
    view.need_flag(command.flag_set, command.flag_key)
    document: Any = command.document
    if isinstance(document, str):
        document = {"variant": document}
    if isinstance(document, Mapping) and "revive" in document:
        raise Invalid("a kill cannot be set to revive", [Fault("`revive` takes a kill back", ("revive",))])
    return Plan("kill", change_to(view, key, document), (About(*key),))


def plan_revive(command: ReviveFlag, view: View) -> Plan:
    """No kill; one of a source is covered by ``{revive: true}``."""
    key = EntryKey(command.flag_set, "kill", command.flag_key)
    if view.entry(key) is None:
        view.need_flag(command.flag_set, command.flag_key)
    is_beneath = view.beneath.kill(command.flag_set, command.flag_key) is not None
    after = {"revive": True} if is_beneath else None
    return Plan("revive", change_to(view, key, after), (About(*key),))
