"""What is read from a snapshot's bytes is what was written, and answers as it does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from burgee import Snapshot, evaluate, explain
from burgee.dependencies import dependencies, vary
from burgee.selector import Selector
from burgee.snapshot_bytes import read, write
from tests.core.snapshot_bytes.snapshots import (
    composed,
    contents,
    everything_told,
    relaxed,
    snapshots,
)
from tests.core.test_vectors import FILES
from tests.core.test_vectors import snapshot as vector_snapshot
from tests.support.strategies import contexts, instants
from tests.support.vectors import Vector, disagreements


def read_again(snapshot: Snapshot) -> Snapshot:
    return read(write(snapshot).data, whole=True)


@relaxed
@given(snapshots())
def test_everything_that_was_written_is_read(snapshot: Snapshot) -> None:
    for flag_set in snapshot.flag_sets.values():
        for key in flag_set.flags:
            dependencies(flag_set, key)
    assert contents(read_again(snapshot)) == contents(snapshot)


@settings(relaxed, max_examples=40)
@given(snapshots(), contexts(), instants)
def test_what_was_read_answers_as_what_was_written(snapshot: Snapshot, context: Any, now: float) -> None:
    assert everything_told(read_again(snapshot), context, now) == everything_told(snapshot, context, now)


@relaxed
@given(snapshots())
def test_what_was_read_is_written_as_the_same_bytes(snapshot: Snapshot) -> None:
    data = write(snapshot).data
    assert write(read(data)).data == data


@pytest.mark.parametrize("name", [name for name, file in FILES.items() if not file.has_text])
def test_the_bytes_answer_as_the_language_says(name: str) -> None:
    snapshot = read_again(vector_snapshot(name))
    assert contents(snapshot)[0] == contents(vector_snapshot(name))[0]
    assert [found for vector in FILES[name].vectors for found in wrong(snapshot, vector)] == []


def wrong(snapshot: Snapshot, vector: Vector) -> list[str]:
    """What the snapshot says about a vector that is not as expected."""
    selector = Selector.parse(vector.selector)
    answer = evaluate(snapshot, vector.flag, vector.context, now=vector.now, selector=selector)
    told = explain(snapshot, vector.flag, vector.context, now=vector.now, selector=selector)
    found = disagreements(vector.expected, answer) + disagreements(vector.expected, told.resolution)
    names = vary(snapshot, vector.flag, selector)
    if vector.vary not in (None, frozenset("*") if names is None else names):
        found.append(f"vary: expected {vector.vary}, got {names}")
    return [f"{vector}: {each}" for each in found]


def test_a_snapshot_without_anything_can_be_written_and_read() -> None:
    assert read_again(Snapshot()) == Snapshot()


def test_flags_that_need_the_daemon_are_marked_with_their_leaves() -> None:
    tuning = {"variants": {"a": {"limit": 1}}, "defaultVariant": "a", "leaves": True}
    snapshot = composed({"flags": {"tuning": tuning, "plain": {"defaultVariant": "off"}}})
    marked = read(write(snapshot, needs_daemon=frozenset({"tuning"})).data)
    keys = ("tuning", "tuning.limit", "plain", "unknown", 1)
    assert [key in marked.needs_daemon for key in keys] == [True, True, False, False, False]
    assert "tuning" in read(write(marked).data).needs_daemon
    assert "tuning" not in snapshot.needs_daemon
