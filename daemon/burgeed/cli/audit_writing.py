"""`burgee audit prune`, `erase`, `hold`, `release`: looking after the log; each is recorded."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from burgee.instant import parse_instant
from burgeed.cli.audit_accountable import accountable, confirm, requester_of, run_on
from burgeed.cli.audit_output import (
    PRUNES,
    erases,
    nothing_known,
    print_erased,
    print_pruned,
)
from burgeed.cli.audit_store import audit_settings, settings_of
from burgeed.cli.documents import INSTANT_HELP, read_instant
from burgeed.cli.parameters import as_json, evaluation_settings
from burgeed.cli.presentation import print_json, print_line
from burgeed.cli.session import ENDS_HERE, CommandFailed, ExitCode, Session

dry_run_option = click.option("--dry-run", is_flag=True, help="Tell what would go, and let nothing go.")


@click.command("prune", epilog=ENDS_HERE)
@audit_settings
@accountable
@dry_run_option
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
    dry_run: bool,
    before: str | None,
    as_json: bool,
    **options: tuple[str, ...],
) -> ExitCode:
    """Drop whole segments that are older than the retention. What is kept can be verified as before."""
    settings = settings_of(options, session)
    requester = requester_of(settings, reason, second, "prune")
    until = parse_instant(read_instant(before, session, "--before") or "")
    instead = "burgee audit running prune"
    confirm(settings, PRUNES, yes=yes or dry_run, instead=instead)
    outcome = run_on(
        settings,
        session,
        former,
        lambda audit: audit.prune(requester, before=until, dry_run=dry_run),
        instead=instead,
    )
    document = outcome.as_json(dry_run=dry_run)
    print_json(document) if as_json else print_pruned(document)
    return ExitCode.OK


@click.command("erase", epilog=ENDS_HERE)
@click.argument("kind")
@click.argument("name")
@audit_settings
@evaluation_settings("runtime-dir")
@accountable
@dry_run_option
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
    dry_run: bool,
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
    instead = f"burgee audit running erase {shlex.quote(kind)} {shlex.quote(name)}"
    confirm(settings, erases(kind, name), yes=yes or dry_run, instead=instead)
    outcome = run_on(
        settings,
        session,
        former,
        lambda audit: audit.erase(requester, kind, name, legal_basis, dry_run=dry_run),
        instead=instead,
    )
    if not outcome.found:
        raise CommandFailed(nothing_known(kind, name))
    document = outcome.as_json(dry_run=dry_run)
    print_json(document) if as_json else print_erased(kind, name, document)
    return ExitCode.OK


@click.command("hold", epilog=ENDS_HERE)
@click.argument("name")
@audit_settings
@accountable
@as_json
@click.pass_obj
def hold_log(
    session: Session,
    /,
    name: str,
    former: tuple[Path, ...],
    reason: str,
    second: str,
    yes: bool,
    as_json: bool,
    **options: tuple[str, ...],
) -> ExitCode:
    """Put a legal hold on the log: nothing is pruned or erased until it is released."""
    settings = settings_of(options, session)
    requester = requester_of(settings, reason, second, None)
    instead = f"burgee audit running hold {shlex.quote(name)}"
    if not run_on(settings, session, former, lambda audit: audit.hold(requester, name), instead=instead):
        raise CommandFailed(f"there is a hold {name} already")
    held = {"name": name, "isNew": True}
    print_json(held) if as_json else print_line(f"hold {name}: nothing is pruned or erased")
    return ExitCode.OK


@click.command("release", epilog=ENDS_HERE)
@click.argument("name")
@audit_settings
@accountable
@as_json
@click.pass_obj
def release_log(
    session: Session,
    /,
    name: str,
    former: tuple[Path, ...],
    reason: str,
    second: str,
    yes: bool,
    as_json: bool,
    **options: tuple[str, ...],
) -> ExitCode:
    """End a legal hold."""
    settings = settings_of(options, session)
    requester = requester_of(settings, reason, second, None)
    instead = f"burgee audit running release {shlex.quote(name)}"
    confirm(
        settings,
        f"Hold {name} no longer keeps entries from being pruned or erased.",
        yes=yes,
        instead=instead,
    )
    if not run_on(settings, session, former, lambda audit: audit.release(requester, name), instead=instead):
        raise CommandFailed(f"there is no hold {name}")
    print_json({"name": name}) if as_json else print_line(f"hold {name} is released")
    return ExitCode.OK
