"""`burgee test`: the expectations that definitions carry, held against their own answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from burgee.bucket import FractionalVersion
from burgee.expectations.coverage import Coverage, NeverServed, coverage_of
from burgee.expectations.naming import misnamed
from burgee.expectations.running import Verdict, run
from burgee.fault import Fault, path_text
from burgee.flag import Origin
from burgee.instant import instant_text
from burgeed.cli.daemon_options import daemon_option, read_fractional
from burgeed.cli.fault_output import counted, place, print_fault
from burgeed.cli.local import LocalSources, read_sources
from burgeed.cli.parameters import as_json, read_now
from burgeed.cli.presentation import print_json, print_line, print_table, value_text
from burgeed.cli.session import CommandFailed, ExitCode, Session
from burgeed.reading.process import ReaderFailed
from burgeed.settings import SourceSetting
from burgeed.store.status import fault_report

_LISTED = 50
"""Rules, branches and variants that are listed for a person; JSON has all."""

Positions = dict[Origin, tuple[int, int]]


class Outcome(NamedTuple):
    """How a run ended.

    Attributes:
        faults: what expectations name that is nowhere; then nothing was run.
        positions: of everything that can be found.
    """

    faults: tuple[Fault, ...]
    verdicts: tuple[Verdict, ...]
    coverage: Coverage
    positions: Positions

    @property
    def failures(self) -> list[Verdict]:
        """Expectations that are not met."""
        return [verdict for verdict in self.verdicts if verdict.differences]


@click.command("test")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--coverage-required",
    "required",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Fail below this share of rules hit, of branches taken, or of variants served.",
)
@daemon_option("fractional")
@click.option("--now", metavar="INSTANT", help="For expectations without a time, in RFC 3339. Default: now.")
@as_json
@click.pass_obj
def test(
    session: Session,
    files: tuple[str, ...],
    required: float | None,
    fractional: str | None,
    now: str | None,
    as_json: bool,
) -> ExitCode:
    """Run the expectations under `tests` in definition files, or in directories of them.

    Several are layers, as with several --source: later ones lie on top, and expectations are about what they
    compose to. Only what `expected` states is compared: value, variant, reason, error, codeDefault, source,
    scope, rule. Rules that no expectation hits, those of overrides too, branches of a targeting's `if` that
    none takes, and variants that none is served are listed.

    Exit code 0 when all are met, 1 when one is not or too little is covered, 2 where there are none.
    """
    settings = [SourceSetting(file) for file in dict.fromkeys(files)]
    generation = read_fractional(fractional, session)
    outcome = asyncio.run(_test(settings, session, generation, read_now(now, session)))
    reached = outcome.coverage
    short = required is not None and required > min(
        reached.rules_percent, reached.branches_percent, reached.variants_percent
    )
    good = not (outcome.faults or outcome.failures or short)
    if as_json:
        print_json({"ok": good, **_document(outcome)})
    else:
        _print(outcome)
        if short:
            print_line(("coverage is below ", "error"), (f"{required:g} %", "error"))
    return ExitCode.OK if good else ExitCode.NO


async def _test(
    settings: Sequence[SourceSetting], session: Session, fractional: FractionalVersion, now: float
) -> Outcome:
    try:
        async with read_sources(settings, session.clock, fractional_version=fractional) as sources:
            for word in sources.words:
                if not word.accepted:
                    faults = "\n".join(str(fault) for fault in word.faults)
                    raise CommandFailed(f"{word.source} cannot be used: {word.why or faults}")
            return await _outcome(sources, now)
    except ReaderFailed as failure:
        raise CommandFailed(str(failure)) from failure
    except (ValueError, TimeoutError) as error:
        raise CommandFailed(str(error) or "a source said nothing in time", ExitCode.USAGE) from error


async def _outcome(sources: LocalSources, now: float) -> Outcome:
    snapshot, expectations = sources.snapshot(), await sources.expectations()
    if not expectations:
        raise CommandFailed("there is nothing to test: no FILE has `tests`", ExitCode.USAGE)
    wrong = list(misnamed(snapshot, expectations))
    verdicts = [] if wrong else [run(snapshot, each, now=now) for each in expectations]
    coverage = coverage_of(snapshot, verdicts)
    missed = (*coverage.rules_never_hit, *coverage.branches_never_taken, *coverage.variants_never_served)
    origins = {each.origin for each in missed}
    # Variants of a boolean flag need not be written: then the flag is where they stand.
    origins |= {_flag(each) for each in coverage.variants_never_served}
    for verdict in verdicts:
        if verdict.differences:
            origins.add(verdict.expectation.origin)
            if verdict.decided is not None and verdict.decided.origin is not None:
                origins.add(verdict.decided.origin)
    places = [Origin(each.origin.source, fault.file, fault.path) for each, fault in wrong]
    positions = await sources.positions({*origins, *places})
    faults = [
        Fault(fault.message, fault.path, fault.remedy, file=fault.file, line=line, column=column)
        for (_, fault), origin in zip(wrong, places, strict=True)
        for line, column in [positions.get(origin, (None, None))]
    ]
    return Outcome(tuple(faults), tuple(verdicts), coverage, positions)


def _flag(missed: NeverServed) -> Origin:
    return Origin(missed.origin.source, missed.origin.file, missed.origin.path[:-2])


def _document(outcome: Outcome) -> dict[str, Any]:
    coverage = outcome.coverage
    return {
        "expectations": len(outcome.verdicts),
        "passed": len(outcome.verdicts) - len(outcome.failures),
        "failed": len(outcome.failures),
        "faults": [fault_report(fault) for fault in outcome.faults],
        "failures": [_failure(verdict, outcome.positions) for verdict in outcome.failures],
        "coverage": {
            "rules": _share(coverage.rules, coverage.rules_percent, coverage.rules_never_hit, outcome),
            "branches": _share(
                coverage.branches, coverage.branches_percent, coverage.branches_never_taken, outcome
            ),
            "variants": _share(
                coverage.variants, coverage.variants_percent, coverage.variants_never_served, outcome
            ),
        },
    }


def _share(number: int, percent: float, missed: Sequence[NeverServed], outcome: Outcome) -> dict[str, Any]:
    return {
        "number": number,
        "reached": number - len(missed),
        "percent": round(percent, 2),
        "missed": [_missed(each, outcome.positions) for each in missed],
    }


def _missed(missed: NeverServed, positions: Positions) -> dict[str, Any]:
    document: dict[str, Any] = {"flag": missed.flag_key, "name": missed.name}
    if missed.override is not None:
        document |= {"level": missed.override.level, "scope": missed.override.scope}
    # A variant that is not written down comes with its flag's being boolean.
    stands = missed.origin in positions or missed.origin.path[-2:-1] != ("variants",)
    return document | _where(missed.origin if stands else _flag(missed), positions)


def _where(origin: Origin, positions: Positions) -> dict[str, Any]:
    line, column = positions.get(origin, (None, None))
    return {
        "source": origin.source,
        "file": origin.file,
        "line": line,
        "column": column,
        "path": path_text(origin.path),
    }


def _failure(verdict: Verdict, positions: Positions) -> dict[str, Any]:
    expectation, decided = verdict.expectation, verdict.decided
    document: dict[str, Any] = {
        "name": expectation.name,
        "flag": expectation.flag_key,
        "context": dict(expectation.context),
        "time": instant_text(verdict.time),
        **_where(expectation.origin, positions),
        "differences": [each._asdict() for each in verdict.differences],
        "decidedBy": None,
    }
    if verdict.resolution.error_code is not None:
        document["errorDetails"] = verdict.resolution.error_message
    if decided is not None:
        where = None if decided.origin is None else _where(decided.origin, positions)
        document["decidedBy"] = {"name": decided.name, "detail": decided.detail, "origin": where}
    return document


def _print(outcome: Outcome) -> None:
    for fault in outcome.faults:
        print_fault(fault_report(fault), "")
    if outcome.faults:
        print_line((counted(len(outcome.faults), "fault"), "error"), ": nothing was run")
        return
    for verdict in outcome.failures:
        _print_failure(_failure(verdict, outcome.positions))
    coverage = outcome.coverage
    _print_missed("rule never hit", coverage.rules_never_hit, outcome.positions)
    _print_missed("branch never taken", coverage.branches_never_taken, outcome.positions)
    _print_missed("variant never served", coverage.variants_never_served, outcome.positions)
    number, failed = len(outcome.verdicts), len(outcome.failures)
    branches = _reached(coverage.branches, coverage.branches_never_taken, coverage.branches_percent)
    print_line(
        (counted(number, "expectation"), "strong"),
        ": ",
        (f"{number - failed} passed", "good" if failed < number else ""),
        ", ",
        (f"{failed} failed", "error" if failed else ""),
        f"; {_reached(coverage.rules, coverage.rules_never_hit, coverage.rules_percent)} rules hit, ",
        f"{branches} branches taken, " if coverage.branches else "",
        _reached(coverage.variants, coverage.variants_never_served, coverage.variants_percent),
        " variants served",
    )


def _reached(number: int, missed: Sequence[NeverServed], percent: float) -> str:
    # Rounded down: only everything is 100 %.
    return f"{number - len(missed)} of {number} ({int(percent)} %)"


def _print_failure(failure: dict[str, Any]) -> None:
    title = failure["name"] or f"flag {failure['flag']}"
    print_line((f"{place(failure, failure['source'])}: ", "strong"), ("failed: ", "error"), title)
    for each in failure["differences"]:
        print_line(
            f"    {each['field']}: expected ",
            (value_text(each["expected"]), "good"),
            ", got ",
            (value_text(each["actual"]), "error"),
        )
    decided = failure["decidedBy"]
    if decided is not None:
        origin = decided["origin"]
        where = f" ({place(origin, origin['source'])})" if origin else ""
        print_line(("    decided by ", "quiet"), f"{decided['name']}: {decided['detail']}", (where, "quiet"))


def _print_missed(what: str, missed: Sequence[NeverServed], positions: Positions) -> None:
    rows = []
    for each in missed[:_LISTED]:
        found = _missed(each, positions)
        whose = f" for {found['level']} {found['scope']}" if "level" in found else ""
        rows.append(
            [
                (what, "warning"),
                (each.name, "strong"),
                (f"{each.flag_key}{whose}", ""),
                (place(found, found["source"]), "quiet"),
            ]
        )
    if rows:
        print_table(["", "name", "flag", "where"], rows)
    if len(missed) > _LISTED:
        print_line((f"... and {len(missed) - _LISTED} more; --json lists all", "quiet"))
