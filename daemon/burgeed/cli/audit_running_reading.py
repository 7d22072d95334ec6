"""`burgee audit running search`, `export`, `checkpoint`: reading the log that a running daemon has open."""

from __future__ import annotations

from typing import Any

import click

from burgeed.cli.admin import Admin, Query, admin, limit_option, print_more
from burgeed.cli.audit_output import print_records
from burgeed.cli.audit_reading import audit_filters
from burgeed.cli.documents import read_instant
from burgeed.cli.presentation import print_json
from burgeed.cli.session import ENDS_ASKING, ExitCode


@click.command("search", epilog=ENDS_ASKING)
@audit_filters
@limit_option(100)
@admin
def search(asked: Admin, /, limit: int, **filters: Any) -> ExitCode:
    """Show records, newest first. What was erased is shown as [erased]. That you read is an entry too."""
    items, more = asked.pages("/audit", _query(asked, filters), limit)
    if asked.as_json:
        print_json({"items": items, "more": more})
    else:
        print_records(items)
        print_more(more, limit)
    return ExitCode.OK


@click.command("export", epilog=ENDS_ASKING)
@audit_filters
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@admin
def export(asked: Admin, /, form: str, **filters: Any) -> ExitCode:
    """Write records to standard output, oldest first.

    JSON Lines without a filter is verified by `burgee audit verify --export`. It has personal data in clear.
    """
    if asked.as_json and form != "jsonl":
        raise click.UsageError("--json and --format csv both say how to print: give one")
    for piece in asked.download("/audit/export", {**_query(asked, filters), "format": form}):
        click.echo(piece, nl=False)
    return ExitCode.OK


@click.command("checkpoint", epilog=ENDS_ASKING)
@admin
def checkpoint(asked: Admin, /) -> ExitCode:
    """Print the newest signed checkpoint (C2SP): kept elsewhere, `burgee audit verify --anchor` takes it."""
    note = b"".join(asked.download("/audit/checkpoint", {})).decode()
    print_json({"checkpoint": note}) if asked.as_json else click.echo(note, nl=False)
    return ExitCode.OK


def _query(asked: Admin, filters: dict[str, Any]) -> Query:
    instants = {name: read_instant(filters[name], asked.session, f"--{name}") for name in ("since", "until")}
    return {**filters, **instants}
