"""Overrides, kills, resets and rollbacks."""

from __future__ import annotations

import pytest

from burgee.instant import instant_text
from burgeed.authority.principal import Principal, Restriction
from burgeed.control.commands import (
    ClearScope,
    Command,
    KillFlag,
    OverrideItem,
    ResetScope,
    ReviveFlag,
    RollBack,
    SetOverrides,
)
from burgeed.control.errors import Invalid, NotAllowed, NotFound
from burgeed.control.permission import check_principal
from tests.daemon.control.views import NOW, after, faults, flag, kill, override, planned, view_of

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


def setting(
    *items: tuple[str, str, str, object], merge: bool = False, must_exist: bool = False
) -> SetOverrides:
    made = (OverrideItem(level, scope, key, document, merge) for level, scope, key, document in items)  # type: ignore[arg-type]
    return SetOverrides("", tuple(made), must_exist)


def test_a_scalar_is_stored_in_the_long_form() -> None:
    view = view_of(FILE)
    assert after(setting(("customer", "c-1", "a", "on")), view) == {
        override("customer", "c-1", "a"): {"variant": "on"}
    }
    assert after(KillFlag("", "a", "off"), view) == {kill("a"): {"variant": "off"}}  # type: ignore[arg-type]


def test_many_are_set_and_removed_at_once() -> None:
    view = view_of(FILE, {override("customer", "c-1", "a"): {"variant": "on"}})
    plan, _ = planned(
        setting(
            ("customer", "c-1", "a", None), ("customer", "c-2", "a", "on"), ("customer", "c-3", "a", None)
        ),
        view,
    )
    assert plan.action == "batch"
    assert [(each.key.scope, each.after) for each in plan.changes] == [
        ("c-1", None),
        ("c-2", {"variant": "on"}),
    ]


def test_one_fault_refuses_all_and_every_fault_is_told() -> None:
    command = setting(
        ("customer", "c-1", "a", "on"),
        ("custmer", "c-1", "a", "on"),
        ("customer", "c-1", "aa", "on"),
        ("customer", "c-2", "a", "onn"),
        ("customer", "c-3", "a", True),
        ("customer", "c-4", "o", {"patch": {"n": {"z": 1}}}),
        ("customer", "c-5", "a", {"value": 3}),
        ("customer", "", "a", "on"),
    )
    found = faults(command, view_of(FILE))
    assert found["overrides.custmer"] == ("unknown level `custmer`", "did you mean `customer`?")
    assert found["overrides.customer.c-1.aa"] == ("unknown flag `aa`", "did you mean `a`?")
    assert found["overrides.customer.c-2.a.variant"] == ("unknown variant `onn`", "did you mean `on`?")
    assert "name a variant: on" in found["overrides.customer.c-3.a"][1]
    assert "there is no such leaf" in found["overrides.customer.c-4.o.patch.n.z"][0]
    assert "overrides.customer.c-5.a.value" in found
    assert 'overrides.customer[""]' in found
    assert len(found) == 7


def test_an_override_of_a_flag_is_refused_where_there_is_no_flag_at_all() -> None:
    assert faults(setting(("customer", "c-1", "a", "on")), view_of(None))


def test_the_same_override_twice_is_refused() -> None:
    assert faults(setting(("customer", "c-1", "a", "on"), ("customer", "c-1", "a", None)), view_of(FILE))


def test_a_merge_is_laid_onto_what_was_set_at_run_time() -> None:
    view = view_of(FILE, {override("customer", "c-1", "a"): {"variant": "on", "note": "pilot"}})
    merged = after(setting(("customer", "c-1", "a", {"note": None, "variant": "off"}), merge=True), view)
    assert merged == {override("customer", "c-1", "a"): {"variant": "off"}}
    fresh = after(setting(("customer", "c-9", "a", {"variant": "off"}), merge=True), view)
    assert fresh == {override("customer", "c-9", "a"): {"variant": "off"}}


def test_removing_what_was_not_set_is_nothing_or_not_found_as_asked() -> None:
    view = view_of(FILE)
    assert after(setting(("customer", "c-9", "a", None)), view) == {}
    with pytest.raises(NotFound, match="taken back by inheriting"):
        planned(setting(("customer", "c-9", "a", None), must_exist=True), view)


