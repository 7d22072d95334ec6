"""`burgee check`: what is wrong with definitions, as the daemon itself would find it."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from burgee.fault import Fault
from burgeed.cli.local import FirstWord, LocalSources, read_sources
from burgeed.cli.parameters import as_json
from burgeed.cli.presentation import print_json, print_line
from burgeed.cli.session import CommandFailed, ExitCode, Session
from burgeed.settings import SourceSetting
from burgeed.store.status import fault_report


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@as_json
@click.pass_obj
def check(session: Session, files: tuple[str, ...], as_json: bool) -> ExitCode:
    """Find every fault in definition files, or in directories of them.

    Several are layers, as with several --source: later ones lie on top. Exit code 0 without a fault
    (warnings do not count), 1 with one.
    """
    results = asyncio.run(_check([SourceSetting(file) for file in dict.fromkeys(files)], session))
    if as_json:
        print_json({"ok": all(result["ok"] for result in results), "sources": results})
    else:
        for result in results:
            _print(result)
    return ExitCode.OK if all(result["ok"] for result in results) else ExitCode.NO


async def _check(settings: list[SourceSetting], session: Session) -> list[dict[str, Any]]:
    try:
        async with read_sources(settings, session.clock) as sources:
            inactive = await _inactive(sources)
            return [_result(word, inactive.get(word.source, ())) for word in sources.words]
    except (ValueError, TimeoutError) as error:
        raise CommandFailed(str(error) or "a source said nothing in time", ExitCode.USAGE) from error


async def _inactive(sources: LocalSources) -> dict[str, list[Fault]]:
    """By source: what leads nowhere once the layers lie on one another, as warnings."""
    found = sources.snapshot().inactive
    positions = await sources.positions({entry.override.origin for entry in found})
    warnings: dict[str, list[Fault]] = {}
    for entry in found:
        origin = entry.override.origin
        line, column = positions.get(origin, (None, None))
        warnings.setdefault(origin.source, []).append(
            Fault(
                f"inactive: {entry.why}",
                origin.path,
                severity="warning",
                file=origin.file,
                line=line,
                column=column,
            )
        )
    return warnings


def _result(word: FirstWord, inactive: list[Fault] | tuple[()]) -> dict[str, Any]:
    definitions = word.layer.definitions if word.layer is not None else ()
    return {
        "source": word.source,
        "ok": word.accepted,
        "why": word.why,
        "flags": sum(len(definition.flags) for definition in definitions),
        "overrides": sum(len(definition.overrides) for definition in definitions),
        "faults": [fault_report(fault) for fault in word.faults],
        "warnings": [fault_report(fault) for fault in (*word.warnings, *inactive)],
    }


def _print(result: dict[str, Any]) -> None:
    for fault in (*result["faults"], *result["warnings"]):
        _print_fault(fault, result["source"])
    source, warnings = result["source"], _counted(len(result["warnings"]), "warning")
    if result["ok"]:
        contents = (
            f"{_counted(result['flags'], 'flag')}, {_counted(result['overrides'], 'override')}, {warnings}"
        )
        print_line((f"{source}: ", "strong"), ("ok", "good"), f", {contents}")
    elif result["why"]:
        print_line((f"{source}: ", "strong"), (result["why"], "error"))
    else:
        faults = _counted(len(result["faults"]), "fault")
        print_line((f"{source}: ", "strong"), (faults, "error"), f", {warnings}")


def _print_fault(fault: dict[str, Any], source: str) -> None:
    position = [fault["file"] or source, fault["line"], fault["column"]]
    where = ":".join(str(part) for part in position if part is not None)
    at = f" (at {fault['path']})" if fault["path"] else ""
    print_line(
        (f"{where}: ", "strong"),
        (f"{fault['severity']}: ", fault["severity"]),
        fault["message"],
        (at, "quiet"),
    )
    if fault["remedy"]:
        print_line(f"    {fault['remedy']}")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number or 'no'} {noun}s"
