"""`burgee snapshot`: definitions into a snapshot file, and what is in one."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from burgee.errors import SnapshotError
from burgee.generation import Generation
from burgee.snapshot import Snapshot
from burgee.snapshot_bytes import read, read_header, write
from burgeed.cli.fault_output import counted
from burgeed.cli.local import LocalSources, read_sources
from burgeed.cli.parameters import as_command_line, as_json, evaluation_settings
from burgeed.cli.presentation import print_json, print_line
from burgeed.cli.session import ENDS_HERE, CommandFailed, ExitCode, Session
from burgeed.durable_file import SHARED, write_durably
from burgeed.geography.attributes import needs_daemon
from burgeed.settings import Settings, gather

LARGEST_FILE = 1 << 30
"""Bytes that `show` reads."""

EVALUATION_SETTINGS = ("source", "environment", "context", "fractional", "geoip")
"""The daemon's options that change what a snapshot holds."""


@click.group("snapshot", invoke_without_command=True, epilog=ENDS_HERE)
@evaluation_settings(*EVALUATION_SETTINGS)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="PATH", help="The file to write."
)
@as_json
@click.pass_context
def snapshot(
    click_context: click.Context, /, output: Path | None, as_json: bool, **options: tuple[str, ...]
) -> ExitCode | None:
    """Write definitions to a snapshot file, which an application can start from: bootstrap= of the provider.

    Give the options that the daemon is given: what a snapshot answers depends on them. Sources are read as
    the daemon reads them, and each has to be without fault. The file is put in place at once, or not at all.
    """
    if click_context.invoked_subcommand is not None:
        return None
    session: Session = click_context.obj
    if output is None:
        raise click.UsageError(
            "--output names the file to write; `burgee snapshot show` tells what is in one"
        )
    settings = gather(as_command_line(options), session.environment)
    made = asyncio.run(_read(settings, session))
    marked = needs_daemon(made) if settings.geoip is not None else frozenset()
    try:
        data = write(made, needs_daemon=marked).data
        write_durably(output, data, mode=SHARED)
    except SnapshotError as error:
        raise CommandFailed(f"the definitions cannot be written as a snapshot: {error}") from error
    except OSError as error:
        raise CommandFailed(f"{output} cannot be written: {error.strerror}") from error
    report = _report(output, data)
    print_json(report) if as_json else _print(report)
    return ExitCode.OK


@snapshot.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def show(path: Path, as_json: bool) -> ExitCode:
    """Tell what is in a snapshot file, and whether all of it is sound.

    Exit code 0 for a sound one, 1 for any other.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > LARGEST_FILE:
        raise CommandFailed(f"{path} is over {LARGEST_FILE} bytes")
    report = _report(path, data)
    print_json(report) if as_json else _print(report)
    return ExitCode.OK if report["sound"] else ExitCode.NO


async def _read(settings: Settings, session: Session) -> Snapshot:
    try:
        reading = read_sources(
            settings.sources, session.clock, fractional_version=settings.fractional_version
        )
        async with reading as sources:
            _refuse_faults(sources, settings)
            made = sources.snapshot()
    except (ValueError, TimeoutError) as error:
        raise CommandFailed(str(error) or "a source said nothing in time", ExitCode.USAGE) from error
    # Never equal to another file's, nor to any that a daemon publishes.
    return replace(made, generation=Generation(secrets.token_hex(8), 1), fixed=dict(settings.fixed))


def _refuse_faults(sources: LocalSources, settings: Settings) -> None:
    for word, setting in zip(sources.words, settings.sources, strict=True):
        if not word.accepted and not (word.why and setting.optional):
            faults = "\n".join(str(fault) for fault in word.faults)
            raise CommandFailed(f"{setting.uri} cannot be used: {word.why or faults}")


def _report(path: Path, data: bytes) -> dict[str, Any]:
    """What is in a file; with ``fault`` and ``why`` where it is not sound, as far as it can be read."""
    report: dict[str, Any] = {"file": str(path), "bytes": len(data), "sound": False}
    try:
        header = read_header(data)
        report |= {"generation": str(header.generation), "features": sorted(header.features)}
        found = read(data, whole=True)
        report["flagSets"] = [
            {"flagSetId": flag_set.flag_set_id, "flags": len(flag_set.flags), "kills": len(flag_set.kills)}
            for flag_set in found.selected()
        ]
    except SnapshotError as error:
        return {**report, "fault": error.fault, "why": str(error)}
    return {**report, "sound": True}


def _print(report: dict[str, Any]) -> None:
    print_line((f"{report['file']}: ", "strong"), f"{counted(report['bytes'], 'byte')}")
    if "generation" in report:
        print_line("generation ", report["generation"])
        print_line("features ", ", ".join(report["features"]) or "none")
    for each in report.get("flagSets", ()):
        name = each["flagSetId"] or "(without an id)"
        print_line(f"flag set {name}: ", counted(each["flags"], "flag"), ", ", counted(each["kills"], "kill"))
    if report["sound"]:
        print_line("checksum ", ("ok", "good"))
    else:
        print_line((f"not sound ({report['fault']}): ", "error"), report["why"])
