"""What is known of dependencies goes over to the next snapshot where it stays the same, and only there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from burgee import Snapshot, changes, compose, read
from burgee import dependencies as module
from burgee.dependencies import dependencies, dependencies_of_all, next_edge_of_all
from burgee.layer import Layer
from burgee.snapshot import Dependencies
from burgee.snapshot_bytes import read as read_bytes
from burgee.snapshot_bytes import write
from tests.core.snapshot_bytes.snapshots import relaxed, snapshots
from tests.support.strategies import documents

FLAGS = 300


def snapshot_of(*all_documents: Any) -> Snapshot:
    return compose([Layer(f"s{index}", (read(each),)) for index, each in enumerate(all_documents)])


def known(snapshot: Snapshot) -> dict[tuple[str, str], Dependencies]:
    return {
        (flag_set_id, key): depends
        for flag_set_id, flag_set in snapshot.flag_sets.items()
        for key, depends in flag_set.known_dependencies.items()
    }


@settings(relaxed, max_examples=30)
@given(documents(), documents(), documents())
def test_what_is_carried_over_is_what_would_be_collected(
    beneath: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
) -> None:
    before, after = snapshot_of(beneath, old), snapshot_of(beneath, new)
    next_edge_of_all(before, 0.0)
    changed = changes(before, after)
    carried, fresh = known(after), snapshot_of(beneath, new)
    assert {key for _, key in carried} == fresh.flag_sets[""].flags.keys() - changed
    for (flag_set_id, key), depends in carried.items():
        assert depends == dependencies(fresh.flag_sets[flag_set_id], key)
        assert depends is before.flag_sets[flag_set_id].known_dependencies[key]


@relaxed
@given(snapshots(), snapshots())
def test_changes_between_bytes_are_those_between_what_was_written(old: Snapshot, new: Snapshot) -> None:
    before, after = read_bytes(write(old).data), read_bytes(write(new).data)
    found = changes(old, new)
    assert changes(before, after) == changes(before, new) == changes(old, after) == found
    assert changes(after, read_bytes(write(new).data)) == frozenset()


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    keys: list[str] = []
    collect = module._Collector.collect

    def noted(self: Any, flag_key: str) -> Dependencies:
        keys.append(flag_key)
        return collect(self, flag_key)

    monkeypatch.setattr(module._Collector, "collect", noted)
    yield keys


def many(version: str, **changed: Any) -> dict[str, Any]:
    flags: dict[str, Any] = {f"f{number}": {"defaultVariant": "off"} for number in range(FLAGS)}
    flags["f1"] = {"defaultVariant": "off", "requires": {"f0": "on"}}
    flags["f2"] = {"rules": [{"when": {"segment": "pros"}, "serve": "on"}], "defaultVariant": "off"}
    segments = {"pros": {"plan": "pro"}, "others": {"plan": "free"}}
    document = {"metadata": {"version": version}, "flags": flags, "segments": segments}
    for name, each in changed.items():
        document[name] = {**document.get(name, {}), **each}
    return document


@pytest.mark.parametrize(
    ("changed", "anew"),
    [
        ({"flags": {"f9": {"defaultVariant": "on"}}}, {"f9"}),
        ({"flags": {"f0": {"defaultVariant": "on"}}}, {"f0", "f1"}),
        ({"segments": {"pros": {"plan": "max"}}}, {"f2"}),
        ({"kill": {"f0": "on"}}, {"f0", "f1"}),
        ({"overrides": {"customer": {"c": {"f3": "on"}}}}, {"f3"}),
        ({"flags": {"new": {"defaultVariant": "on"}}}, {"new"}),
        ({}, set()),
    ],
    ids=lambda given: str(sorted(given)),
)
def test_a_small_change_has_only_what_it_touches_collected_anew(
    changed: dict[str, Any], anew: set[str], collected: list[str]
) -> None:
    before, after = snapshot_of(many("1")), snapshot_of(many("2", **changed))
    next_edge_of_all(before, 0.0)
    assert len(collected) == FLAGS
    collected.clear()
    # The version is in the metadata of every answer, so that all answers change; dependencies do not.
    assert changes(before, after) >= before.flag_sets[""].flags.keys()
    assert len(list(dependencies_of_all(after.flag_sets[""]))) == len(after.flag_sets[""].flags)
    assert set(collected) == anew
    assert len(collected) == len(anew)


def test_another_hierarchy_has_everything_collected_anew() -> None:
    hierarchy = [{"level": "customer", "attribute": "account"}]
    override = {"customer": {"c": {"f3": "on"}}}
    before = snapshot_of(many("1", overrides=override))
    after = snapshot_of({**many("1", overrides=override), "hierarchy": hierarchy})
    assert dependencies(before.flag_sets[""], "f3").attributes == {"customer"}
    changes(before, after)
    assert known(after) == {}
    assert dependencies(after.flag_sets[""], "f3").attributes == {"account"}
