"""Files of version 1 that were written once: today's reader reads them, today's writer writes them again."""

from __future__ import annotations

import json
from hashlib import blake2b
from struct import unpack_from
from typing import Any
from zlib import crc32

import pytest

from burgee import Snapshot, compose, evaluate, explain
from burgee.definition import SourceDocument, read_layer
from burgee.dependencies import vary
from burgee.generation import Generation
from burgee.selector import Selector
from burgee.snapshot_bytes import read, write
from tests.core.snapshot_bytes.snapshots import contents
from tests.support.vectors import VECTORS, same, seconds

GOLDEN = VECTORS / "snapshots"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.json"))


def golden(name: str) -> tuple[bytes, dict[str, Any]]:
    data = (GOLDEN / f"{name}.snapshot").read_bytes()
    return data, json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


def composed(description: dict[str, Any]) -> Snapshot:
    layers = [
        read_layer(layer["source"], [SourceDocument(layer["document"], layer["file"])])[0]
        for layer in description["layers"]
    ]
    generation = Generation.parse(description["generation"])
    return compose(layers, generation=generation, fixed=description["fixed"])


def test_there_is_a_description_beside_each_file() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*.snapshot")) == NAMES
    assert len(NAMES) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_todays_reader_reads_the_file(name: str) -> None:
    data, description = golden(name)
    snapshot = read(data, whole=True)
    assert snapshot.generation == Generation.parse(description["generation"])
    assert all(key in snapshot.needs_daemon for key in description["needsDaemon"])
    assert "unknown" not in snapshot.needs_daemon
    for case in description["answers"]:
        expected, selector = case["expected"], Selector.parse(case["selector"])
        now = seconds(case["now"])
        answer = evaluate(snapshot, case["flag"], case["context"], now=now, selector=selector)
        assert (
            explain(snapshot, case["flag"], case["context"], now=now, selector=selector).resolution == answer
        )
        names = vary(snapshot, case["flag"], selector)
        found: dict[str, Any] = {
            "reason": str(answer.reason),
            "metadata": dict(answer.metadata),
            "vary": ["*"] if names is None else sorted(names),
        }
        if answer.has_value:
            found["value"] = answer.value
        if answer.variant is not None:
            found["variant"] = answer.variant
        if answer.error_code is not None:
            found["errorCode"] = str(answer.error_code)
        assert same(found, expected), (case, found)


@pytest.mark.parametrize("name", NAMES)
def test_todays_writer_writes_the_same_bytes(name: str) -> None:
    data, description = golden(name)
    snapshot = composed(description)
    assert write(snapshot, needs_daemon=frozenset(description["needsDaemon"])).data == data
    assert contents(read(data)) == contents(read(write(snapshot).data))
    assert read(data) == snapshot


def test_the_inactive_are_in_the_file_with_their_reason() -> None:
    data, _ = golden("ladder")
    (inactive,) = read(data).inactive
    assert (inactive.flag_key, inactive.level, inactive.scope) == ("gone", "customer", "c-1")
    assert inactive.why == "flag gone has no variant a"
    assert inactive.override.origin.source == "admin"


def test_every_byte_lies_where_the_record_of_the_decision_says() -> None:
    """Read without any of the package's own code, by ``docs/adr/0005-snapshot-bytes.md`` alone."""
    data, _ = golden("two_blocks")
    assert data[:8] == b"BURGSNAP"
    version, header_length = unpack_from("<II", data, 8)
    length, number = unpack_from("<QQ", data, 16)
    digest = data[32:64]
    epoch_length, features_length, sections, directory_checksum, checksum = unpack_from("<5I", data, 64)
    assert (version, length, number, features_length) == (1, len(data), 1, 0)
    assert data[84 : 84 + epoch_length] == b"e"
    assert header_length == 84 + epoch_length + features_length
    assert checksum == crc32(data[:80] + data[84:header_length])
    assert digest == blake2b(data[header_length:], digest_size=32).digest()
    content = header_length + 32 * sections
    assert directory_checksum == crc32(data[header_length:content])
    found = {}
    for index in range(sections):
        kind, flag_set, *rest = unpack_from("<IIQQII", data, header_length + 32 * index)
        found[kind, flag_set] = rest
    offset, size, entries, check = found[1, 0xFFFFFFFF]
    general = data[content + offset : content + offset + size]
    assert (entries, check) == (0, crc32(general))
    assert json.loads(general)["origins"] == [["file:many", "many.json"]]
    offset, size, entries, check = found[3, 0]
    top = data[content + offset : content + offset + size]
    assert (entries, check) == (130, crc32(top))
    blocks, firsts = unpack_from("<2Q", top, 0), unpack_from("<2Q", top, 16)
    lengths, checks, ends = (
        unpack_from("<2I", top, 32),
        unpack_from("<2I", top, 40),
        unpack_from("<2I", top, 48),
    )
    assert (top[56 : 56 + ends[0]], top[56 + ends[0] :]) == (b"flag-000", b"flag-128")
    second = data[content + blocks[1] : content + blocks[1] + lengths[1]]
    assert checks[1] == crc32(second)
    key_ends, record_ends = unpack_from("<2I", second, 0), unpack_from("<2I", second, 8)
    checksums, numbers = unpack_from("<2I", second, 16), unpack_from("<2I", second, 24)
    assert second[32 + key_ends[0] : 32 + key_ends[1]] == b"flag-129"
    start = content + firsts[1]
    record = data[start + record_ends[0] : start + record_ends[1]]
    assert checksums[1] == crc32(record)
    assert json.loads(record) == {"is": {"variants": {"a": 129}, "defaultVariant": "a"}}
    assert numbers == (0, 0)
