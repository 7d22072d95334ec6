"""Writing again what is mostly the same, and the same bytes wherever they are written."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgee import Snapshot, compose
from burgee.definition import records
from burgee.definition.rendering import render_flag, render_override
from burgee.errors import SnapshotError
from burgee.flag import Flag, Override, Variant
from burgee.layer import Layer
from burgee.snapshot import FlagSet
from burgee.snapshot_bytes import Written, read, write
from tests.core.snapshot_bytes.snapshots import contents, relaxed, snapshots
from tests.core.test_laws import read as read_document
from tests.support.vectors import VECTORS

FLAGS = 200


@relaxed
@given(st.lists(snapshots(), min_size=2, max_size=3))
def test_what_was_written_before_makes_no_difference_to_the_bytes(sequence: list[Snapshot]) -> None:
    previous: Written | None = None
    for snapshot in sequence:
        previous = write(snapshot, previous)
        assert previous.data == write(snapshot).data
        assert contents(read(previous.data, whole=True))[0] == snapshot


def layer(flags: dict[str, Any], scopes: dict[str, Any]) -> Layer:
    document = {"flags": flags, "overrides": {"customer": scopes}}
    return Layer("file", (read_document(document, source="file"),))


def test_only_what_changed_is_written_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    flags: dict[str, Any] = {f"f{number}": {"defaultVariant": "off"} for number in range(FLAGS)}
    scopes: dict[str, Any] = {f"c{number}": {f"f{number}": "on"} for number in range(FLAGS)}
    base = layer(flags, scopes)
    first = write(compose([base]))
    change = layer({"f3": {"defaultVariant": "on"}}, {"c4": {"f3": "off"}})
    rendered: list[Any] = []

    def flag(each: Flag) -> dict[str, Any]:
        rendered.append(each.key)
        return render_flag(each)

    def override(each: Override) -> dict[str, Any]:
        rendered.append((each.scope, each.flag_key))
        return render_override(each)

    monkeypatch.setattr(records, "render_flag", flag)
    monkeypatch.setattr(records, "render_override", override)
    after = compose([base, change])
    assert write(after, first).data != first.data
    assert rendered == ["f3", ("c4", "f3")]
    write(after)
    assert len(rendered) == 2 + FLAGS + FLAGS + 1


def test_a_flag_that_comes_to_need_the_daemon_is_written_anew() -> None:
    snapshot = compose([layer({"a": {"defaultVariant": "off"}, "b": {"defaultVariant": "off"}}, {})])
    first = write(snapshot)
    second = write(snapshot, first, needs_daemon=frozenset({"a"}))
    assert [key in read(second.data).needs_daemon for key in ("a", "b")] == [True, False]
    assert write(snapshot, second).data == first.data


PROGRAM = """
import json, sys
from burgee import compose
from burgee.definition import SourceDocument, read_layer
from burgee.snapshot_bytes import write
layers = json.load(open(sys.argv[1], encoding="utf-8"))["layers"]
read = [read_layer(each["source"], [SourceDocument(each["document"], each["file"])])[0] for each in layers]
sys.stdout.buffer.write(write(compose(read)).data)
"""


def test_every_process_writes_the_same_bytes() -> None:
    written = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(VECTORS / "snapshots" / "ladder.json")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(written) == 1
    assert len(read(written.pop()).flag_sets["shop"].flags) == 10


@pytest.mark.parametrize(
    "flag",
    [
        Flag("f", "string", {"on": Variant("on", "\ud800")}),
        Flag("f", "integer", {"on": Variant("on", 2**64)}),
    ],
    ids=["lone surrogate", "too large an integer"],
)
def test_a_value_without_place_in_the_format_is_refused(flag: Flag) -> None:
    with pytest.raises(SnapshotError, match="'f'") as caught:
        write(Snapshot(flag_sets={"": FlagSet(flags={"f": flag})}))
    assert caught.value.fault == "content"


def test_a_key_that_is_no_text_is_refused() -> None:
    flag = Flag("\ud800", "boolean", {"on": Variant("on", True)})
    with pytest.raises(SnapshotError) as caught:
        write(Snapshot(flag_sets={"": FlagSet(flags={"\ud800": flag})}))
    assert caught.value.fault == "content"