@pytest.mark.parametrize(
    ("level", "flag_key", "words"),
    [
        ("custmer", "o", "there is no level `custmer`; did you mean `customer`?"),
        ("customer", "oo", "there is no flag `oo`"),
    ],
)
def test_removing_what_cannot_be_there_says_what_there_is(level: str, flag_key: str, words: str) -> None:
    with pytest.raises(NotFound) as refused:
        planned(setting((level, "c-1", flag_key, None), must_exist=True), view_of(FILE))
    assert words in str(refused.value)


def test_a_lock_above_and_a_window_that_is_over_and_a_kill_are_told() -> None:
    over = {"variant": "on", "until": instant_text(NOW)}
    _, warnings = planned(
        setting(("customer", "c-1", "a", over), ("customer", "c-1", "o", "x")), view_of(FILE)
    )
    assert any("locked for organization `acme`" in each for each in warnings)
    assert any("its window is over" in each for each in warnings)
    assert any("flag `o` is killed" in each for each in warnings)
    assert len(warnings) == 3


def test_a_lock_whose_window_is_over_is_not_told() -> None:
    entries = {
        override("organization", "b", "a"): {"variant": "off", "lock": True, "until": instant_text(NOW)}
    }
    _, warnings = planned(setting(("customer", "c-1", "a", "on")), view_of({"flags": {"a": {}}}, entries))
    assert warnings == ()


@pytest.mark.parametrize(
    "command",
    [
        RollBack(0, "", level="custumer", scope="c-1"),
        ClearScope("", "custumer", "c-1"),
        ResetScope("", "custumer", "c-1"),
    ],
)
def test_a_level_that_there_is_not_is_no_scope_where_nothing_is_set(command: Command) -> None:
    with pytest.raises(NotFound, match="did you mean `customer`"):
        planned(command, view_of(FILE))
    then = {override("custumer", "c-1", "a"): {"variant": "on"}}
    if isinstance(command, RollBack):
        assert planned(command, view_of(FILE, then))[0].changes
    else:
        planned(command, view_of(FILE, then))


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (
            RollBack(3, "", level="customer", scope="c-99"),
            "nothing is set at run time for customer `c-99`, and",
        ),
        (RollBack(3, "", "a"), "nothing is set at run time for flag `a`, and nothing was then"),
        (RollBack(3), "nothing is set at run time, and nothing was then"),
        (ClearScope("", "customer", "c-99"), "nothing is set at run time for customer `c-99`"),
        (ResetScope("", "customer", "c-99"), "no layer has an override for customer `c-99`"),
    ],
)
def test_whoever_names_a_scope_of_which_nothing_is_known_is_told_so(command: Command, says: str) -> None:
    plan, _ = planned(command, view_of(FILE))
    assert plan.changes == () and plan.warnings[0].startswith(says)


def test_a_restricted_principal_is_judged_by_every_change() -> None:
    view = view_of(FILE)
    changes = planned(setting(("customer", "c-1", "a", "on"), ("organization", "b", "a", "on")), view)[
        0
    ].changes
    with pytest.raises(NotAllowed):
        check_principal(changes, Principal("w", "token", restriction=Restriction(levels=("customer",))))
    check_principal(changes, Principal("w", "token", restriction=Restriction(flag_prefixes=("a",))))


def test_a_reset_inherits_where_a_source_has_one_and_removes_elsewhere() -> None:
    view = view_of(
        FILE,
        {
            override("customer", "c-9", "a"): {"variant": "off"},
            override("customer", "c-9", "o"): {"variant": "x"},
        },
    )
    assert after(ResetScope("", "customer", "c-9"), view) == {
        override("customer", "c-9", "a"): {"inherit": True},
        override("customer", "c-9", "o"): None,
    }
    assert after(ResetScope("", "customer", "c-9", "o"), view) == {override("customer", "c-9", "o"): None}
    assert after(ResetScope("", "customer", "c-1", "a"), view) == {}
    with pytest.raises(NotFound):
        planned(ResetScope("", "customer", "c-1", "zzz"), view)


