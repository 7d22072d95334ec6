"""`burgee audit running prune`, `erase`: dropping what is old, and whoever has to be forgotten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from burgeed.cli.admin import Admin, accounted, admin
from burgeed.cli.audit_output import PRUNES, erases, nothing_known, print_erased, print_pruned
from burgeed.cli.confirming import confirm
from burgeed.cli.credentials import credential_of_file
from burgeed.cli.documents import INSTANT_HELP, read_instant
from burgeed.cli.presentation import print_json
from burgeed.cli.session import ENDS_WRITING, CommandFailed, ExitCode
from burgeed.cli.unknown_outcome import telling_unknown

Function = TypeVar("Function", bound=Callable[..., Any])


def _grave(function: Function) -> Function:
    """What the two take: they cannot be taken back."""
    for option in (
        click.option("--yes", is_flag=True, help="Do it, without asking."),
        click.option("--dry-run", is_flag=True, help="Tell what would go, and let nothing go."),
        click.option(
            "--second-token-file",
            "second",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="PATH",
            help="A file with the token of a second person who agrees, where the audit's mode wants two.",
        ),
    ):
        function = option(function)
    return accounted(function)


@click.command("prune", epilog=ENDS_WRITING)
@click.option("--before", metavar="INSTANT", help=f"Only what is older than this: {INSTANT_HELP}.")
@_grave
@admin
def prune(asked: Admin, /, before: str | None, yes: bool, **how: Any) -> ExitCode:
    """Drop whole segments that are older than the retention. What is kept can be verified as before."""
    until = read_instant(before, asked.session, "--before")
    confirm(f"{PRUNES} Go on?", confirmed=yes or how["dry_run"])
    message = {} if until is None else {"before": until}
    outcome = _send(asked, "prune", "pruned", message, **how)
    print_json(outcome) if asked.as_json else print_pruned(outcome)
    return ExitCode.OK


@click.command("erase", epilog=ENDS_WRITING)
@click.argument("kind")
@click.argument("name")
@click.option("--legal-basis", metavar="TEXT", required=True, help="Kept in the audit; name no person in it.")
@_grave
@admin
def erase(asked: Admin, /, kind: str, name: str, legal_basis: str, yes: bool, **how: Any) -> ExitCode:
    """Make the personal data of one subject unreadable for ever, in the audit and in the history.

    KIND is person for who acts, else the level: customer, organization. NAME is as it was recorded: a token's
    name, uid:1000, a customer's id. What is in force has to be taken back first; it is named. The store
    is written anew, which may take longer than --deadline says. Exit code 1 where there is no such subject.
    """
    confirm(f"{erases(kind, name)} Go on?", confirmed=yes or how["dry_run"])
    message = {"kind": kind, "name": name, "legalBasis": legal_basis}
    outcome = _send(asked, "erase", "erased", message, **how)
    if asked.as_json:
        print_json(outcome)
    if not outcome["found"]:
        raise CommandFailed(nothing_known(kind, name))
    if not asked.as_json:
        print_erased(kind, name, outcome)
    return ExitCode.OK


def _send(
    asked: Admin,
    what: str,
    done: str,
    message: dict[str, str],
    *,
    reason: str | None,
    actor: str | None,
    dry_run: bool,
    second: Path | None,
) -> dict[str, Any]:
    headers = {} if second is None else {"Burgee-Second-Token": credential_of_file(second).token}
    query = {"reason": reason, "actor": actor, "dry_run": "true" if dry_run else None}
    unknown = f"whether it was {done} is not known: burgee audit running search --action audit.{what} tells"
    with telling_unknown(unknown):
        return asked.ask("POST", f"/audit/{what}", message, query=query, headers=headers)
