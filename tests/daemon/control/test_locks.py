"""Locked overrides of sources: who may put them out of force, and how."""

from __future__ import annotations

from typing import Any

import pytest

from burgee.definition import SourceDocument, read_layer
from burgeed.authority.principal import Principal, Scope
from burgeed.control.beneath import Beneath
from burgeed.control.commands import (
    DeleteFlag,
    OverrideItem,
    PatchFlag,
    ReplaceFlag,
    ResetScope,
    RollBack,
    SetOverrides,
    ToggleFlag,
)
from burgeed.control.errors import Invalid, Locked
from burgeed.control.permission import check_locks
from burgeed.control.planning.view import View
from tests.daemon.control.views import NOW, flag, override, planned, view_of

FILE = {
    "flags": {
        "a": {"defaultVariant": "off"},
        "o": {"variants": {"x": {"n": {"m": 1}}, "y": {"n": {"m": 2}}}, "defaultVariant": "x"},
    },
    "overrides": {
        "organization": {"acme": {"a": {"variant": "off", "lock": True}, "o": {"patch": {"n": {"m": 9}}}}},
        "customer": {"c-9": {"a": "on"}},
    },
    "kill": {"o": "y"},
}


def setting(scope: str, variant: str | None) -> SetOverrides:
    document = None if variant is None else {"variant": variant}
    return SetOverrides("", (OverrideItem("organization", scope, "a", document),))


def test_a_locked_override_of_a_source_yields_to_break_glass_only() -> None:
    view = view_of(FILE)
    writer = Principal("w", "token", frozenset({Scope.WRITE}))
    breaker = Principal("b", "token", frozenset({Scope.WRITE, Scope.BREAK_GLASS}))
    for command in (
        setting("acme", "on"),
        ResetScope("", "organization", "acme"),
        ResetScope("", "organization", "acme", "a"),
    ):
        changes = planned(command, view)[0].changes
        with pytest.raises(Locked, match=r"flags\.yaml") as refused:
            check_locks(changes, view, writer, "incident")
        assert refused.value.key == override("organization", "acme", "a")
        (broken,) = check_locks(changes, view, breaker, "incident")
        assert broken.told == "flag `a` is locked for organization `acme` in flags.yaml" and broken.is_new
    assert not check_locks(
        planned(ResetScope("", "organization", "acme", "o"), view)[0].changes, view, writer, ""
    )


@pytest.mark.parametrize("reason", ["", "  "])
def test_who_breaks_a_lock_says_why(reason: str) -> None:
    view = view_of(FILE)
    changes = planned(setting("acme", "on"), view)[0].changes
    breaker = Principal("b", "token", frozenset({Scope.WRITE, Scope.BREAK_GLASS}))
    with pytest.raises(Invalid, match="takes a reason") as refused:
        check_locks(changes, view, breaker, reason)
    assert [(fault.path, fault.remedy) for fault in refused.value.faults] == [
        (("reason",), "say why: `reason` in the query")
    ]


LOCKED_FLAG: dict[str, Any] = {
    "flags": {"banner": {"variants": {"red": "r", "blue": "b"}, "defaultVariant": "red"}},
    "overrides": {"organization": {"acme": {"banner": {"variant": "blue", "lock": True}}}},
}


WITHOUT_BLUE: dict[str, Any] = {"variants": {"red": "r", "green": "g"}, "defaultVariant": "red"}


WITH_BLUE: dict[str, Any] = {"variants": {"red": "R", "blue": "B"}, "defaultVariant": "blue"}


def test_a_flag_cannot_be_taken_from_beneath_a_lock_but_by_breaking_it() -> None:
    writer = Principal("w", "token", frozenset({Scope.WRITE}))
    breaker = Principal("b", "token", frozenset({Scope.WRITE, Scope.BREAK_GLASS}))
    view = view_of(LOCKED_FLAG)
    for command in (
        ReplaceFlag("", "banner", WITHOUT_BLUE),
        PatchFlag("", "banner", {"variants": {"blue": None}}),
        RollBack(3, "", "banner"),
    ):
        changes = planned(command, view, {flag("banner"): WITHOUT_BLUE})[0].changes
        with pytest.raises(Locked, match="it would lead nowhere: flag banner has no variant blue"):
            check_locks(changes, view, writer, "why")
        (broken,) = check_locks(changes, view, breaker, "why")
        assert (broken.lock, broken.by) == (override("organization", "acme", "banner"), flag("banner"))
    for harmless in (ReplaceFlag("", "banner", WITH_BLUE), ToggleFlag("", "banner")):
        assert not check_locks(planned(harmless, view)[0].changes, view, writer, "")


def test_a_flag_beneath_a_lock_that_leads_nowhere_or_is_covered_is_changed_by_any_writer() -> None:
    writer = Principal("w", "token", frozenset({Scope.WRITE}))
    nowhere = view_of(LOCKED_FLAG, {flag("banner"): WITHOUT_BLUE})
    other = {"variants": {"red": "r"}, "defaultVariant": "red"}
    assert not check_locks(planned(ReplaceFlag("", "banner", other), nowhere)[0].changes, nowhere, writer, "")
    covered = view_of(LOCKED_FLAG, {override("organization", "acme", "banner"): {"variant": "red"}})
    assert not check_locks(planned(ReplaceFlag("", "banner", other), covered)[0].changes, covered, writer, "")


def test_a_flag_whose_deletion_would_leave_a_lock_without_its_variant_is_not_deleted() -> None:
    above, _ = read_layer("above.yaml", [SourceDocument({"flags": {"banner": WITHOUT_BLUE}}, "above.yaml")])
    over_one = view_of(LOCKED_FLAG, {flag("banner"): WITH_BLUE})
    view = View(over_one.state, Beneath([*over_one.beneath.layers, above]), NOW)
    changes = planned(DeleteFlag("", "banner"), view)[0].changes
    with pytest.raises(Locked):
        check_locks(changes, view, Principal("w", "token", frozenset({Scope.WRITE})), "why")


def test_a_lock_that_is_broken_already_is_not_told_again() -> None:
    view = view_of(FILE, {override("organization", "acme", "a"): {"variant": "on"}})
    breaker = Principal("b", "token", frozenset({Scope.WRITE, Scope.BREAK_GLASS}))
    (broken,) = check_locks(planned(setting("acme", "off"), view)[0].changes, view, breaker, "why")
    assert not broken.is_new


def test_what_was_set_over_a_lock_is_taken_back_without_break_glass() -> None:
    view = view_of(FILE, {override("organization", "acme", "a"): {"variant": "on"}})
    changes = planned(setting("acme", None), view)[0].changes
    assert not check_locks(changes, view, Principal("w", "token", frozenset({Scope.WRITE})), "")
