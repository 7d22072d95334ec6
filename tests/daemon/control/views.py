"""Views to plan upon: a document of a source, and what was set over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from burgee.definition import SourceDocument, read_layer
from burgee.fault import path_text
from burgeed.control.beneath import Beneath
from burgeed.control.commands import Command
from burgeed.control.errors import Invalid
from burgeed.control.planning.plan import Plan
from burgeed.control.planning.verbs import plan
from burgeed.control.planning.view import View
from burgeed.control.protocol import State
from burgeed.control.validation import check
from burgeed.revisions.values import Document, Entry, EntryKey

NOW = 1_800_000_000.0


def flag(key: str, flag_set: str = "") -> EntryKey:
    return EntryKey(flag_set, "flag", key)


def kill(key: str, flag_set: str = "") -> EntryKey:
    return EntryKey(flag_set, "kill", key)


def override(level: str, scope: str, key: str, flag_set: str = "") -> EntryKey:
    return EntryKey(flag_set, "override", key, level, scope)


def view_of(
    document: Mapping[str, Any] | None, entries: Mapping[EntryKey, Document] | None = None, revision: int = 7
) -> View:
    layers = []
    if document is not None:
        layers.append(read_layer("flags.yaml", [SourceDocument(document, "flags.yaml")])[0])
    found = {key: Entry(key, each, revision) for key, each in (entries or {}).items()}
    return View(State(revision, found), Beneath(layers), NOW)


def planned(
    command: Command, view: View, earlier: Mapping[EntryKey, Document] | None = None
) -> tuple[Plan, tuple[str, ...]]:
    """The plan of a command that is valid, and all of its warnings."""
    then = {key: Entry(key, each, 1) for key, each in (earlier or {}).items()}
    found = plan(command, view, then)
    return found, found.warnings + check(found.changes, view, view.after(found.changes))


def after(
    command: Command, view: View, earlier: Mapping[EntryKey, Document] | None = None
) -> dict[EntryKey, Document | None]:
    """What each changed entry becomes."""
    return {change.key: change.after for change in planned(command, view, earlier)[0].changes}


def faults(
    command: Command, view: View, earlier: Mapping[EntryKey, Document] | None = None
) -> dict[str, tuple[str, str]]:
    """Path -> (message, remedy) of a command that is refused."""
    with pytest.raises(Invalid) as refused:
        planned(command, view, earlier)
    return {path_text(fault.path): (fault.message, fault.remedy) for fault in refused.value.faults}
