"""Overrides that change nothing, or that lead nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.checks.checking import findings, serve, told


def idle(overrides: Any, *, flag: Any | None = None) -> list[str]:
    base = {"variants": {"a": {"n": 1}, "b": {"n": 1, "m": 2}}, "defaultVariant": "a"}
    found = told({"flags": {"f": {**base, **(flag or {})}}, "overrides": overrides})
    return [path for name, path in found if name == "redundant-override"]


def test_an_override_that_says_what_lies_beneath_changes_nothing() -> None:
    assert idle({"customer": {"c-1": {"f": "a"}, "c-2": {"f": "b"}}}) == ["overrides.customer.c-1.f"]
    assert idle({"environment": {"x": {"f": "b"}}, "customer": {"c-1": {"f": "b"}}}) == []


def test_an_override_with_rules_that_say_what_lies_beneath_changes_nothing() -> None:
    rules = {"rules": [serve("a", when={"plan": "pro"})]}
    assert idle({"customer": {"c-1": {"f": rules}}}) == ["overrides.customer.c-1.f"]
    assert idle({"customer": {"c-1": {"f": rules}}}, flag={"rules": [serve("b")]}) == []


def test_a_lock_changes_nothing_only_where_nothing_is_more_specific() -> None:
    lock = {"variant": "a", "lock": True}
    assert idle({"environment": {"x": {"f": lock}}}) == ["overrides.environment.x.f"]
    assert idle({"environment": {"x": {"f": lock}}, "customer": {"c-1": {"f": "b"}}}) == []


def test_a_patch_that_sets_what_every_variant_has_changes_nothing() -> None:
    assert idle({"customer": {"c-1": {"f": {"patch": {"n": 1}}}}}) == ["overrides.customer.c-1.f"]
    assert idle({"customer": {"c-1": {"f": {"patch": {"n": 2}}}}}) == []
    for says in ({"patch": {"n": 2}}, {"value": {"n": 2}}):
        beneath = {"environment": {"x": {"f": says}}}
        assert idle({**beneath, "customer": {"c-1": {"f": {"patch": {"n": 1}}}}}) == []


def test_an_override_that_repeats_the_layer_beneath_is_found_in_its_own_layer() -> None:
    flags = {"flags": {"f": {"defaultVariant": "off"}}, "overrides": {"customer": {"c-1": {"f": "on"}}}}
    again = {"overrides": {"customer": {"c-1": {"f": {"variant": "on", "note": "again"}}}}}
    (found,) = findings(flags, again)
    assert (found.check, found.source, found.fault.file) == ("redundant-override", "s1", "1.yaml")
    assert findings(flags, {"overrides": {"customer": {"c-1": {"f": {"variant": "on", "lock": True}}}}}) == []


def test_an_inherit_and_a_revive_with_nothing_beneath_change_nothing() -> None:
    flags = {"flags": {"f": {"rules": [serve("on", when={"x": 1})]}}}
    inherit = {"overrides": {"customer": {"c-1": {"f": {"inherit": True}}}}, "kill": {"f": {"revive": True}}}
    vain = [("redundant-override", "overrides.customer.c-1.f"), ("redundant-override", "kill.f")]
    assert told(flags, inherit) == vain
    set_beneath = {"overrides": {"customer": {"c-1": {"f": "on"}}}, "kill": {"f": "off"}}
    assert told(flags, set_beneath, inherit) == []
    assert told(flags, set_beneath, inherit, inherit) == vain
    assert [name for name, _ in told(flags, {"kill": {"f": "off"}}, inherit)] == ["redundant-override"]


@pytest.mark.parametrize(
    ("above", "path", "remedy"),
    [
        ({"overrides": {"customer": {"c": {"new-chekout": "on"}}}}, "new-chekout", "`new-checkout`?"),
        ({"overrides": {"customer": {"c": {"new-checkout": "onn"}}}}, "new-checkout", "`on`?"),
        ({"kill": {"new-chekout": "on"}}, "new-chekout", "`new-checkout`?"),
    ],
)
def test_what_leads_nowhere_across_layers_is_found_with_a_suggestion(
    above: Any, path: str, remedy: str
) -> None:
    base = {"flags": {"new-checkout": {"defaultVariant": "off", "rules": [serve("on", when={"x": 1})]}}}
    (found,) = findings(base, above)
    assert found.check == "inactive" and found.fault.path[-1] == path and remedy in found.fault.remedy


def test_an_override_on_a_level_that_the_hierarchy_lacks_is_found() -> None:
    hierarchy = [{"level": "tenant", "attribute": "tenant"}, {"level": "region", "attribute": "region"}]
    base = {"flags": {"f": {"rules": [serve("on", when={"x": 1})]}}, "hierarchy": hierarchy}
    assert told(base, {"overrides": {"customer": {"c-1": {"f": "on"}}}}) == [
        ("inactive", "overrides.customer.c-1.f")
    ]
