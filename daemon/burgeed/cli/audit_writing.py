"""`burgee audit prune`, `erase`, `hold`, `release`: looking after the log; each is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from burgee.instant import parse_instant
from burgeed.cli.audit_accountable import accountable, confirm, requester_of, run_on
from burgeed.cli.audit_store import audit_settings, settings_of
from burgeed.cli.documents import INSTANT_HELP, read_instant
from burgeed.cli.parameters import as_json, evaluation_settings
from burgeed.cli.presentation import print_json, print_line
from burgeed.cli.session import CommandFailed, ExitCode, Session

Function = TypeVar("Function", bound=Callable[..., Any])
Outcome = TypeVar("Outcome")


@click.command("prune")
@audit_settings
@accountable
@click.option("--before", metavar="INSTANT", help=f"Only what is older than this: {INSTANT_HELP}.")
@as_json
@click.pass_obj
def prune_log(
    session: Session,
    /,
    former: tuple[Path, ...],
    reason: str,
    second: str,
    yes: bool,
    before: str | None,
    as_json: bool,
    **options: tuple[str, ...],
) -> ExitCode:
    """Drop whole segments that are older than the retention. What is kept can be verified as before."""
    settings = settings_of(options, session)
    requester = requester_of(settings, reason, second, "prune")
    until = parse_instant(read_instant(before, session, "--before") or "")
    confirm(yes, "Entries older than the retention are deleted for ever.")
    outcome = run_on(settings, session, former, lambda audit: audit.prune(requester, before=until))
    if as_json:
        print_json(asdict(outcome))
    else:
        print_line(f"{outcome.segments} segments with {outcome.entries} entries are pruned")
    return ExitCode.OK


@click.command("erase")
@click.argument("kind")
@click.argument("name")
@audit_settings
@evaluation_settings("runtime-dir")
@accountable
@click.option("--legal-basis", metavar="TEXT", required=True, help="Kept in the audit; name no person in it.")
@as_json
@click.pass_obj
def erase_subject(
    session: Session,
    /,
    kind: str,
    name: str,
    former: tuple[Path, ...],
    reason: str,
    second: str,
    yes: bool,
    legal_basis: str,
    as_json: bool,
    **options: tuple[str, ...],
) -> ExitCode:
    """Make the personal data of one subject unreadable for ever, in the audit and in the history.

    KIND is person for who acts, else the level: customer, organization. NAME is as it was recorded: a token's
    name, uid:1000, a customer's id. What is in force has to be taken back first: overrides, tokens. Exit code
    1 where there is no such subject.
    """
    settings = settings_of(options, session)
    requester = requester_of(settings, reason, second, "erase")
    confirm(yes, f"What the audit and the history say of {kind} {name} becomes unreadable for ever.")
    outcome = run_on(settings, session, former, lambda audit: audit.erase(requester, kind, name, legal_basis))
    if not outcome.found:
        raise CommandFailed(f"nothing is known of {kind} {name}; for who acts, the kind is person")
    if as_json:
        print_json(asdict(outcome))
    else:
        print_line(f"{kind} {name} is erased, in {outcome.entries} entries and {outcome.revisions} revisions")
        if outcome.subject_id:
            print_line("pseudonym in the audit: ", outcome.subject_id)
        if outcome.pseudonym:
            print_line("pseudonym in the history: ", outcome.pseudonym)
        for place in outcome.left:
            print_line(("left: ", "warning"), place)
    return ExitCode.OK


@click.command("hold")
@click.argument("name")
@audit_settings
@accountable
@click.pass_obj
def hold_log(
    session: Session,
    /,
    name: str,
    former: tuple[Path, ...],
    reason: str,
    second: str,
    yes: bool,
    **options: tuple[str, ...],
) -> ExitCode:
    """Put a legal hold on the log: nothing is pruned or erased until it is released."""
    settings = settings_of(options, session)
    requester = requester_of(settings, reason, second, None)
    if not run_on(settings, session, former, lambda audit: audit.hold(requester, name)):
        raise CommandFailed(f"there is a hold {name} already")
    print_line(f"hold {name}: nothing is pruned or erased")
    return ExitCode.OK


@click.command("release")
@click.argument("name")
@audit_settings
@accountable
@click.pass_obj
def release_log(
    session: Session,
    /,
    name: str,
    former: tuple[Path, ...],
    reason: str,
    second: str,
    yes: bool,
    **options: tuple[str, ...],
) -> ExitCode:
    """End a legal hold."""
    settings = settings_of(options, session)
    requester = requester_of(settings, reason, second, None)
    confirm(yes, f"Hold {name} no longer keeps entries from being pruned or erased.")
    if not run_on(settings, session, former, lambda audit: audit.release(requester, name)):
        raise CommandFailed(f"there is no hold {name}")
    print_line(f"hold {name} is released")
    return ExitCode.OK
