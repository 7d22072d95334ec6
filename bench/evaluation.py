"""What one evaluation takes in the core, beside hand-written Python in the SDK's InMemoryProvider.

Neither side goes through the OpenFeature client, whose own 7 to 8 microseconds are the same for both.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from harness import flags_in_process as flags
from harness import machine
from harness.report import Report, options
from harness.rounds import Arm, interleave, interval, joined, medians, ratios

BATCHES = 2
PASSES = 4
CONTROL = "static boolean, again"

Samples = list[float]
"""Microseconds a call, of each batch."""


def timed(call: Callable[[], object], calls: int) -> Callable[[], Samples]:
    """Some batches of calls, by the time of this thread on its core."""

    def measure() -> Samples:
        samples = []
        for _ in range(BATCHES):
            began = time.thread_time_ns()
            for _ in range(calls):
                call()
            samples.append((time.thread_time_ns() - began) / calls / 1e3)
        return samples

    return measure


def main() -> None:
    """Measure and print."""
    given = options(__doc__)
    calls, passes = (50, 1) if given.quick else (1_000, PASSES)
    cases = flags.cases()
    arms = []
    for case in cases:
        case.check()
        each = max(1, calls // case.flags)
        arms.append(Arm(f"core: {case.name}", timed(case.core, each)))
        arms.append(Arm(f"hand-written: {case.name}", timed(case.by_hand, each)))
    arms.append(Arm(CONTROL, timed(cases[0].core, calls)))
    report = Report("evaluation in process", given)
    core, _ = machine.cores()
    with machine.on_core(core):
        measured = interleave(arms, given.rounds, passes=passes)
    middles = {name: medians(joined(rounds)) for name, rounds in measured.items()}
    report.table(
        f"Microseconds of core {core} a call",
        ("what", "core", "hand-written, InMemoryProvider", "core / hand-written"),
        [
            (
                case.name,
                interval(middles[f"core: {case.name}"]),
                interval(middles[f"hand-written: {case.name}"]),
                ratios(middles[f"core: {case.name}"], middles[f"hand-written: {case.name}"]),
            )
            for case in cases
        ],
    )
    control = ratios(middles[CONTROL], middles[f"core: {cases[0].name}"])
    report.note(f"control, the same / the same: {control}")
    report.figures("median microseconds of each round", middles)
    report.finish()


if __name__ == "__main__":
    main()
