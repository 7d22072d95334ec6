"""What one evaluation takes in every flag engine that Python can call, in one process and one run.

The seven questions stand in engines/workloads.py. Every engine answers them, of a user who meets the
conditions and of one who does not, before anything is timed; a wrong answer ends the benchmark.
scripts/bench-engines makes an environment that holds all engines.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from timeit import Timer

from engines import client, compiling, loading
from engines.engine import Engine, Question, check
from engines.in_memory import evaluation_context
from engines.registry import (
    BY_HAND,
    LOADINGS,
    OWN,
    RULES,
    SNAPSHOT,
    Missing,
    engines,
)
from engines.workloads import WORKLOADS, YES
from harness import machine
from harness.report import Report, options
from harness.rounds import Arm, Interval, interleave, interval, medians, ratios

PASSES = 5
MICROSECONDS = 4_000
"""About how long each arm is timed in each pass."""

LOADING_ROUNDS = 5
Rounds = Mapping[str, Sequence[float]]
"""By row, one median a round."""


def timed(question: Question, user: object, microseconds: float) -> Callable[[], float]:
    """Microseconds a call, by the time of this thread on its core, with garbage collection as always."""
    names = {**question.names, "user": user, "gc": gc}
    timer = Timer(question.statement, "gc.enable()", timer=time.thread_time, globals=names)
    number = 1
    while (took := timer.timeit(number) * 1e6) < microseconds / 4:
        number *= 2
    number = max(1, round(number * microseconds / took))
    return lambda: timer.timeit(number) / number * 1e6


def arms_of(every: Sequence[Engine], microseconds: float) -> list[Arm[float]]:
    """Every call that is timed, those of one question next to each other."""
    user = evaluation_context(YES)
    through = {engine.name: client.questions(engine) for engine in every}
    for name, questions in through.items():
        check(f"{name}, through the client", questions, evaluation_context)
    through[client.FLOOR] = client.floor()
    arms = []
    for workload in WORKLOADS:
        of = workload.name
        for engine in every:
            question = engine.native[of]
            arms.append(Arm(f"{of} {engine.name}", timed(question, engine.user(YES), microseconds)))
        arms += [
            Arm(f"{of} client {name}", timed(questions[of], user, microseconds))
            for name, questions in through.items()
            if of in questions
        ]
    again = every[0]
    arms.append(Arm("control", timed(again.native["W2"], again.user(YES), microseconds)))
    for name, question in compiling.questions().items():
        arms.append(Arm(f"compile {name}", timed(question, None, microseconds)))
    return arms


def fastest(measured: Rounds, of: str, names: Sequence[str]) -> str:
    """The engine with the least median."""
    return min(names, key=lambda name: interval(measured[f"{of} {name}"]).middle)


def report_native(report: Report, measured: Rounds, names: Sequence[str]) -> None:
    """Tables of the engines' own calls."""
    report.table(
        "Native call: microseconds an evaluation, W7 of all 200 flags (median of the rounds)",
        ("engine", *(workload.name for workload in WORKLOADS)),
        [
            (name, *(_plain(interval(measured[f"{workload.name} {name}"])) for workload in WORKLOADS))
            for name in names
        ],
    )
    peers = [name for name in names if name not in OWN and name != BY_HAND]
    rows = []
    for workload in WORKLOADS if peers else ():
        of = workload.name
        best = fastest(measured, of, peers)
        rows += [
            (
                f"{of} {workload.says}",
                own.removeprefix("Burgee, "),
                best,
                ratios(measured[f"{of} {best}"], measured[f"{of} {own}"]),
                ratios(measured[f"{of} {BY_HAND}"], measured[f"{of} {own}"]),
                ratios(measured[f"{of} flagd"], measured[f"{of} {own}"]) if "flagd" in peers else "",
            )
            for own in OWN
        ]
    report.table(
        "How many times as long others take (median of the rounds' ratios, least to greatest)",
        (
            "question",
            "Burgee's",
            "fastest peer",
            "fastest peer / Burgee",
            "hand-written / Burgee",
            "flagd / Burgee",
        ),
        rows,
    )
    control = ratios(measured["control"], measured[f"W2 {RULES}"])
    report.note(f"control, the same / the same: {control}")
    report.figures("control", str(control))


