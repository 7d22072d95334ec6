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
from burgeed.cli.audit_store import audit_settings, masters_of, open_log, reader_of, settings_of
from burgeed.cli.documents import INSTANT_HELP, read_instant
from burgeed.cli.parameters import as_json
from burgeed.cli.presentation import instant, print_json, print_line, print_table, value_text
from burgeed.cli.session import CommandFailed, ExitCode, Session

Function = TypeVar("Function", bound=Callable[..., Any])

COLUMNS = ["seq", "at", "actor", "action", "flag", "scope", "leaf", "old", "new", "reason"]


def _filters(function: Function) -> Function:
    """Which entries."""
    for name, explanation in (
        ("until", f"Entries before then only: {INSTANT_HELP}."),
        ("since", f"Entries from then on: {INSTANT_HELP}."),
        ("scope", "Of this scope's overrides, such as a customer's id."),
        ("level", "Of overrides of this level."),
        ("flag", "Of this flag."),
        ("action", "Of this action; override.* is whatever begins so."),
        ("actor", "Of this actor, or on their behalf."),
    ):
        function = click.option(f"--{name}", metavar="TEXT", default=None, help=explanation)(function)
    return function


@click.command("search")
@audit_settings
@_filters
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
    print_table(COLUMNS, [_row(record) for record in records])
    if not records:
        print_line(("no entry is so", "quiet"))
    return ExitCode.OK


@click.command("export")
@audit_settings
@_filters
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
    return AuditFilter(actor, action, None, flag, level, scope, since, until)


def _row(record: AuditRecord) -> list[tuple[str, str]]:
    on_behalf = f" for {record.on_behalf_of}" if record.on_behalf_of else ""
    scope = f"{record.level} {record.scope}" if record.scope else ""
    old = value_text(record.old) if record.had_old else ""
    new = value_text(record.new) if record.has_new else ""
    return [
        (str(record.seq), "quiet"), (instant(record.at), "quiet"), (record.actor + on_behalf, "strong"),
        (record.action, ""), (record.flag_key, ""), (scope, ""), (record.leaf, ""), (old, "quiet"),
        (new, "good"), (record.reason, "quiet"),
    ]  # fmt: skip
