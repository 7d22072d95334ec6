"""`burgee check`: what is wrong with definitions, as the daemon itself would find it, and what is odd."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import click

from burgee.bucket import FractionalVersion
from burgee.checks import Finding
from burgee.checks import check as static_check
from burgeed.cli.daemon_options import daemon_option, read_fractional
from burgeed.cli.fault_output import counted, print_annotation, print_fault
from burgeed.cli.local import FirstWord, LocalSources, read_sources
from burgeed.cli.parameters import as_json, read_now
from burgeed.cli.presentation import print_json, print_line
from burgeed.cli.session import CommandFailed, ExitCode, Session
from burgeed.settings import SourceSetting
from burgeed.store.status import fault_report


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--strict", is_flag=True, help="Take warnings for faults.")
@click.option(
    "--format",
    "output",
    type=click.Choice(("text", "json", "github")),
    help="How to print: for a person (default), for scripts, or as annotations of a pull request on GitHub.",
)
@daemon_option("fractional")
@click.option("--now", metavar="INSTANT", help="What counts as over, in RFC 3339. Default: now.")
@as_json
@click.pass_obj
def check(
    session: Session,
    files: tuple[str, ...],
    strict: bool,
    output: str | None,
    fractional: str | None,
    now: str | None,
    as_json: bool,
) -> ExitCode:
    """Find every fault in definition files, or in directories of them.

    Several are layers, as with several --source: later ones lie on top. Where none has a fault, what they
    compose to is looked through as well, for warnings: rules that are never reached or that an earlier one
    shadows, branches of a targeting that are never taken, variants that it names and the flag lacks, weights
    of 0, variants that are never served, flags that answer everyone alike, overrides that lead nowhere or
    change nothing, windows and `expires` that have passed. A variant that a split leaves out without a weight
    is warned of where nothing else serves it either.

    Exit code 0 without a fault (warnings count with --strict only), 1 with one. --json is --format json.
    """
    if as_json and output not in (None, "json"):
        raise click.UsageError(f"--json and --format {output} both say how to print: give one")
    settings = [SourceSetting(file) for file in dict.fromkeys(files)]
    generation = read_fractional(fractional, session)
    results = asyncio.run(_check(settings, session, generation, read_now(now, session)))
    if strict:
        results = [_strict(result) for result in results]
    good = all(result["ok"] for result in results)
    if as_json or output == "json":
        print_json({"ok": good, "sources": results})
    else:
        for result in results:
            (_annotate if output == "github" else _print)(result)
    return ExitCode.OK if good else ExitCode.NO


async def _check(
    settings: list[SourceSetting], session: Session, fractional: FractionalVersion, now: float
) -> list[dict[str, Any]]:
    try:
        async with read_sources(settings, session.clock, fractional_version=fractional) as sources:
            complete = all(word.accepted for word in sources.words)
            # Without a layer, whatever refers to it would look wrong without being so.
            odd = await _odd(sources, now) if complete else {}
            return [_result(word, odd.get(word.source, ())) for word in sources.words]
    except (ValueError, TimeoutError) as error:
        raise CommandFailed(str(error) or "a source said nothing in time", ExitCode.USAGE) from error


async def _odd(sources: LocalSources, now: float) -> dict[str, list[dict[str, Any]]]:
    """By source: what the static checks warn of, in order of files and lines."""
    findings = static_check(sources.layers, sources.snapshot(), now=now)
    positions = await sources.positions({finding.origin for finding in findings})
    reports: dict[str, list[dict[str, Any]]] = {}
    for finding in findings:
        reports.setdefault(finding.source, []).append(_report(finding, positions.get(finding.origin)))
    for of_source in reports.values():
        of_source.sort(key=lambda each: (each["file"] or "", each["line"] or 0, each["column"] or 0))
    return reports


def _report(finding: Finding, position: tuple[int, int] | None) -> dict[str, Any]:
    line, column = position or (None, None)
    return {**fault_report(finding.fault), "line": line, "column": column, "check": finding.check}


def _result(word: FirstWord, odd: Iterable[dict[str, Any]]) -> dict[str, Any]:
    definitions = word.layer.definitions if word.layer is not None else ()
    return {
        "source": word.source,
        "ok": word.accepted,
        "why": word.why,
        "flags": sum(len(definition.flags) for definition in definitions),
        "overrides": sum(len(definition.overrides) for definition in definitions),
        "faults": [fault_report(fault) for fault in word.faults],
        "warnings": [*map(fault_report, word.warnings), *odd],
    }


def _strict(result: dict[str, Any]) -> dict[str, Any]:
    """The same with every warning for a fault."""
    faults = [*result["faults"], *({**each, "severity": "error"} for each in result["warnings"])]
    return {**result, "ok": result["ok"] and not faults, "faults": faults, "warnings": []}


def _annotate(result: dict[str, Any]) -> None:
    for fault in (*result["faults"], *result["warnings"]):
        print_annotation(fault, result["source"])
    if result["why"]:
        missing = {"severity": "error", "message": result["why"], "remedy": "", "path": ""}
        print_annotation({**missing, "file": None, "line": None, "column": None}, result["source"])


def _print(result: dict[str, Any]) -> None:
    for fault in (*result["faults"], *result["warnings"]):
        print_fault(fault, result["source"])
    source, warnings = result["source"], counted(len(result["warnings"]), "warning")
    if result["ok"]:
        contents = (
            f"{counted(result['flags'], 'flag')}, {counted(result['overrides'], 'override')}, {warnings}"
        )
        print_line((f"{source}: ", "strong"), ("ok", "good"), f", {contents}")
    elif result["why"]:
        print_line((f"{source}: ", "strong"), (result["why"], "error"))
    else:
        faults = counted(len(result["faults"]), "fault")
        print_line((f"{source}: ", "strong"), (faults, "error"), f", {warnings}")