def report_client(report: Report, measured: Rounds, every: Sequence[Engine]) -> None:
    """Tables of the same through the OpenFeature client."""
    names = [client.FLOOR, *(engine.name for engine in every if engine.provider is not None)]
    asked = WORKLOADS[:-1]
    report.table(
        "Through the OpenFeature client: microseconds an evaluation",
        ("provider", *(workload.name for workload in asked)),
        [
            (name, *(_plain(interval(measured[f"{workload.name} client {name}"])) for workload in asked))
            for name in names
        ],
    )
    for under in (client.FLOOR, BY_HAND):
        report.table(
            f"Through the client, over: {under}",
            ("provider", *(workload.name for workload in asked)),
            [
                (
                    name,
                    *(
                        ratios(
                            measured[f"{workload.name} client {name}"],
                            measured[f"{workload.name} client {under}"],
                        )
                        for workload in asked
                    ),
                )
                for name in (*OWN, BY_HAND)
                if name != under
            ],
        )


def report_loading(report: Report, rounds: int, flags: int) -> list[Missing]:
    """Measure and print how long the engines take to take flags over; each time in a new process."""
    arms, missing = [], []
    for name in LOADINGS:
        try:
            loading.loading(name)
        except ImportError as problem:
            missing.append(Missing(name, str(problem)))
        else:
            arms.append(Arm(name, lambda name=name: loading.in_new_process(name, flags)))
    measured = {
        name: [passes[0] for passes in of_rounds] for name, of_rounds in interleave(arms, rounds).items()
    }
    first = {name: [each.first for each in taken] for name, taken in measured.items()}
    again = {name: [each.again for each in taken] for name, taken in measured.items()}
    report.table(
        f"{flags:,} flags like W2 taken over: milliseconds of a core, the first answer included",
        ("engine", "kilobytes", "first", "first / snapshot", "1 % changed", "changed / snapshot"),
        [
            (
                name,
                f"{taken[0].kilobytes:.0f}",
                interval(first[name]),
                ratios(first[name], first[SNAPSHOT]),
                interval(again[name]),
                ratios(again[name], again[SNAPSHOT]),
            )
            for name, taken in measured.items()
        ],
    )
    report.figures("milliseconds of the first load of each round", first)
    report.figures("milliseconds of the changed load of each round", again)
    return missing


def main() -> None:
    """Measure and print."""
    given = options(__doc__)
    microseconds, passes = (50.0, 1) if given.quick else (MICROSECONDS, PASSES)
    logging.disable(logging.CRITICAL)
    every, missing = engines()
    core, _ = machine.cores()
    report = Report("flag engines", given)
    with machine.on_core(core):
        arms = arms_of(every, microseconds)
        # What all engines together hold would otherwise be traversed on behalf of whoever allocates.
        gc.collect()
        gc.freeze()
        raw = interleave(arms, given.rounds, passes=passes)
    measured = {name: medians(of_rounds) for name, of_rounds in raw.items()}
    names = [engine.name for engine in every]
    report_native(report, measured, names)
    report_client(report, measured, every)
    report.table(
        "Burgee compiles one flag, once, at its first evaluation: microseconds",
        ("flag", "median (least to greatest)"),
        [(name, interval(measured[f"compile {name}"])) for name in compiling.questions()],
    )
    loading_rounds, flags = (1, 200) if given.quick else (min(given.rounds, LOADING_ROUNDS), loading.FLAGS)
    missing += report_loading(report, loading_rounds, flags)
    report.table(
        "Who answered",
        ("engine", "packages", "remark"),
        [(engine.name, engine.versions(), _remark(engine)) for engine in every],
    )
    if missing:
        report.table("Not run here", ("engine", "why"), missing)
    report.figures("median microseconds of each round", measured)
    report.figures("engines", names)
    report.finish()
    sys.stdout.flush()
    # Some packages keep threads that do not end: there is nothing left to wait for.
    os._exit(0)


def _remark(engine: Engine) -> str:
    return f"{engine.remark} Client: {engine.no_provider}." if engine.no_provider else engine.remark


def _plain(found: Interval) -> str:
    return f"{found.middle:.3g}" if found.middle < 1_000 else f"{found.middle:,.0f}"


if __name__ == "__main__":
    main()
