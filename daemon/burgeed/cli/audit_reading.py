"""`burgee audit search` and `export`: records decrypted, offline and read-only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from burgee.instant import parse_instant
from burgeed.audit.errors import AuditError
from burgeed.audit.reader import AuditReader
from burgeed.audit.records import AuditFilter, AuditRecord
from burgeed.cli.audit_output import print_records
from burgeed.cli.audit_store import audit_settings, masters_of, open_log, reader_of, settings_of
from burgeed.cli.documents import INSTANT_HELP, read_instant
from burgeed.cli.parameters import as_json
from burgeed.cli.presentation import print_json
from burgeed.cli.session import ENDS_HERE, CommandFailed, ExitCode, Session

Function = TypeVar("Function", bound=Callable[..., Any])

_KEYS = "--state-dir and --audit-key-file say where the log and its master key are"


def audit_filters(function: Function) -> Function:
    """Which entries; the command receives each option as a text or None."""
    for name, explanation in (
        ("until", f"Entries before then only: {INSTANT_HELP}."),
        ("since", f"Entries from then on: {INSTANT_HELP}."),
        ("scope", "Of this scope's overrides, such as a customer's id."),
        ("level", "Of overrides of this level."),
        ("flag", "Of this flag."),
        ("flag-set", "Of this flag set, by its flagSetId; empty is the one without an id."),
        ("action", "Of this action; override.* is whatever begins so."),
        ("actor", "Of this actor, or on their behalf."),
    ):
        function = click.option(f"--{name}", metavar="TEXT", default=None, help=explanation)(function)
    return function


@click.command("search", epilog=ENDS_HERE)
@audit_settings
@audit_filters
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Records at most."
)
@as_json
@click.pass_obj
def search_records(
    session: Session, /, former: tuple[Path, ...], limit: int, as_json: bool, **options: Any
) -> ExitCode:
    """Show records, newest first. What was erased is shown as [erased]."""
    which = _which(options, session)
    with _Opened(session, former, options) as reader:
        records = asyncio.run(_newest(reader, which, limit))
    if as_json:
        print_json([record.as_json() for record in records])
        return ExitCode.OK
    print_records([record.as_json() for record in records])
    return ExitCode.OK


@click.command("export", epilog=ENDS_HERE)
@audit_settings
@audit_filters
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.pass_obj
def export_records(
    session: Session, /, former: tuple[Path, ...], form: Literal["jsonl", "csv"], **options: Any
) -> ExitCode:
    """Write records to standard output, oldest first.

    JSON Lines without a filter is verified by `burgee audit verify --export`. It has personal data in clear.
    """
    which = _which(options, session)

    async def write(reader: AuditReader) -> None:
        async for line in reader.export(which, form):
            click.echo(line, nl=False)

    with _Opened(session, former, options) as reader:
        asyncio.run(write(reader))
    return ExitCode.OK


class _Opened:
    """A reader for as long as the command takes. Raises CommandFailed."""

    def __init__(
        self, session: Session, former: tuple[Path, ...], options: dict[str, tuple[str, ...]]
    ) -> None:
        settings = settings_of(options, session)
        try:
            masters = masters_of(settings, session, former)
        except AuditError as error:
            raise CommandFailed(f"{error}\n  {_KEYS}") from error
        try:
            self._log = open_log(settings)
        except AuditError as error:
            raise CommandFailed(str(error)) from error
        self._reader = reader_of(self._log, masters)

    def __enter__(self) -> AuditReader:
        return self._reader

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._log.close()
        if isinstance(error, AuditError):
            raise CommandFailed(str(error)) from error


async def _newest(reader: AuditReader, which: AuditFilter, limit: int) -> list[AuditRecord]:
    records: list[AuditRecord] = []
    cursor: int | None = None
    while len(records) < limit:
        page = await reader.search(which, limit - len(records), cursor)
        records += page.records
        if page.next is None:
            break
        cursor = page.next
    return records


def _which(options: dict[str, Any], session: Session) -> AuditFilter:
    """The filter; takes its options out."""
    actor, action, flag, level, scope = (
        options.pop(name) or "" for name in ("actor", "action", "flag", "level", "scope")
    )
    since, until = (
        parse_instant(read_instant(options.pop(name), session, f"--{name}") or "")
        for name in ("since", "until")
    )
    return AuditFilter(actor, action, options.pop("flag_set"), flag, level, scope, since, until)
