"""`burgee audit prune`, `erase`, `hold`, `release`, `rotate`: looking after the log; each is recorded."""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from burgee.instant import parse_instant
from burgeed.audit.errors import KeyUnusable
from burgeed.audit.key_file import read_or_make_key
from burgeed.audit.keys import AuditKeys, MasterKey, MasterKeys, open_keys
from burgeed.audit.log import AuditLog
from burgeed.audit.modes import MODES, Privileged, clock_is_synchronised, refusal
from burgeed.audit.records import Requester
from burgeed.cli.audit_store import audit_settings, settings_of, writing
from burgeed.cli.documents import INSTANT_HELP, read_instant
from burgeed.cli.parameters import as_json
from burgeed.cli.presentation import print_json, print_line
from burgeed.cli.session import CommandFailed, ExitCode, Session
from burgeed.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])
Outcome = TypeVar("Outcome")


def _accountable(function: Function) -> Function:
    """Who, why, and that they mean it."""
    function = click.option("--yes", is_flag=True, help="Do it, without asking.")(function)
    function = click.option("--second", metavar="NAME", default="", help="A second person who agrees.")(
        function
    )
    return click.option("--reason", metavar="TEXT", required=True, help="Why; kept in the audit.")(function)


@click.command("prune")
@audit_settings
@_accountable
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
    requester = _requester(settings, reason, second, "prune")
    until = parse_instant(read_instant(before, session, "--before") or "")
    _confirm(yes, "Entries older than the retention are deleted for ever.")
    outcome = _run(settings, session, former, lambda audit: audit.prune(requester, before=until))
    if as_json:
        print_json(asdict(outcome))
    else:
        print_line(f"{outcome.segments} segments with {outcome.entries} entries are pruned")
    return ExitCode.OK


@click.command("erase")
@click.argument("kind")
@click.argument("name")
@audit_settings
@_accountable
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
    """Make the personal data of one subject unreadable for ever.

    KIND is person for who acts, else the level: customer, organization. NAME is as it was recorded: a token's
    name, uid:1000, a customer's id. Exit code 1 where there is no such subject.
    """
    settings = settings_of(options, session)
    requester = _requester(settings, reason, second, "erase")
    _confirm(yes, f"What the audit says of {kind} {name} becomes unreadable for ever.")
    outcome = _run(settings, session, former, lambda audit: audit.erase(requester, kind, name, legal_basis))
    if not outcome.found:
        raise CommandFailed(f"the audit knows no {kind} {name}; for who acts, the kind is person")
    if as_json:
        print_json(asdict(outcome))
    else:
        pseudonym = f"its pseudonym was {outcome.subject_id}"
        print_line(f"{kind} {name} is erased, in {outcome.entries} entries; {pseudonym}")
    return ExitCode.OK


@click.command("hold")
@click.argument("name")
@audit_settings
@_accountable
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
    requester = _requester(settings, reason, second, None)
    if not _run(settings, session, former, lambda audit: audit.hold(requester, name)):
        raise CommandFailed(f"there is a hold {name} already")
    print_line(f"hold {name}: nothing is pruned or erased")
    return ExitCode.OK


@click.command("release")
@click.argument("name")
@audit_settings
@_accountable
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
    requester = _requester(settings, reason, second, None)
    _confirm(yes, f"Hold {name} no longer keeps entries from being pruned or erased.")
    if not _run(settings, session, former, lambda audit: audit.release(requester, name)):
        raise CommandFailed(f"there is no hold {name}")
    print_line(f"hold {name} is released")
    return ExitCode.OK


@click.command("rotate")
@click.argument("new_key_file", type=click.Path(dir_okay=False, path_type=Path))
@audit_settings
@_accountable
@click.pass_obj
def rotate_key(
    session: Session,
    /,
    new_key_file: Path,
    former: tuple[Path, ...],
    reason: str,
    second: str,
    yes: bool,
    **options: tuple[str, ...],
) -> ExitCode:
    """Wrap every key of the audit with the master key of NEW_KEY_FILE, made where there is none.

    No entry is encrypted anew, and the chain stays as it is. From then on the daemon needs the new file.
    """
    settings = settings_of(options, session)
    requester = _requester(settings, reason, second, None)
    _confirm(yes, f"The daemon needs {new_key_file} from then on (--audit-key-file).")
    try:
        present = open_keys(
            settings.state_dir,
            session.environment,
            master_file=settings.audit_key_file,
            former_files=former,
            make=False,
        )
        masters = present.masters
        new = MasterKey(read_or_make_key(new_key_file))
    except KeyUnusable as error:
        raise CommandFailed(str(error)) from error
    keys = AuditKeys(MasterKeys(new, (masters.master, *masters.former)), present.signing)
    count = _run(settings, session, (), lambda audit: audit.rewrap(requester), keys)
    print_line(f"{count} keys are wrapped by master key {new.master_id}")
    return ExitCode.OK


def _requester(settings: Settings, reason: str, second: str, operation: Privileged | None) -> Requester:
    """Who runs this command. Raises CommandFailed where the mode does not allow it."""
    uid = os.getuid()
    mode, actor = MODES[settings.audit_mode], f"uid:{uid}"
    # Whoever can open the store and the key files has shown who they are to the machine; no token adds to it.
    why = refusal(
        mode,
        actor=actor,
        person="",
        uid=uid,
        token_id="command line",
        over_tcp=False,
        reason=reason,
        operation=operation,
        second=second,
        synchronised=clock_is_synchronised() if mode.synchronised_for_privileged else None,
    )
    if why is None and second in (_name_of(uid), str(uid)):
        why = "the second person is the first one"
    if why is not None:
        raise CommandFailed(why)
    return Requester(actor, reason, second=second)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _confirm(yes: bool, what: str) -> None:
    if not yes:
        click.echo(what, err=True)
        click.confirm("Go on?", abort=True, err=True)


def _run(
    settings: Settings,
    session: Session,
    former: tuple[Path, ...],
    work: Callable[[AuditLog], Awaitable[Outcome]],
    keys: AuditKeys | None = None,
) -> Outcome:
    async def run() -> Outcome:
        async with writing(settings, session, former, keys) as audit:
            return await work(audit)

    return asyncio.run(run())
