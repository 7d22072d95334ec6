"""`burgee bundle to-json`: a definition in YAML or TOML as JSON, for a daemon that takes no other."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from burgee.errors import DefinitionError
from burgeed.cli.fault_output import print_fault
from burgeed.cli.session import CommandFailed, ExitCode
from burgeed.durable_file import SHARED, write_durably
from burgeed.reading.limits import FILE_SIZE_LIMIT
from burgeed.reading.messages import SourceFile
from burgeed.reading.process import ReaderFailed, ReaderProcess
from burgeed.store.status import fault_report


@click.command("to-json")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="The file to write. Default: standard output.",
)
def to_json(path: Path, output: Path | None) -> ExitCode:
    """Write a definition file in YAML or TOML as JSON, as the daemon reads it; comments are lost.

    Exit code 1 where it cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(FILE_SIZE_LIMIT + 1)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}") from error
    try:
        document = asyncio.run(_converted(SourceFile(str(path), content)))
    except DefinitionError as refusal:
        for fault in refusal.faults:
            print_fault(fault_report(fault), str(path))
        return ExitCode.NO
    except ReaderFailed as failure:
        raise CommandFailed(str(failure)) from failure
    if output is None:
        click.echo(document, nl=False)
        return ExitCode.OK
    try:
        write_durably(output, document, mode=SHARED)
    except OSError as error:
        raise CommandFailed(f"{output} cannot be written: {error.strerror}") from error
    return ExitCode.OK


async def _converted(file: SourceFile) -> bytes:
    reader = ReaderProcess()
    try:
        return await reader.as_json(file)
    finally:
        await reader.close()
