"""Only what is asked for is looked at, proved by damage to all the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from burgee import Snapshot, evaluate
from burgee.context import Context
from burgee.dependencies import next_edge_of_all, vary
from burgee.evaluation import flag_keys
from burgee.resolution import ErrorCode
from burgee.snapshot_bytes import read, write
from burgee.snapshot_bytes.header import read_directory, read_header
from burgee.snapshot_bytes.layout import Kind
from burgee.snapshot_bytes.mappings import ABSENT_LIMIT
from burgee.snapshot_bytes.table import Table
from tests.core.snapshot_bytes.snapshots import composed

NOON = 1795176000.0
FLAGS = 1_000
SCOPES = 20_000


def with_damaged_records(data: bytes, is_spared: Callable[[Kind, str], bool]) -> bytes:
    """Every record made unreadable whose table and key are not spared; indexes and standings stay sound."""
    altered = bytearray(data)
    header = read_header(data)
    sections, content = read_directory(memoryview(data), header)
    shift = len(data) - len(content)
    for section in sections:
        if section.kind in (Kind.GENERAL, Kind.STANDINGS):
            continue
        position = 0
        for row in Table(content, section, "damaged").rows():
            position = data.index(bytes(row.record), max(position, shift))
            if not is_spared(Kind(section.kind), row.key.decode()):
                altered[position] ^= 0xFF
            position += len(row.record)
    return bytes(altered)


def many_flags() -> Snapshot:
    flags: dict[str, Any] = {
        f"f-{number:04d}": {"variants": {"a": number, "b": -number}, "defaultVariant": "a"}
        for number in range(FLAGS)
    }
    flags["f-0500"] |= {
        "rules": [{"when": {"segment": "nordic"}, "serve": "b"}],
        "requires": {"f-0007": "a"},
    }
    segments = {name: {"country": code} for name, code in (("nordic", "SE"), ("other", "US"))}
    overrides = {"customer": {f"c-{number}": {f"f-{number:04d}": "b"} for number in range(0, FLAGS, 3)}}
    return composed({"flags": flags, "segments": segments, "overrides": overrides})


@pytest.fixture(scope="module")
def flags() -> bytes:
    return write(many_flags()).data


def test_a_first_evaluation_decodes_the_flag_its_segments_and_its_prerequisites(flags: bytes) -> None:
    spared = {"f-0500", "f-0007", "nordic"}
    snapshot = read(with_damaged_records(flags, lambda kind, key: key in spared))
    assert evaluate(snapshot, "f-0500", {"country": "SE"}, now=NOON).value == -500
    assert evaluate(snapshot, "f-0499", {}, now=NOON).error_code is ErrorCode.GENERAL


def test_keys_and_dependencies_need_no_record_of_a_flag(flags: bytes) -> None:
    snapshot = read(with_damaged_records(flags, lambda kind, key: False))
    assert flag_keys(snapshot) == [f"f-{number:04d}" for number in range(FLAGS)]
    assert vary(snapshot, "f-0500") == {"country"}
    assert vary(snapshot, "f-0003") == {"customer"}
    assert next_edge_of_all(snapshot, NOON) is None


@pytest.fixture(scope="module")
def scopes() -> bytes:
    of_scopes: dict[str, Any] = {
        f"c-{number}": {"f": {"variant": "b"} if number % 2 else {"value": {"n": number}}}
        for number in range(SCOPES)
    }
    of_scopes["c-7"] = {"f": {"patch": {"n": 7}}}
    flag = {"variants": {"a": {"n": -1}, "b": {"n": -2}}, "defaultVariant": "a"}
    document = {"flags": {"f": flag}, "overrides": {"customer": of_scopes}}
    return write(composed(document)).data


def test_of_many_overrides_of_one_flag_only_the_one_asked_for_is_decoded(scopes: bytes) -> None:
    asked = [f"f\0customer\0c-{number}" for number in (7, 4321, 19_998)]
    snapshot = read(with_damaged_records(scopes, lambda kind, key: kind is Kind.FLAGS or key in asked))

    def value(context: Context) -> Any:
        answer = evaluate(snapshot, "f", context, now=NOON)
        return answer.error_code or answer.value

    assert value({"customer": "c-7"}) == {"n": 7}
    assert value({"customer": "c-4321"}) == {"n": -2}
    assert value({"customer": "c-19998"}) == {"n": 19_998}
    assert value({"customer": "c-5"}) is ErrorCode.GENERAL
    assert value({"customer": "unknown"}) == value({}) == {"n": -1}


def test_a_damaged_part_of_the_index_of_many_overrides_hides_only_what_it_holds(scopes: bytes) -> None:
    # In the index a key follows on the one before; records do not hold their keys.
    at = scopes.index(b"f\0customer\0c-5000f\0customer")
    snapshot = read(scopes[:at] + b"F" + scopes[at + 1 :])
    assert evaluate(snapshot, "f", {"customer": "c-5000"}, now=NOON).error_code is ErrorCode.GENERAL
    assert evaluate(snapshot, "f", {"customer": "c-7"}, now=NOON).value == {"n": 7}
    assert evaluate(snapshot, "f", {"customer": "c-11112"}, now=NOON).value == {"n": 11112}


def test_scopes_without_an_override_are_remembered_up_to_a_limit(scopes: bytes) -> None:
    of_level: Any = read(scopes).flag_sets[""].overrides["f"]["customer"]
    assert len(of_level) == SCOPES
    for number in range(ABSENT_LIMIT + 1):
        assert f"unknown-{number}" not in of_level
        assert len(of_level._absent) <= ABSENT_LIMIT
    assert len(of_level._absent) == 1
    assert "c-5" in of_level


def test_a_value_is_decoded_once_and_is_the_same_object_each_time(flags: bytes) -> None:
    flag_set = read(flags).flag_sets[""]
    assert flag_set.flags["f-0001"] is flag_set.flags["f-0001"]
    levels = flag_set.overrides["f-0003"]
    assert levels["customer"]["c-3"] is flag_set.overrides["f-0003"]["customer"]["c-3"]
    assert flag_set.known_dependencies["f-0001"] is flag_set.known_dependencies["f-0002"]


@pytest.mark.parametrize("count", [1, 127, 128, 129, 256, 257])
def test_every_key_is_found_at_the_edges_of_blocks(count: int) -> None:
    flags = {f"k{number * 2:04d}": {"defaultVariant": "off"} for number in range(count)}
    found = read(write(composed({"flags": flags})).data).flag_sets[""].flags
    assert list(found) == sorted(flags)
    assert all(key in found and found[key].key == key for key in flags)
    between = [f"k{number * 2 + 1:04d}" for number in range(-1, count)]
    assert not any(key in found for key in (*between, "", "a", "z", "k", "\ud800", None, 1))


def test_keys_are_in_the_order_of_their_bytes_whatever_they_hold() -> None:
    keys = ["ä", "a/b", "a.b", "z", "🚩", "日本", " ", "A", "a", "a b", "\uffff"]
    found = read(write(composed({"flags": {key: {"defaultVariant": "on"} for key in keys}})).data)
    assert flag_keys(found) == sorted(keys) == sorted(keys, key=str.encode)
    assert all(evaluate(found, key, {}, now=NOON).value is True for key in keys)