def test_clearing_a_scope_takes_back_only_what_was_set_for_it() -> None:
    view = view_of(
        FILE,
        {
            override("customer", "c-9", "a"): {"variant": "off"},
            override("customer", "c-8", "a"): {"variant": "off"},
            kill("a"): {"variant": "off"},
        },
    )
    assert after(ClearScope("", "customer", "c-9"), view) == {override("customer", "c-9", "a"): None}


def test_a_kill_names_a_variant_or_the_code_default_and_never_revives() -> None:
    view = view_of(FILE)
    assert after(KillFlag("", "a", {"code_default": True, "note": "incident"}), view)
    assert faults(KillFlag("", "a", {"variant": "onn"}), view)["kill.a.variant"][1] == "did you mean `on`?"
    assert "revive" in faults(KillFlag("", "a", {"revive": True}), view)
    with pytest.raises(NotFound):
        planned(KillFlag("", "zzz", {"variant": "on"}), view)


def test_a_kill_of_a_file_is_revived_by_covering_it() -> None:
    assert after(ReviveFlag("", "o"), view_of(FILE)) == {kill("o"): {"revive": True}}
    view = view_of(FILE, {kill("o"): {"variant": "x"}, kill("a"): {"variant": "on"}})
    assert after(ReviveFlag("", "o"), view) == {kill("o"): {"revive": True}}
    assert after(ReviveFlag("", "a"), view) == {kill("a"): None}
    assert after(ReviveFlag("", "a"), view_of(FILE)) == {}
    assert after(ReviveFlag("", "o"), view_of(FILE, {kill("o"): {"revive": True}})) == {}


PRESENT = {
    flag("c"): {"defaultVariant": "on"},
    kill("c"): {"variant": "off"},
    override("customer", "c-1", "c"): {"variant": "on"},
    override("customer", "c-1", "a"): {"variant": "on"},
    override("customer", "c-2", "a"): {"variant": "on"},
}
THEN = {flag("c"): {"defaultVariant": "off"}, override("customer", "c-2", "a"): {"variant": "off"}}


def test_a_flag_is_rolled_back_with_its_kill_and_its_overrides() -> None:
    assert after(RollBack(3, "", "c"), view_of(FILE, PRESENT), THEN) == {
        flag("c"): {"defaultVariant": "off"},
        kill("c"): None,
        override("customer", "c-1", "c"): None,
    }


def test_a_scope_is_rolled_back_alone() -> None:
    view = view_of(FILE, PRESENT)
    assert after(RollBack(3, "", level="customer", scope="c-2"), view, THEN) == {
        override("customer", "c-2", "a"): {"variant": "off"}
    }


def test_everything_is_rolled_back() -> None:
    view = view_of(FILE, PRESENT)
    changed = after(RollBack(3), view, THEN)
    assert len(changed) == 5
    state = view.after(planned(RollBack(3), view, THEN)[0].changes).state
    assert {key: entry.document for key, entry in state.entries.items()} == THEN


def test_what_would_lead_nowhere_today_is_not_restored_and_is_named() -> None:
    then = {override("customer", "c-1", "gone"): {"variant": "on"}, kill("a"): {"variant": "red"}}
    found = faults(RollBack(3), view_of(FILE), then)
    assert set(found) == {"overrides.customer.c-1.gone", "kill.a.variant"}


def test_a_flag_rolled_back_under_what_names_its_newer_variant_is_refused() -> None:
    entries = {
        flag("c"): {"variants": {"x": "1", "y": "2"}},
        override("customer", "c-1", "c"): {"variant": "y"},
    }
    then = {flag("c"): {"variants": {"x": "1"}}, override("customer", "c-1", "c"): {"variant": "y"}}
    with pytest.raises(Invalid):
        planned(RollBack(3), view_of(None, entries), then)


def test_what_was_never_there_is_not_found_to_be_rolled_back() -> None:
    view = view_of({"metadata": {"flagSetId": "shop"}, "flags": {"a": {}}}, {flag("c", "shop"): {}})
    for command in (RollBack(3, "shp"), RollBack(3, "shop", "cc"), RollBack(3, "shp", level="x", scope="y")):
        with pytest.raises(NotFound):
            planned(command, view)
    assert after(RollBack(3, "shop", "a"), view) == {}
    assert after(RollBack(3, "gone", "x"), view, {flag("x", "gone"): {}}) == {flag("x", "gone"): {}}
