"""`burgee audit running`: the log that a running daemon has open; here its holds and its keys."""

from __future__ import annotations

import click

from burgeed.cli.admin import Admin, accounted, admin, segment
from burgeed.cli.audit_running_erasing import erase, prune
from burgeed.cli.audit_running_reading import checkpoint, export, search
from burgeed.cli.commands import Group
from burgeed.cli.presentation import print_json, print_line, print_table
from burgeed.cli.session import ENDS_ASKING, ENDS_WRITING, CommandFailed, ExitCode


@click.group("running", cls=Group)
def running() -> None:
    """Read and look after the log that a running daemon has open; as whom, the token or the socket says."""


@running.command("holds", epilog=ENDS_ASKING)
@admin
def list_holds(asked: Admin, /) -> ExitCode:
    """List legal holds."""
    items = asked.ask("GET", "/audit/holds")["items"]
    if asked.as_json:
        print_json({"items": items})
    elif items:
        print_table(["hold"], [[(each["name"], "strong")] for each in items])
    return ExitCode.OK


@running.command("hold", epilog=ENDS_WRITING)
@click.argument("name")
@accounted
@admin
def hold(asked: Admin, /, name: str, reason: str | None, actor: str | None) -> ExitCode:
    """Put a legal hold on the log: nothing is pruned or erased until it is released."""
    answer = asked.ask("POST", "/audit/holds", {"name": name}, query={"reason": reason, "actor": actor})
    if not answer["isNew"]:
        raise CommandFailed(f"there is a hold {name} already")
    print_json(answer) if asked.as_json else print_line(f"hold {name}: nothing is pruned or erased")
    return ExitCode.OK


@running.command("release", epilog=ENDS_WRITING)
@click.argument("name")
@accounted
@admin
def release(asked: Admin, /, name: str, reason: str | None, actor: str | None) -> ExitCode:
    """End a legal hold."""
    query = {"reason": reason, "actor": actor}
    answer = asked.ask("DELETE", f"/audit/holds/{segment(name)}", query=query)
    print_json(answer) if asked.as_json else print_line(f"hold {name} is released")
    return ExitCode.OK


@running.command("rewrap", epilog=ENDS_WRITING)
@accounted
@admin
def rewrap(asked: Admin, /, reason: str | None, actor: str | None) -> ExitCode:
    """Wrap with the daemon's master key every key that a former one wraps.

    Start the daemon with the new --audit-key-file and the former one as --audit-former-key-file before; when
    this has ended, the former one is needed for backups alone.
    """
    answer = asked.ask("POST", "/audit/rewrap", query={"reason": reason, "actor": actor})
    print_json(answer) if asked.as_json else print_line(f"{answer['keys']} keys are wrapped anew")
    return ExitCode.OK


for _command in (search, export, checkpoint, prune, erase):
    running.add_command(_command)
