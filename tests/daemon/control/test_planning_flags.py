"""Flags: created, replaced, patched, deleted, toggled, rolled out."""

from __future__ import annotations

import pytest

from burgeed.control.commands import (
    CreateFlag,
    DeleteFlag,
    PatchFlag,
    ReplaceFlag,
    SetRollout,
    ToggleFlag,
)
from burgeed.control.errors import AlreadyExists, Invalid, NotFound
from burgeed.revisions.documents import UnfitDocument
from tests.daemon.control.views import after, faults, flag, kill, override, planned, view_of

FILE = {"flags": {"a": {"defaultVariant": "off"}, "b": {"defaultVariant": "on", "requires": {"a": "on"}}}}
TEXT = {"variants": {"red": "r", "blue": "b"}, "defaultVariant": "red"}


def test_a_flag_that_no_layer_has_is_created() -> None:
    plan, warnings = planned(CreateFlag("", "c", TEXT), view_of(FILE))
    assert plan.action == "flag.create"
    assert [(each.key, each.before, each.after) for each in plan.changes] == [(flag("c"), None, TEXT)]
    assert warnings == ()


@pytest.mark.parametrize("view", [view_of(FILE), view_of(None, {flag("a"): TEXT})])
def test_a_flag_that_is_there_in_any_layer_is_not_created(view: object) -> None:
    with pytest.raises(AlreadyExists):
        planned(CreateFlag("", "a", TEXT), view)  # type: ignore[arg-type]


def test_a_flag_set_that_there_is_not_is_refused_with_the_nearest_name() -> None:
    view = view_of({"metadata": {"flagSetId": "shop"}, **FILE})
    with pytest.raises(NotFound, match="did you mean `shop`"):
        planned(CreateFlag("shp", "c", TEXT), view)


def test_the_first_flag_of_all_makes_its_flag_set() -> None:
    assert after(CreateFlag("shop", "c", TEXT), view_of(None)) == {flag("c", "shop"): TEXT}


def test_a_faulty_flag_is_refused_with_every_fault_and_the_nearest_name() -> None:
    document = {"variants": {"on": True, "off": False}, "defaultVariant": "onn", "descripton": "x"}
    found = faults(CreateFlag("", "c", document), view_of(FILE))
    assert found["flags.c.defaultVariant"] == ("unknown variant `onn`", "did you mean `on`?")
    assert found["flags.c.descripton"] == ("unknown field `descripton`", "did you mean `description`?")


def test_a_flag_may_require_flags_and_name_segments_of_the_sources() -> None:
    file = {**FILE, "segments": {"nordic": {"country": "SE"}}}
    document = {"requires": {"a": "on"}, "rules": [{"when": {"segment": "nordic"}, "serve": "on"}]}
    assert after(CreateFlag("", "c", document), view_of(file)) == {flag("c"): document}


def test_a_reference_that_leads_nowhere_in_any_layer_is_refused() -> None:
    document = {
        "requires": {"aa": "on", "a": "onn"},
        "rules": [{"when": {"segment": "nrdic"}, "serve": "on"}],
    }
    view = view_of({**FILE, "segments": {"nordic": {"country": "SE"}}})
    assert faults(CreateFlag("", "c", document), view) == {
        "flags.c.requires.aa": ("unknown flag `aa`", "did you mean `a`?"),
        "flags.c.requires.a": ("unknown variant `onn`", "did you mean `on`?"),
        "flags.c.rules[0].when.segment": ("unknown segment `nrdic`", "did you mean `nordic`?"),
    }


def test_a_circle_of_requirements_over_two_layers_is_refused() -> None:
    found = faults(PatchFlag("", "a", {"requires": {"b": "on"}}), view_of(FILE))
    assert any("leads back to itself" in message for message, _ in found.values())


def test_replacing_a_flag_of_a_file_covers_it_and_says_so() -> None:
    plan, warnings = planned(ReplaceFlag("", "a", {"defaultVariant": "on"}), view_of(FILE))
    assert plan.action == "flag.update"
    assert plan.changes[0].before is None
    assert warnings == ("the flag is covered as a whole: later edits of `a` in flags.yaml have no effect",)


