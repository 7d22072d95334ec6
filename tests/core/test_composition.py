"""Composing layers: what covers, what uncovers, what is inactive, and what counts as a change."""

from __future__ import annotations

from typing import Any

import pytest

from burgee import Snapshot, changes, compose, evaluate, read
from burgee.layer import Layer
from burgee.resolution import Reason
from burgee.selector import Selector
from burgee.snapshot import FlagSet
from burgee.snapshot_bytes import read as read_bytes
from burgee.snapshot_bytes import write

FLAGS: dict[str, Any] = {
    "segments": {"staff": {"email": {"ends_with": "@example.com"}}, "insiders": {"segment": "staff"}},
    "flags": {
        "checkout": {"defaultVariant": "off", "rules": [{"when": {"segment": "insiders"}, "serve": "on"}]},
        "billing": {"defaultVariant": "on"},
        "invoices": {"defaultVariant": "off", "requires": {"billing": "on"}},
        "layout": {"variants": {"a": {"dark": False}}, "defaultVariant": "a"},
    },
    "overrides": {"organization": {"acme": {"checkout": "on"}}},
    "kill": {"billing": "off"},
}


def composed(*documents: Any) -> Snapshot:
    return compose([Layer(f"layer {index}", (read(each),)) for index, each in enumerate(documents)])


def value(snapshot: Snapshot, key: str, **context: Any) -> Any:
    return evaluate(snapshot, key, context, now=0).value


def test_an_override_of_a_higher_layer_covers_one_of_a_lower() -> None:
    above = {"overrides": {"organization": {"acme": {"checkout": "off"}}}}
    assert value(composed(FLAGS, above), "checkout", organization="acme") is False
    assert value(composed(FLAGS), "checkout", organization="acme") is True


def test_inherit_uncovers_what_lies_beneath_the_scope() -> None:
    above = {"overrides": {"organization": {"acme": {"checkout": {"inherit": True}}}}}
    assert value(composed(FLAGS, above), "checkout", organization="acme") is False


@pytest.mark.parametrize("in_bytes", [False, True])
def test_a_flag_changed_at_run_time_stays_its_source_s_to_a_selector(in_bytes: bool) -> None:
    changed = {"flags": {"layout": {"defaultVariant": "on"}, "made": {"defaultVariant": "on"}}}
    layers = [
        Layer("file", (read(FLAGS, source="file"),)),
        Layer("admin", (read(changed, source="admin"),), stands_for_others=True),
    ]
    snapshot = compose(layers)
    if in_bytes:
        snapshot = read_bytes(write(snapshot).data)

    def selected(source: str) -> set[str]:
        selector = Selector(source=source)
        return {key for key in ("layout", "checkout", "made") if snapshot.candidates(key, selector)}

    assert selected("file") == {"layout", "checkout"}
    assert selected("admin") == {"made"}
    assert snapshot.flag_sets[""].flags["layout"].origin.source == "admin"


def test_a_file_s_flag_that_covers_another_file_s_is_its_own_to_a_selector() -> None:
    snapshot = composed(FLAGS, {"flags": {"layout": {"defaultVariant": "on"}}})
    assert snapshot.flag_sets[""].flags["layout"].covers == ""


def test_revive_lifts_a_kill_of_a_lower_layer() -> None:
    assert value(composed(FLAGS), "billing") is False
    assert value(composed(FLAGS, {"kill": {"billing": {"revive": True}}}), "billing") is True


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ({"checkout": "dim"}, "no variant dim"),
        ({"gone": "on"}, "no flag gone"),
        ({"layout": {"patch": {"light": True}}}, "no such leaf"),
        ({"layout": {"patch": {"dark": "yes"}}}, "the leaf is a boolean"),
        ({"billing": {"value": "yes"}}, "the flag's type is boolean"),
        ({"checkout": {"rules": [{"serve": "dim"}]}}, "no variant dim"),
    ],
)
def test_an_override_that_leads_nowhere_across_layers_is_inactive_and_says_why(
    override: Any, why: str
) -> None:
    snapshot = composed(FLAGS, {"overrides": {"customer": {"c": override}}})
    (inactive,) = snapshot.inactive
    assert why in inactive.why
    assert value(snapshot, "checkout", customer="c") is False


def test_a_kill_that_leads_nowhere_is_inactive() -> None:
    snapshot = composed(FLAGS, {"kill": {"checkout": "dim"}})
    assert [inactive.level for inactive in snapshot.inactive] == ["kill"]


def test_a_changed_segment_changes_the_flags_that_use_it_indirectly() -> None:
    above = {"segments": {"staff": {"email": {"ends_with": "@example.org"}}}}
    assert changes(composed(FLAGS), composed(FLAGS, above)) == {"checkout"}


def test_a_changed_flag_changes_the_flags_that_require_it() -> None:
    above = {"kill": {"billing": {"revive": True}}}
    assert changes(composed(FLAGS), composed(FLAGS, above)) == {"billing", "invoices"}


def test_true_for_one_is_a_change_though_python_holds_them_equal() -> None:
    one, true = {"flags": {"a": {"variants": {"x": 1}}}}, {"flags": {"a": {"variants": {"x": True}}}}
    assert changes(composed(one), composed(true)) == {"a"}


def test_a_note_is_no_change() -> None:
    noted = {
        **FLAGS,
        "flags": {**FLAGS["flags"], "billing": {"defaultVariant": "on", "description": "money"}},
    }
    assert changes(composed(FLAGS), composed(noted)) == frozenset()


def test_changed_metadata_of_the_set_changes_every_flag_of_it() -> None:
    versioned = {**FLAGS, "metadata": {"version": "2"}}
    assert changes(composed(FLAGS), composed(versioned)) == FLAGS["flags"].keys()


def test_prerequisites_in_a_circle_that_no_document_could_hold_count_as_unmet() -> None:
    one = read({"flags": {"a": {"defaultVariant": "off", "requires": {"b": "on"}}, "b": {}}})
    two = read({"flags": {"b": {"defaultVariant": "off", "requires": {"a": "on"}}, "a": {}}})
    flags = {"a": one.flags["a"], "b": two.flags["b"]}
    answer = evaluate(Snapshot(flag_sets={"": FlagSet(flags=flags)}), "a", {}, now=0)
    assert (answer.variant, answer.metadata["burgee.requires"]) == ("off", "b")


def test_a_wide_net_of_prerequisites_is_asked_once_each() -> None:
    flags: dict[str, Any] = {
        "f0": {"defaultVariant": "on"},
        "f1": {"defaultVariant": "on", "requires": {"f0": "on"}},
    }
    for number in range(2, 31):
        required = {f"f{number - 1}": "on", f"f{number - 2}": "on"}
        flags[f"f{number}"] = {"defaultVariant": "on", "requires": required}
    assert evaluate(composed({"flags": flags}), "f30", {}, now=0).variant == "on"


def test_a_key_in_two_flag_sets_needs_a_selector() -> None:
    sets = [
        {"metadata": {"flagSetId": name}, "flags": {"a": {"defaultVariant": "on"}}} for name in ("x", "y")
    ]
    answer = evaluate(composed(*sets), "a", {}, now=0)
    assert (answer.reason, "selector" in answer.error_message) == (Reason.ERROR, True)


def test_the_first_snapshot_changes_every_flag() -> None:
    assert changes(Snapshot(), composed(FLAGS)) == FLAGS["flags"].keys()
