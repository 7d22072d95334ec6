"""What `explain` says of overrides and kills that lead nowhere, of attributes, of branches of targeting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from burgee import compose, evaluate, explain, read
from burgee.errors import SnapshotError
from burgee.explanation import Rung
from burgee.fault import path_text
from burgee.generation import Generation
from burgee.layer import Layer
from burgee.snapshot import Snapshot
from burgee.snapshot_bytes import read as read_bytes
from burgee.snapshot_bytes import write

NOW = 1.7e9
BASE = {
    "flags": {
        "limit": {"variants": {"low": 1, "high": 2}, "defaultVariant": "low"},
        "ui": {"variants": {"a": {"dark": False}}, "defaultVariant": "a"},
    }
}
TOP = {
    "overrides": {
        "organization": {
            "acme": {"limit": "hihg"},
            "globex": {"ui": {"value": 7}},
        },
        "environment": {"prod": {"limit": "lwo"}},
        "team": {"blue": {"limit": "high"}},
    },
    "kill": {"limit": "off"},
}


def snapshot_of(*documents: Any) -> Snapshot:
    layers = [
        Layer(f"s{index}", (read(each, source=f"s{index}", file=f"{index}.yaml"),))
        for index, each in enumerate(documents)
    ]
    return compose(layers, generation=Generation("test", 1))


def written_and_read(snapshot: Snapshot) -> Snapshot:
    return read_bytes(write(snapshot).data)


def rung(snapshot: Snapshot, name: str, flag: str, context: Any) -> Rung:
    return next(each for each in explain(snapshot, flag, context, now=NOW).rungs if each.name == name)


@pytest.mark.parametrize("carried", [lambda snapshot: snapshot, written_and_read], ids=["composed", "read"])
@pytest.mark.parametrize(
    ("name", "flag", "context", "detail", "where"),
    [
        (
            "organization",
            "limit",
            {"organization": "acme"},
            'the override for "acme" is inactive: flag limit has no variant hihg',
            "overrides.organization.acme.limit",
        ),
        (
            "organization",
            "ui",
            {"organization": "globex"},
            'the override for "globex" is inactive: its value is an integer, the flag\'s type is object',
            "overrides.organization.globex.ui",
        ),
        (
            "environment",
            "limit",
            {"environment": "prod"},
            'the override for "prod" is inactive: flag limit has no variant lwo',
            "overrides.environment.prod.limit",
        ),
        (
            "team",
            "limit",
            {"team": "blue"},
            'the override for "blue" is inactive: the hierarchy has no level team',
            "overrides.team.blue.limit",
        ),
        ("kill", "limit", {}, "the kill is inactive: flag limit has no variant off", "kill.limit"),
    ],
)
def test_what_leads_nowhere_across_layers_is_told_with_its_reason_and_its_place(
    carried: Callable[[Snapshot], Snapshot], name: str, flag: str, context: Any, detail: str, where: str
) -> None:
    levels = [{"level": each, "attribute": each} for each in ("organization", "environment", "team")]
    snapshot = snapshot_of(BASE, {**TOP, "hierarchy": levels}, {"hierarchy": levels[:2]})
    found = rung(carried(snapshot), name, flag, context)
    assert (found.outcome, found.detail, found.winner) == ("passes", detail, False)
    assert found.origin is not None
    assert (found.origin.source, path_text(found.origin.path)) == ("s1", where)


def test_what_is_inactive_is_told_to_nobody_whom_it_is_not_for() -> None:
    snapshot = snapshot_of(BASE, {"overrides": {"organization": {"acme": {"limit": "hihg"}}}})
    for level, flag, scope in (
        ("organization", "limit", "other"),
        ("organization", "ui", "acme"),
        ("customer", "limit", "acme"),
    ):
        assert rung(snapshot, level, flag, {level: scope}).detail == "no override of this flag"


def test_an_active_override_goes_before_what_is_said_of_inactive_ones() -> None:
    snapshot = snapshot_of(BASE, {"overrides": {"organization": {"globex": {"limit": "high"}}}})
    assert rung(snapshot, "organization", "limit", {"organization": "globex"}).winner


def test_damage_in_what_is_inactive_changes_no_explained_answer() -> None:
    class Damaged(tuple[Any, ...]):
        def __iter__(self) -> Any:
            raise SnapshotError("format", "damaged")

    snapshot = replace(snapshot_of(BASE), inactive=Damaged())
    assert explain(snapshot, "limit", {}, now=NOW).resolution == evaluate(snapshot, "limit", {}, now=NOW)


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({}, "the context has no org"),
        ({"org": None}, "the context has no org"),
        ({"org": 7.0}, "org is 7.0, which is no scope"),
        ({"org": True}, "org is true, which is no scope"),
        ({"org": ""}, 'org is "", which is no scope'),
        ({"org": ["acme"]}, "org is a list, which is no scope"),
        ({"org": "other"}, 'no override for "other"'),
    ],
)
def test_an_attribute_that_does_not_do_is_told_from_one_that_is_absent(given: Any, detail: str) -> None:
    hierarchy = {"hierarchy": [{"level": "organization", "attribute": "org"}]}
    document = {**BASE, **hierarchy, "overrides": {"organization": {"acme": {"limit": "high"}}}}
    assert rung(snapshot_of(document), "organization", "limit", given).detail == detail


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({}, "the context has no account"),
        ({"account": 1.5}, "account is 1.5, which is nothing to divide by"),
    ],
)
def test_what_cannot_be_divided_by_is_told_from_what_is_absent(given: Any, detail: str) -> None:
    rule = {"name": "shares", "split": {"on": 1, "off": 1}, "by": "account"}
    found = rung(snapshot_of({"flags": {"f": {"rules": [rule]}}}), "rule shares", "f", given)
    assert found.detail == detail


TARGETING = {
    "if": [
        {"==": [{"var": "plan"}, "pro"]},
        "on",
        {"==": [{"var": "plan"}, "free"]},
        {"?:": [{"var": "beta"}, "on", "off"]},
        {"==": [{"var": "plan"}, "odd"]},
        "onn",
    ]
}


@pytest.mark.parametrize(
    ("context", "way", "detail"),
    [
        ({"plan": "pro"}, ("if", 1), "if[1]: targeting gives on"),
        ({"plan": "free", "beta": True}, ("if", 3, "?:", 1), 'if[3]["?:"][1]: targeting gives on'),
        ({"plan": "free"}, ("if", 3, "?:", 2), 'if[3]["?:"][2]: targeting gives off'),
        ({}, (), "targeting gives null, since no condition holds"),
        ({"plan": "odd"}, ("if", 5), 'if[5]: targeting of flag "f" gives "onn", which is no variant of it'),
    ],
)
def test_the_branch_that_answers_is_told_with_its_place(context: Any, way: Any, detail: str) -> None:
    flag = {"variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": TARGETING}
    found = rung(snapshot_of({"flags": {"f": flag}}), "targeting", "f", context)
    assert found.detail == detail
    assert found.origin is not None
    assert found.origin.path == ("flags", "f", "targeting", *way)