def test_a_covered_flag_that_comes_to_equal_the_files_goes() -> None:
    view = view_of(FILE, {flag("a"): {"defaultVariant": "on"}})
    same = {"variants": {"off": False, "on": True}, "defaultVariant": "off", "state": "ENABLED"}
    assert after(ReplaceFlag("", "a", same), view) == {flag("a"): None}


def test_a_value_of_another_kind_does_not_equal_the_files() -> None:
    view = view_of({"flags": {"n": {"variants": {"x": 1, "y": 2}}}})
    document = {"variants": {"x": 1.0, "y": 2}}
    assert after(ReplaceFlag("", "n", document), view) == {flag("n"): document}


def test_a_patch_is_laid_onto_the_flag_as_it_stands() -> None:
    view = view_of(FILE)
    assert after(PatchFlag("", "a", {"defaultVariant": "on", "owner": "me"}), view) == {
        flag("a"): {"variants": {"on": True, "off": False}, "defaultVariant": "on", "owner": "me"}
    }
    own = view_of(FILE, {flag("a"): {"owner": "me", "defaultVariant": "on"}})
    assert after(PatchFlag("", "a", {"owner": None}), own) == {flag("a"): {"defaultVariant": "on"}}


def test_what_changes_nothing_has_no_changes() -> None:
    view = view_of(FILE, {flag("c"): TEXT})
    assert after(ReplaceFlag("", "c", dict(TEXT)), view) == {}
    assert after(PatchFlag("", "a", {"defaultVariant": "off"}), view) == {}
    assert after(ToggleFlag("", "a", True), view) == {}


def test_toggling_a_flag_of_a_file_twice_leaves_nothing() -> None:
    off = after(ToggleFlag("", "a"), view_of(FILE))[flag("a")]
    assert off is not None
    assert off["state"] == "DISABLED"
    assert after(ToggleFlag("", "a"), view_of(FILE, {flag("a"): off})) == {flag("a"): None}


def test_toggling_a_flag_of_ones_own_sets_its_state() -> None:
    view = view_of(None, {flag("c"): {**TEXT, "state": "DISABLED"}})
    assert after(ToggleFlag("", "c"), view) == {flag("c"): {**TEXT, "state": "ENABLED"}}


def test_deleting_a_covering_flag_uncovers_the_files() -> None:
    view = view_of(FILE, {flag("a"): {"defaultVariant": "on"}})
    assert after(DeleteFlag("", "a"), view) == {flag("a"): None}


def test_a_flag_of_a_file_alone_is_not_deleted_and_the_remedy_is_told() -> None:
    with pytest.raises(Invalid, match=r"stands in flags\.yaml and nowhere else.*kill it or switch it off"):
        planned(DeleteFlag("", "a"), view_of(FILE))


def test_a_flag_that_there_is_not_is_not_found_with_the_nearest_name() -> None:
    view = view_of({"flags": {"new-checkout": {}}})
    for command in (
        DeleteFlag("", "new-chekout"),
        ToggleFlag("", "new-chekout"),
        PatchFlag("", "new-chekout", {}),
        SetRollout("", "new-chekout", None),
    ):
        with pytest.raises(NotFound, match="did you mean `new-checkout`"):
            planned(command, view)


def test_a_flag_that_overrides_and_kills_name_is_not_deleted_and_all_of_them_are_told() -> None:
    entries = {
        flag("c"): TEXT,
        kill("c"): {"variant": "red"},
        override("customer", "c-1", "c"): {"variant": "blue"},
        override("organization", "acme", "c"): {"inherit": True},
    }
    found = faults(DeleteFlag("", "c"), view_of(FILE, entries))
    assert set(found) == {"kill.c", "overrides.customer.c-1.c"}


def test_a_variant_that_an_override_names_is_not_dropped() -> None:
    entries = {flag("c"): TEXT, override("customer", "c-1", "c"): {"variant": "blue"}}
    found = faults(ReplaceFlag("", "c", {"variants": {"red": "r"}}), view_of(None, entries))
    assert "has no variant blue" in found["overrides.customer.c-1.c"][0]


