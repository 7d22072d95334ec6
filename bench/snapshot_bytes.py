"""What the bytes of a snapshot cost, beside orjson reading an equal document as a whole.

Writing, writing again with one flag in a hundred changed, reading with the first answer, and what an answer
costs once it was given before.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import orjson
from harness import machine
from harness.documents import ASKED, CONTEXT, definition
from harness.report import Report, options
from harness.rounds import Arm, interleave, interval, joined, medians, ratios

from burgee import Snapshot, compose, evaluate, read
from burgee.composition import changes
from burgee.dependencies import next_edge_of_all
from burgee.layer import Layer
from burgee.snapshot_bytes import read as read_bytes
from burgee.snapshot_bytes import read_header, write

NOW = 1_795_176_000.0
CALLS = 500
CONTROL = "orjson.loads, again"
LOADS = "orjson.loads of the document"

Samples = list[float]
"""Microseconds."""


class Prepared(NamedTuple):
    """What the arms of one size work on.

    Attributes:
        document: as JSON.
        old: composed, its dependencies known.
        new: the same with one flag in a hundred changed.
    """

    document: bytes
    old: Snapshot
    new: Snapshot


def prepare(count: int) -> Prepared:
    """Compose both snapshots as the daemon does, unchanged flags the same objects."""
    document = definition(count)
    base = Layer("file:bench", (read(document, source="file:bench"),))
    changed = {
        key: {**flag, "description": "changed"}
        for index, (key, flag) in enumerate(document["flags"].items())
        if index % 100 == 0
    }
    over = {"metadata": document["metadata"], "segments": document["segments"], "flags": changed}
    old = compose([base])
    next_edge_of_all(old, NOW)
    new = compose([base, Layer("file:bench", (read(over, source="file:bench"),))])
    changes(old, new)
    return Prepared(orjson.dumps(document), old, new)


def timed(work: Callable[[], object], calls: int = 1) -> Callable[[], Samples]:
    """Some calls, by the time of this thread on its core."""

    def measure() -> Samples:
        began = time.thread_time_ns()
        for _ in range(calls):
            work()
        return [(time.thread_time_ns() - began) / calls / 1e3]

    return measure


def forget_functions(snapshot: Snapshot) -> object:
    """Answer as for the first time, from a snapshot that was composed in memory."""
    return evaluate(replace(snapshot, known_functions={}), ASKED, CONTEXT, now=NOW)


def arms(prepared: Prepared) -> list[Arm[Samples]]:
    """All that is measured of one size."""
    before = write(prepared.old)
    data = before.data
    known = read_bytes(data)

    def first_answer() -> Any:
        answer = evaluate(read_bytes(data), ASKED, CONTEXT, now=NOW)
        assert answer.error_code is None
        return answer

    return [
        Arm(LOADS, timed(lambda: orjson.loads(prepared.document))),
        Arm(CONTROL, timed(lambda: orjson.loads(prepared.document))),
        Arm("write", timed(lambda: write(prepared.old))),
        Arm("write again, 1 % changed", timed(lambda: write(prepared.new, before))),
        Arm("read_header", timed(lambda: read_header(data), CALLS)),
        Arm("read", timed(lambda: read_bytes(data), 10)),
        Arm("read, everything checked", timed(lambda: read_bytes(data, whole=True))),
        Arm("read and answer once", timed(first_answer)),
        Arm("answer once, nothing read", timed(lambda: forget_functions(prepared.old))),
        Arm("answer again", timed(lambda: evaluate(known, ASKED, CONTEXT, now=NOW), CALLS)),
    ]


def main() -> None:
    """Measure and print."""
    given = options(__doc__, rounds=7)
    report = Report("snapshot bytes", given)
    core, _ = machine.cores()
    for count in (100,) if given.quick else (10_000, 50_000):
        prepared = prepare(count)
        size = len(write(prepared.old).data)
        with machine.on_core(core):
            measured = interleave(arms(prepared), given.rounds)
        middles = {name: medians(joined(rounds)) for name, rounds in measured.items()}
        report.table(
            f"{count} flags: {size:,} bytes as a snapshot, {len(prepared.document):,} as a document",
            ("what", f"µs of core {core}", f"/ {LOADS}"),
            [(name, interval(of), ratios(of, middles[LOADS])) for name, of in middles.items()],
        )
        report.note(f"control, the same / the same: {ratios(middles[CONTROL], middles[LOADS])}")
        report.figures(f"median microseconds of each round, {count} flags", middles)
    report.finish()


if __name__ == "__main__":
    main()
