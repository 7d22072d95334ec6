"""JSON that is kept takes the memory that it is long."""

from __future__ import annotations

import tracemalloc

import orjson

from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.json_bytes import json_bytes
from burgee.snapshot_bytes import write

COUNT = 300


def test_what_is_kept_is_what_orjson_writes() -> None:
    document = {"a": [1, 1.5, True, None, "ü"]}
    assert json_bytes(document) == orjson.dumps(document)
    assert json_bytes(document, orjson.OPT_INDENT_2) == orjson.dumps(document, option=orjson.OPT_INDENT_2)


def test_the_records_of_a_written_snapshot_do_not_hold_on_to_the_buffers_that_they_were_written_in() -> None:
    flags = {f"flag-{number}": {"defaultVariant": "off"} for number in range(COUNT)}
    snapshot = compose([read_layer("s", [SourceDocument({"flags": flags})])[0]])
    write(snapshot)
    tracemalloc.start()
    try:
        written = write(snapshot)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept - len(written.data) < COUNT * 2_500
