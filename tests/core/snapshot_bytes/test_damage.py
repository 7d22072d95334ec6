"""Whatever happened to the bytes: reading refuses them, or what needs the damaged part answers GENERAL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgee import Snapshot, evaluate, explain
from burgee.composition import changes
from burgee.dependencies import next_edge, vary
from burgee.errors import SnapshotError
from burgee.generation import Generation
from burgee.resolution import ErrorCode
from burgee.selector import ANY
from burgee.snapshot_bytes import read, read_header, write
from burgee.snapshot_bytes.header import read_directory, whole
from burgee.snapshot_bytes.layout import FIXED_HEADER, HEADER_LIMIT, Kind
from burgee.snapshot_bytes.table import Row
from tests.core.differential.comparison import told
from tests.core.snapshot_bytes.forging import forged, rewritten, with_words
from tests.core.snapshot_bytes.snapshots import composed, relaxed

NOON = 1795176000.0
CONTEXT = {"targetingKey": "u-1", "customer": "c-1", "organization": "acme", "country": "SE", "plan": "pro"}
RAMP = {"variant": "on", "start": "2026-01-01T00:00:00Z", "complete": "2027-01-01T00:00:00Z"}
TUNING = {"limit": 1, "ui": {"dark": False}}
DOCUMENT: dict[str, Any] = {
    "metadata": {"flagSetId": "shop", "version": "1"},
    "segments": {"nordic": {"country": {"in": ["SE", "NO"]}}},
    "flags": {
        "plain": {"defaultVariant": "off"},
        "split": {
            "defaultVariant": "off",
            "rules": [{"when": {"segment": "nordic"}, "split": {"on": 1, "off": 3}}, {"ramp": RAMP}],
            "requires": {"plain": "off"},
        },
        "tuning": {"variants": {"a": TUNING}, "defaultVariant": "a", "leaves": True},
        "targeted": {
            "state": "ENABLED",
            "variants": {"a": "x", "b": "y"},
            "defaultVariant": "a",
            "targeting": {"if": [{"==": [{"var": "plan"}, "pro"]}, "b", "a"]},
        },
        "killed": {"defaultVariant": "off"},
    },
    "overrides": {
        "customer": {"c-1": {"plain": "off", "tuning": {"patch": {"limit": 2}}}, "c-2": {"plain": "on"}},
        "organization": {"acme": {"tuning": {"patch": {"ui": {"dark": True}}, "lock": True}}},
    },
    "kill": {"killed": "on"},
}
SNAPSHOT = composed(DOCUMENT, fixed={"environment": "production"})
DATA = write(SNAPSHOT).data
KEYS = ("plain", "split", "tuning", "tuning.limit", "targeted", "killed", "unknown")
ANSWERS = {key: told(evaluate(SNAPSHOT, key, CONTEXT, now=NOON)) for key in KEYS}


def evaluated(snapshot: Snapshot, key: str) -> Any:
    vary(snapshot, key)
    next_edge(snapshot, key, NOON)
    return told(evaluate(snapshot, key, CONTEXT, now=NOON))


def explained(snapshot: Snapshot, key: str) -> Any:
    """The same, without the time that compiling takes."""
    assert key in snapshot.needs_daemon or key not in snapshot.needs_daemon
    return told(explain(snapshot, key, CONTEXT, now=NOON).resolution)


def judge(data: bytes, ask: Callable[[Snapshot, str], Any]) -> str:
    """Ask a snapshot with damaged bytes; each answer is the right one or GENERAL."""
    try:
        snapshot = read(data)
    except SnapshotError as error:
        return error.fault
    found = {key: ask(snapshot, key) for key in KEYS}
    damaged = {key for key in KEYS if found[key] != ANSWERS[key]}
    assert {found[key][3] for key in damaged} <= {ErrorCode.GENERAL}
    return "GENERAL" if damaged else "right"


def test_no_flipped_bit_of_any_byte_makes_a_wrong_answer() -> None:
    seen = set()
    for index in range(len(DATA)):
        damaged = bytearray(DATA)
        damaged[index] ^= 1 << index % 8
        seen.add(judge(bytes(damaged), explained))
        with pytest.raises(SnapshotError):
            read(bytes(damaged), whole=True)
    assert seen >= {"magic", "version", "checksum", "GENERAL"}
    assert seen <= {"magic", "version", "checksum", "GENERAL", "right"}


def test_a_snapshot_cut_short_is_refused_as_truncated() -> None:
    for length in range(1, len(DATA)):
        with pytest.raises(SnapshotError) as caught:
            read(DATA[:length])
        assert caught.value.fault == "truncated", length


def test_a_snapshot_that_goes_on_is_refused() -> None:
    with pytest.raises(SnapshotError, match="1 bytes follow") as caught:
        read(DATA + b"\0")
    assert caught.value.fault == "trailing"


@pytest.mark.parametrize("data", [b"", b"{}", b"PK\x03\x04" * 40, b"\0" * 4096, DATA[1:]])
def test_other_bytes_are_no_snapshot(data: bytes) -> None:
    with pytest.raises(SnapshotError) as caught:
        read(data)
    assert caught.value.fault == "magic"


def test_another_version_is_named() -> None:
    with pytest.raises(SnapshotError, match="version 2, this reader knows 1") as caught:
        read(DATA[:8] + b"\2" + DATA[9:])
    assert caught.value.fault == "version"


def test_features_that_the_reader_lacks_are_named() -> None:
    sections, content = read_directory(memoryview(DATA), read_header(DATA))
    data = whole(Generation("e", 1), {"geometry", "time-travel"}, sections, [bytes(content)])
    assert read_header(data).features == {"geometry", "time-travel"}
    with pytest.raises(SnapshotError, match="geometry, time-travel") as caught:
        read(data)
    assert (caught.value.fault, caught.value.features) == ("features", {"geometry", "time-travel"})


def test_sections_of_a_later_writer_are_skipped() -> None:
    sections, content = read_directory(memoryview(DATA), read_header(DATA))
    added = [*sections, sections[0]._replace(kind=4711), sections[0]._replace(kind=4712, checksum=1)]
    data = whole(Generation("e", 1), (), added, [bytes(content)])
    assert {key: evaluated(read(data), key) for key in KEYS} == ANSWERS


def test_the_first_bytes_are_enough_for_the_header() -> None:
    header = read_header(DATA[:HEADER_LIMIT])
    assert (header.generation, header.length) == (Generation("e4f1", 7), len(DATA))
    assert read_header(DATA[: FIXED_HEADER.size + len("e4f1")]) == header
    with pytest.raises(SnapshotError, match="ends after"):
        read_header(DATA[: FIXED_HEADER.size + len("e4f1") - 1])


def test_an_epoch_that_does_not_fit_is_not_written() -> None:
    fits = HEADER_LIMIT - FIXED_HEADER.size
    assert read_header(whole(Generation("e" * fits, 1), (), [], [])).generation.epoch == "e" * fits
    with pytest.raises(SnapshotError, match="does not fit") as caught:
        whole(Generation("e" * (fits + 1), 1), (), [], [])
    assert caught.value.fault == "content"


def test_only_what_needs_a_damaged_record_is_lost() -> None:
    at = DATA.index(b'"nordic"') + 2
    snapshot = read(DATA[:at] + b"x" + DATA[at + 1 :])
    found = {key: evaluated(snapshot, key) for key in KEYS}
    assert {key for key in KEYS if found[key] != ANSWERS[key]} == {"split"}
    answer = evaluate(snapshot, "split", CONTEXT, now=NOON)
    assert answer.error_code is ErrorCode.GENERAL
    assert "damaged" in (answer.error_message or "")
    assert vary(snapshot, "split") is not None
    assert changes(snapshot, read(DATA)) == {"split"}


def test_keys_out_of_order_are_damage_though_all_checksums_hold() -> None:
    snapshot = read(rewritten(DATA, Kind.OVERRIDES, lambda rows: [rows[1], rows[0], *rows[2:]]))
    assert evaluate(snapshot, "plain", CONTEXT, now=NOON).error_code is ErrorCode.GENERAL
    assert evaluated(snapshot, "targeted") == ANSWERS["targeted"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"defaultVariant":"off"', b'"defaultVariant":"no such"'),
        (b'"split":{"off":3,"on":1}', b'"split":{"off":3,"no such":1}'),
    ],
)
def test_a_variant_that_the_flag_lacks_is_damage_though_all_checksums_hold(
    before: bytes, after: bytes
) -> None:
    def alter(rows: list[Row]) -> list[Row]:
        return [row._replace(record=memoryview(bytes(row.record).replace(before, after))) for row in rows]

    data = rewritten(DATA, Kind.FLAGS, alter)
    assert after in data
    answer = evaluate(read(data), "split", CONTEXT, now=NOON)
    assert (answer.error_code, "no such" in (answer.error_message or "")) == (ErrorCode.GENERAL, True)
    assert evaluated(read(data), "targeted") == ANSWERS["targeted"]


edits = st.lists(st.tuples(st.integers(0, len(DATA) - 1), st.binary(min_size=1, max_size=8)), max_size=4)


@settings(relaxed, max_examples=300)
@given(edits, st.integers(0, len(DATA)), st.integers(-40, 40))
def test_no_damage_makes_a_wrong_answer(edits: list[tuple[int, bytes]], at: int, shift: int) -> None:
    damaged = bytearray(DATA)
    for index, piece in edits:
        damaged[index : index + len(piece)] = piece
    if shift > 0:
        damaged[at:at] = bytes(shift)
    else:
        del damaged[at : at - shift]
    judge(bytes(damaged), evaluated)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["is", "path", "variants", "rules", "origin", "levels", "windows", "ramps", "x"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


@settings(relaxed, max_examples=100)
@given(st.data())
def test_records_that_no_writer_writes_never_make_evaluation_raise(data: st.DataObject) -> None:
    """Their checksums hold: someone wrote them on purpose."""
    snapshot = read(forged(DATA, data.draw, json_values))
    for key in KEYS:
        assert evaluate(snapshot, key, CONTEXT, now=NOON).flag_key == key
        assert explain(snapshot, key, CONTEXT, now=NOON).resolution.flag_key == key
        vary(snapshot, key, ANY)


words = st.lists(
    st.tuples(st.integers(0, 2**20), st.sampled_from([0, 1, 127, 128, 2**31, 2**32 - 1])), max_size=5
)


@settings(relaxed, max_examples=100)
@given(words)
def test_an_index_that_no_writer_writes_never_makes_evaluation_raise(words: list[tuple[int, int]]) -> None:
    """All checksums are made to hold again."""
    try:
        snapshot = read(with_words(DATA, words))
    except SnapshotError:
        return
    for key in KEYS:
        assert evaluate(snapshot, key, CONTEXT, now=NOON).flag_key == key
        vary(snapshot, key)
