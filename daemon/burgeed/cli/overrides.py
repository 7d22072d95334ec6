"""`burgee override`: what a level says about a flag for one scope."""

from __future__ import annotations

from typing import Any, BinaryIO

import click

from burgeed.cli.admin import Admin, admin, flag_set_option, limit_option, print_more, segment
from burgeed.cli.commands import Group
from burgeed.cli.documents import INSTANT_HELP, read_file, read_instant, read_json, read_object
from burgeed.cli.flag_output import print_overrides
from burgeed.cli.presentation import print_json
from burgeed.cli.session import ENDS_ASKING, ENDS_WRITING, ExitCode
from burgeed.cli.writing import Writing, undo_scope, writing


@click.group("override", cls=Group)
def override() -> None:
    """See and set what single customers, organizations or environments are served."""


@override.command("list", epilog=ENDS_ASKING)
@click.option("--level", metavar="NAME", help="Only of this level.")
@click.option("--scope", metavar="TEXT", help="Only for this scope.")
@click.option("--flag", metavar="KEY", help="Only of this flag.")
@click.option("--source", metavar="NAME", help="Only from this source; admin is what was set at run time.")
@limit_option(1000)
@flag_set_option
@admin
def list_overrides(asked: Admin, /, limit: int, **query: str | None) -> ExitCode:
    """List overrides: level, scope, flag, what it says, whether it is active, and its source."""
    items, more = asked.pages("/overrides", query, limit)
    if asked.as_json:
        print_json({"items": items, "more": more})
    else:
        print_overrides(items)
        print_more(more, limit)
    return ExitCode.OK


@override.command("set", epilog=ENDS_WRITING)
@click.argument("level")
@click.argument("scope")
@click.argument("flag")
@click.argument("variant", required=False)
@click.option("--value", metavar="JSON", help="A value of the flag's type, instead of a variant.")
@click.option("--patch", metavar="JSON", help="A merge patch (RFC 7396) onto an object flag's value.")
@click.option(
    "--rules", type=click.File("rb"), metavar="FILE", help="Rules as a JSON list; - is standard input."
)
@click.option("--disable", is_flag=True, help="Disable the flag: the caller's default is served.")
@click.option("--lock", is_flag=True, help="Nothing more specific may override it.")
@click.option("--from", "start", metavar="INSTANT", help=f"Active from then on: {INSTANT_HELP}.")
@click.option("--until", "end", metavar="INSTANT", help="Active until then, likewise.")
@click.option("--note", metavar="TEXT", help="Kept with it.")
@writing
def set_override(
    how: Writing,
    /,
    level: str,
    scope: str,
    flag: str,
    variant: str | None,
    value: str | None,
    patch: str | None,
    rules: BinaryIO | None,
    disable: bool,
    lock: bool,
    start: str | None,
    end: str | None,
    note: str | None,
) -> ExitCode:
    """Say what LEVEL SCOPE is served of FLAG: a VARIANT, or what the options say.

    burgee override set customer c-42 new-checkout on --until +7d --reason "pilot"
    """
    effects: dict[str, Any] = {}
    if variant is not None:
        effects["variant"] = variant
    if value is not None:
        effects["value"] = read_json(value, "--value")
    if patch is not None:
        effects["patch"] = read_object(patch, "--patch")
    if rules is not None:
        effects["rules"] = read_file(rules, "--rules")
    if disable:
        effects["state"] = "DISABLED"
    if len(effects) != 1:
        raise click.UsageError("give one of VARIANT, --value, --patch, --rules and --disable")
    session = how.admin.session
    further = {
        "lock": True if lock else None,
        "from": read_instant(start, session, "--from"),
        "until": read_instant(end, session, "--until"),
        "note": note,
    }
    message = effects | {name: each for name, each in further.items() if each is not None}
    return how.send("PUT", _path(level, scope, flag), message, undo=undo_scope(level, scope))


@override.command("unset", epilog=ENDS_WRITING)
@click.argument("level")
@click.argument("scope")
@click.argument("flag", required=False)
@writing
def unset(how: Writing, /, level: str, scope: str, flag: str | None) -> ExitCode:
    """Take back what was set at run time for LEVEL SCOPE: of FLAG, or all of it.

    An override that a file has is uncovered by it; `burgee override inherit` hides that one too.
    """
    return how.send("DELETE", _path(level, scope, flag), undo=undo_scope(level, scope))


@override.command("inherit", epilog=ENDS_WRITING)
@click.argument("level")
@click.argument("scope")
@click.argument("flag", required=False)
@writing
def inherit(how: Writing, /, level: str, scope: str, flag: str | None) -> ExitCode:
    """Let LEVEL SCOPE see what lies beneath it, whatever files or people set: of FLAG, or of all."""
    return how.send("POST", f"{_path(level, scope, flag)}/inherit", {}, undo=undo_scope(level, scope))


def _path(level: str, scope: str, flag: str | None) -> str:
    return "/overrides/" + "/".join(segment(each) for each in (level, scope, flag) if each is not None)
