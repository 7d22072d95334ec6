"""`burgee token`: who may ask a running daemon for what."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click

from burgeed.authority.principal import Scope
from burgeed.cli.admin import Admin, admin, segment
from burgeed.cli.commands import Group
from burgeed.cli.documents import INSTANT_HELP, read_instant, read_pair
from burgeed.cli.presentation import instant, print_json, print_line, print_table
from burgeed.cli.session import ENDS_ASKING, ENDS_WRITING, CommandFailed, ExitCode
from burgeed.cli.unknown_outcome import telling_unknown
from burgeed.private_directory import make_private_directory

SCOPES = tuple(scope.value for scope in Scope)

MOST_LISTED = 100_000
"""Tokens; far fewer are good at the same time, and the others are forgotten after a while."""


@click.group("token", cls=Group)
def token() -> None:
    """Make, list and revoke the tokens of a running daemon."""


@token.command("create", epilog=ENDS_WRITING)
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(SCOPES),
    help="What it may; repeatable.",
)
@click.option("--level", "levels", multiple=True, metavar="NAME", help="Write overrides of this level only.")
@click.option(
    "--for",
    "targets",
    multiple=True,
    metavar="LEVEL=SCOPE",
    help="Write overrides for this scope only; repeatable.",
)
@click.option(
    "--flag-prefix",
    "prefixes",
    multiple=True,
    metavar="TEXT",
    help="Write flags only whose key begins so; repeatable.",
)
@click.option("--expires", metavar="INSTANT", help=f"Good until then: {INSTANT_HELP}. Default: for good.")
@click.option("--person", metavar="NAME", help="The individual whom it belongs to.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="Write it to a new file that only you may read, instead of printing it.",
)
@click.option("--reason", metavar="TEXT", help="Why; kept in the audit.")
@click.option("--actor", metavar="TEXT", help="On whose behalf; kept beside who you are.")
@admin
def create(
    asked: Admin,
    /,
    name: str,
    scopes: tuple[str, ...],
    levels: tuple[str, ...],
    targets: tuple[str, ...],
    prefixes: tuple[str, ...],
    expires: str | None,
    person: str | None,
    output: Path | None,
    reason: str | None,
    actor: str | None,
) -> ExitCode:
    """Make a token called NAME, and tell it this once: the daemon keeps only its hash.

    Standard output has the token alone where it is piped.
    """
    message: dict[str, Any] = {"name": name, "scopes": list(dict.fromkeys(scopes))}
    if levels or targets or prefixes:
        message["restriction"] = {
            "levels": list(levels),
            "scopes": [list(read_pair(each, "--for", "LEVEL=SCOPE")) for each in targets],
            "flagPrefixes": list(prefixes),
        }
    if expires is not None:
        message["expires"] = read_instant(expires, asked.session, "--expires")
    if person is not None:
        message["person"] = person
    file = None if output is None else _new_file(output)
    try:
        with _unknown("made", "and burgee token revoke ID takes it back"):
            made = asked.ask("POST", "/tokens", message, query={"reason": reason, "actor": actor})
        if file is not None:
            os.write(file, made["token"].encode() + b"\n")
            os.fsync(file)
    except BaseException:
        if output is not None:
            output.unlink(missing_ok=True)
        raise
    finally:
        if file is not None:
            os.close(file)
    _told(asked, made, output)
    return ExitCode.OK


@token.command("list", epilog=ENDS_ASKING)
@admin
def list_tokens(asked: Admin, /) -> ExitCode:
    """List tokens, the newest first, without what is secret of them."""
    items, _ = asked.pages("/tokens", {}, MOST_LISTED)
    if asked.as_json:
        print_json({"items": items})
        return ExitCode.OK
    now = asked.session.clock.wall()
    rows = [
        [
            (each["id"], "strong"),
            (each["name"], ""),
            (",".join(each["scopes"]), ""),
            (restriction_text(each["restriction"]), ""),
            (instant(each["createdAt"]), "quiet"),
            (each["createdBy"], "quiet"),
            _state(each, now),
        ]
        for each in items
    ]
    if rows:
        print_table(["id", "name", "scopes", "only", "made", "by", "state"], rows)
    return ExitCode.OK


@token.command("revoke", epilog=ENDS_WRITING)
@click.argument("token_id", metavar="ID")
@click.option("--reason", metavar="TEXT", help="Why; kept in the audit.")
@click.option("--actor", metavar="TEXT", help="On whose behalf; kept beside who you are.")
@admin
def revoke(asked: Admin, /, token_id: str, reason: str | None, actor: str | None) -> ExitCode:
    """Take the token ID back, at once and for good."""
    query = {"reason": reason, "actor": actor}
    with _unknown("revoked", "and it may be revoked again"):
        gone = asked.ask("DELETE", f"/tokens/{segment(token_id)}", query=query)
    if asked.as_json:
        print_json(gone)
    else:
        print_line(("revoked ", "warning"), f"{token_id}", (f" ({gone.get('name', '')})", "quiet"))
    return ExitCode.OK


@token.command("whoami", epilog=ENDS_ASKING)
@admin
def whoami(asked: Admin, /) -> ExitCode:
    """Tell as whom the daemon knows you, and what you may."""
    found = asked.ask("GET", "/whoami")
    if asked.as_json:
        print_json(found)
        return ExitCode.OK
    print_line((found["name"], "strong"), (f" ({found['kind']})", "quiet"))
    print_line(("  may  ", "quiet"), ", ".join(found["scopes"]) or "nothing")
    only = restriction_text(found["restriction"])
    if only:
        print_line(("  only ", "quiet"), only)
    return ExitCode.OK


def _unknown(done: str, remedy: str) -> AbstractContextManager[None]:
    """Say where no answer comes that it may be done all the same."""
    return telling_unknown(f"whether it was {done} is not known: burgee token list tells, {remedy}")


def _new_file(path: Path) -> int:
    try:
        make_private_directory(path.parent)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be made: {error.strerror}", ExitCode.USAGE) from error


def _told(asked: Admin, made: Mapping[str, Any], output: Path | None) -> None:
    if asked.as_json:
        shown = made if output is None else {name: each for name, each in made.items() if name != "token"}
        print_json(shown)
        return
    if output is not None:
        print_line((made["id"], "strong"), f" {made['name']}: written to {output}")
        return
    click.echo(made["token"])
    if sys.stdout.isatty():
        click.echo(f"id {made['id']}; this is shown once, keep it: BURGEE_TOKEN, or a file", err=True)


def restriction_text(restriction: Mapping[str, Any]) -> str:
    """Where somebody may write, on one line; empty for everywhere."""
    parts = [f"level {each}" for each in restriction.get("levels", ())]
    parts += [f"{level} {scope}" for level, scope in restriction.get("scopes", ())]
    parts += [f"flags {each}*" for each in restriction.get("flagPrefixes", ())]
    return ", ".join(parts)


def _state(item: Mapping[str, Any], now: float) -> tuple[str, str]:
    if item["revokedAt"] is not None:
        return f"revoked {instant(item['revokedAt'])}", "error"
    if item["expiresAt"] is None:
        return "good", "good"
    over = not isinstance(item["expiresAt"], str) and item["expiresAt"] <= now
    return (
        f"{'expired' if over else 'good until'} {instant(item['expiresAt'])}",
        "warning" if over else "good",
    )