def test_what_sources_lose_by_a_dropped_variant_is_told() -> None:
    file = {
        "flags": {"a": TEXT, "b": {"requires": {"a": "blue"}}},
        "overrides": {"customer": {"c-1": {"a": "blue"}}},
    }
    _, warnings = planned(ReplaceFlag("", "a", {"variants": {"red": "r"}}), view_of(file))
    assert any("override of a source for customer `c-1` becomes inactive" in each for each in warnings)
    assert any("flag `b` requires a: blue" in each for each in warnings)


def test_a_flag_that_claims_the_key_of_a_leaf_is_refused() -> None:
    file = {"flags": {"session": {"variants": {"on": {"phase": True}}, "leaves": True}}}
    assert faults(CreateFlag("", "session.phase", {}), view_of(file))


def test_a_document_that_json_cannot_carry_is_refused_before_anything_walks_into_it() -> None:
    deep: dict[str, object] = {}
    within = deep
    for _ in range(900):
        within["x"] = within = {}  # type: ignore[assignment]
    for document in (deep, {"metadata": {"x": float("nan")}}, {"metadata": {"x": 2**63}}):
        with pytest.raises(UnfitDocument):
            planned(PatchFlag("", "a", document), view_of(FILE))


def test_a_rollout_is_the_last_rule_and_another_takes_its_place() -> None:
    file = {"flags": {"a": {"rules": [{"when": {"beta": True}, "serve": "on"}], "defaultVariant": "off"}}}
    first = after(SetRollout("", "a", {"split": {"on": 10, "off": 90}}), view_of(file))[flag("a")]
    assert first is not None
    assert first["rules"][1:] == [{"name": "rollout", "split": {"on": 10, "off": 90}}]
    ramp = {"variant": "on", "start": "2027-01-01T00:00:00Z", "complete": "2027-01-02T00:00:00Z"}
    view = view_of(file, {flag("a"): first})
    second = after(SetRollout("", "a", {"ramp": ramp}), view)[flag("a")]
    assert second is not None
    assert second["rules"] == [first["rules"][0], {"name": "rollout", "ramp": ramp}]
    assert after(SetRollout("", "a", None), view) == {flag("a"): None}
    assert after(SetRollout("", "a", None), view_of(file)) == {}


def test_a_rollout_after_a_rule_for_everyone_is_told_to_reach_nobody() -> None:
    file = {"flags": {"a": {"rules": [{"name": "all", "serve": "on"}]}}}
    _, warnings = planned(SetRollout("", "a", {"split": {"on": 1, "off": 1}}), view_of(file))
    assert warnings[0] == "rule all answers everyone already: the rollout reaches nobody"


def test_a_rollout_says_one_thing_and_only_what_a_rollout_may() -> None:
    view = view_of(FILE)
    assert "" in faults(SetRollout("", "a", {"split": {"on": 1}, "ramp": {}}), view)
    assert faults(SetRollout("", "a", {"spilt": {"on": 1}}), view)["spilt"][1] == "did you mean `split`?"
    assert faults(SetRollout("", "a", {"split": {"onn": 1}}), view)["flags.a.rules[0].split.onn"][1]


def test_a_flag_with_targeting_has_no_place_for_a_rollout() -> None:
    view = view_of({"flags": {"a": {"targeting": {"if": [True, "on"]}}}})
    with pytest.raises(Invalid, match="fractional"):
        planned(SetRollout("", "a", {"split": {"on": 1}}), view)


@pytest.mark.parametrize("document", [None, 3, "on", [], True])
def test_what_is_no_mapping_is_no_flag_and_no_patch(document: object) -> None:
    view = view_of(FILE, {flag("c"): TEXT})
    for command in (
        CreateFlag("", "d", document),  # type: ignore[arg-type]
        ReplaceFlag("", "c", document),  # type: ignore[arg-type]
        PatchFlag("", "c", document),  # type: ignore[arg-type]
    ):
        with pytest.raises(Invalid):
            planned(command, view)
