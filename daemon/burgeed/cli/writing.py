"""Writes: the options that all of them take, how they are sent, and what is told afterwards."""

from __future__ import annotations

import functools
import secrets
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from burgeed.cli.admin import Admin, admin, flag_set_option
from burgeed.cli.change_output import print_changes
from burgeed.cli.confirming import confirm
from burgeed.cli.presentation import print_json, print_line
from burgeed.cli.session import ExitCode
from burgeed.cli.unknown_outcome import telling_unknown

UNKNOWN = "whether it was written is not known: burgee history -n 1 tells"
"""What is told where a write was sent and no answer came."""

FLAGS_NAMED = 5
"""Flags that a person is told of; JSON has all."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How a command is to write.

    Attributes:
        reason: why; kept in history and audit.
        actor: on whose behalf; kept beside who asks.
        if_match: the revision that was seen.
        flag_set: None is the only one there is.
        confirmed: whether somebody said yes to what hits everyone.
    """

    admin: Admin
    reason: str | None
    actor: str | None
    dry_run: bool
    if_match: int | None
    flag_set: str | None
    confirmed: bool

    def confirm(self, question: str) -> None:
        """Ask before something that hits everyone, on a terminal; elsewhere --yes has to say so.

        Raises:
            click.Abort: the answer is no.
            click.UsageError: nobody can be asked.
        """
        confirm(question, confirmed=self.confirmed or self.dry_run)

    def send(
        self,
        method: str,
        path: str,
        message: object | None = None,
        *,
        query: Mapping[str, str | int | None] | None = None,
        undo: str = "",
    ) -> ExitCode:
        """Send a write and tell what became of it.

        Args:
            path: see :meth:`Admin.ask`.
            undo: what to roll back, as the options of ``burgee rollback`` say it; empty is everything.

        Raises:
            Refused, CommandFailed: see :meth:`Admin.ask`.
        """
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        if self.if_match is not None:
            headers["If-Match"] = f'"{self.if_match}"'
        conditions = {
            "flag_set": self.flag_set,
            "reason": self.reason,
            "actor": self.actor,
            "dry_run": "true" if self.dry_run else None,
        }
        with telling_unknown(UNKNOWN):
            outcome = self.admin.ask(
                method, path, message, query={**(query or {}), **conditions}, headers=headers
            )
        if self.admin.as_json:
            print_json(outcome)
        else:
            self._tell(outcome, undo)
        return ExitCode.OK

    def _tell(self, outcome: Mapping[str, Any], undo: str) -> None:
        changes, revision = outcome["changes"], outcome["revision"]
        if not changes:
            print_line(("nothing to change: it is so already", "quiet"), f", as of revision {revision}")
        elif outcome["dryRun"]:
            print_line(("would change, and nothing is written", "warning"), f", as of revision {revision}")
        else:
            print_line((f"revision {revision}", "strong"), f": {outcome['action']}")
        print_changes(changes)
        for warning in outcome["warnings"]:
            print_line(("warning: ", "warning"), warning)
        if not changes or outcome["dryRun"]:
            return
        named = outcome["flagsChanged"]
        if named is not None:
            more = f" and {len(named) - FLAGS_NAMED} more" if len(named) > FLAGS_NAMED else ""
            what = f"{', '.join(named[:FLAGS_NAMED])}{more}" if named else "no answer differs by it"
            print_line(("live", "good"), f" as generation {outcome['generation']}: {what}")
        print_line(("to undo it: ", "quiet"), self.undo_command(undo, revision))

    def undo_command(self, what: str, revision: int) -> str:
        """The command line that undoes a revision, unless somebody has changed the same thing since."""
        of_set = "" if self.flag_set is None else f" --flag-set {shlex.quote(self.flag_set)}"
        back = f"--to {revision - 1} --if-match {revision}"
        return f"burgee rollback{f' {what}' if what else ''} {back}{of_set}{self.admin.options}"


def writing(function: Callable[..., ExitCode]) -> Callable[..., ExitCode]:
    """Give a command the options of a write; it receives a Writing first."""

    @click.option("--reason", metavar="TEXT", help="Why; kept in history and audit.")
    @click.option("--actor", metavar="TEXT", help="On whose behalf; kept beside who you are.")
    @click.option("--dry-run", is_flag=True, help="Tell what would change, and change nothing.")
    @click.option(
        "--if-match",
        type=click.IntRange(min=0),
        metavar="REVISION",
        help="Refuse where what is written has changed after this revision.",
    )
    @click.option("--yes", "confirmed", is_flag=True, help="Do not ask, even where it hits everyone.")
    @flag_set_option
    @admin
    @functools.wraps(function)
    def command(
        asked: Admin,
        /,
        reason: str | None,
        actor: str | None,
        dry_run: bool,
        if_match: int | None,
        confirmed: bool,
        flag_set: str | None,
        **rest: Any,
    ) -> ExitCode:
        how = Writing(asked, reason, actor, dry_run, if_match, flag_set, confirmed)
        return function(how, **rest)

    return command


def undo_flag(flag_key: str) -> str:
    """A flag, as the options of ``burgee rollback`` name it."""
    return f"--flag {shlex.quote(flag_key)}"


def undo_scope(level: str, scope: str) -> str:
    """A scope, as the options of ``burgee rollback`` name it."""
    return f"--level {shlex.quote(level)} --scope {shlex.quote(scope)}"
