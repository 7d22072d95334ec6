"""Who does something with the log from the command line, why, and that they mean it."""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from burgeed.audit.keys import AuditKeys
from burgeed.audit.log import AuditLog
from burgeed.audit.modes import MODES, Privileged, clock_is_synchronised, refusal
from burgeed.audit.records import Requester
from burgeed.cli import confirming
from burgeed.cli.audit_store import refuse_in_use, writing
from burgeed.cli.session import CommandFailed, Session
from burgeed.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])
Outcome = TypeVar("Outcome")


def accountable(function: Function) -> Function:
    """Who, why, and that they mean it."""
    function = click.option("--yes", is_flag=True, help="Do it, without asking.")(function)
    function = click.option("--second", metavar="NAME", default="", help="A second person who agrees.")(
        function
    )
    return click.option("--reason", metavar="TEXT", required=True, help="Why; kept in the audit.")(function)


def requester_of(settings: Settings, reason: str, second: str, operation: Privileged | None) -> Requester:
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


def confirm(settings: Settings, what: str, *, yes: bool, instead: str) -> None:
    """Ask whether they mean it, unless they said so; not where nothing could come of it.

    Args:
        what: a sentence.
        instead: see :func:`burgeed.cli.audit_store.refuse_in_use`.

    Raises:
        CommandFailed: a daemon has the log.
        click.Abort, click.UsageError: see :func:`burgeed.cli.confirming.confirm`.
    """
    refuse_in_use(settings, instead)
    confirming.confirm(f"{what} Go on?", confirmed=yes)


def run_on(
    settings: Settings,
    session: Session,
    former: tuple[Path, ...],
    work: Callable[[AuditLog], Awaitable[Outcome]],
    keys: AuditKeys | None = None,
    *,
    instead: str,
) -> Outcome:
    """Do something with the log, opened for writing. Raises CommandFailed.

    Args:
        instead: see :func:`burgeed.cli.audit_store.refuse_in_use`.
        keys: those to open it with; the settings' where none are given.
    """

    async def worked() -> Outcome:
        async with writing(settings, session, former, keys, instead=instead) as audit:
            return await work(audit)

    return asyncio.run(worked())
