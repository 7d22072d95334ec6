"""`burgee flag`: the flags that a running daemon serves, seen and changed."""

from __future__ import annotations

from typing import Any, BinaryIO

import click

from burgeed.cli.admin import Admin, admin, flag_set_option, limit_option, print_more, segment
from burgeed.cli.commands import Group
from burgeed.cli.documents import (
    INSTANT_HELP,
    read_file,
    read_instant,
    read_json,
    read_object,
    read_pair,
    read_weights,
)
from burgeed.cli.flag_output import print_flag, print_flags
from burgeed.cli.presentation import print_json
from burgeed.cli.session import ENDS_ASKING, ENDS_WRITING, ExitCode
from burgeed.cli.writing import Writing, undo_flag, writing

DEFINITION = ("description", "owner", "expires")


@click.group("flag", cls=Group)
def flag() -> None:
    """See and change the flags that a running daemon serves."""


@flag.command("list", epilog=ENDS_ASKING)
@click.option("--prefix", metavar="TEXT", help="Only keys that begin so.")
@click.option("--tag", metavar="TEXT", help="Only with this tag.")
@click.option("--owner", metavar="TEXT", help="Only of this owner.")
@click.option(
    "--state", type=click.Choice(("enabled", "disabled", "killed")), help="Only those that are such."
)
@click.option("--source", metavar="NAME", help="Only from this source; admin is what was set at run time.")
@limit_option(1000)
@flag_set_option
@admin
def list_flags(asked: Admin, /, limit: int, **query: str | None) -> ExitCode:
    """List flags: key, type, state, what it serves by default, overrides, owner and source."""
    items, more = asked.pages("/flags", query, limit)
    if asked.as_json:
        print_json({"items": items, "more": more})
    else:
        print_flags(items)
        print_more(more, limit)
    return ExitCode.OK


@flag.command("show", epilog=ENDS_ASKING)
@click.argument("key")
@flag_set_option
@admin
def show(asked: Admin, /, key: str, flag_set: str | None) -> ExitCode:
    """Show the flag KEY: its definition, where it stands, and every override of it in any layer."""
    path, query = f"/flags/{segment(key)}", {"flag_set": flag_set}
    document = asked.ask("GET", path, query=query)
    overrides = asked.ask("GET", f"{path}/overrides", query=query)["overrides"]
    if asked.as_json:
        print_json({**document, "allOverrides": overrides})
    else:
        print_flag(document, overrides)
    return ExitCode.OK


def definition_options(function: Any) -> Any:
    """What a flag can be written with on a command line."""
    for option in reversed(
        (
            click.option(
                "--file",
                type=click.File("rb"),
                metavar="FILE",
                help="The whole definition as JSON, as it stands under `flags:`; - is standard input.",
            ),
            click.option(
                "--variant",
                "variants",
                multiple=True,
                metavar="NAME=VALUE",
                help="A variant; the value is JSON, else text. Repeatable. Without any: on and off.",
            ),
            click.option("--default", "default_variant", metavar="NAME", help="The default variant."),
            click.option("--description", metavar="TEXT", help="What it is for."),
            click.option("--owner", metavar="TEXT", help="Whose it is."),
            click.option("--tag", "tags", multiple=True, metavar="TEXT", help="Repeatable."),
            click.option("--expires", metavar="DATE", help="When it should be gone from the code."),
        )
    ):
        function = option(function)
    return function


def _definition(
    variants: tuple[str, ...], default_variant: str | None, tags: tuple[str, ...], **texts: str | None
) -> dict[str, Any]:
    document: dict[str, Any] = {name: text for name, text in texts.items() if text is not None}
    if variants:
        document["variants"] = {}
        for each in variants:
            name, text = read_pair(each, "--variant")
            try:
                value = read_json(text, "--variant")
            except click.BadParameter:
                value = text
            if name in document["variants"]:
                raise click.BadParameter(f"variant {name} stands there twice", param_hint="--variant")
            document["variants"][name] = value
    if default_variant is not None:
        document["defaultVariant"] = default_variant
    if tags:
        document["tags"] = list(tags)
    return document


@flag.command("create", epilog=ENDS_WRITING)
@click.argument("key")
@definition_options
@writing
def create(how: Writing, /, key: str, file: BinaryIO | None, **options: Any) -> ExitCode:
    """Create the flag KEY, which no layer has; a boolean that is off where nothing else is said."""
    document = _definition(**options)
    if file is not None:
        if document:
            raise click.UsageError("--file is the whole definition: give nothing else beside it")
        document = _whole(file)
    elif "variants" not in document:
        document.setdefault("defaultVariant", "off")
    return how.send("POST", "/flags", {"key": key, **document}, undo=undo_flag(key))


@flag.command("set", epilog=ENDS_WRITING)
@click.argument("key")
@definition_options
@click.option("--patch", metavar="JSON", help="A merge patch (RFC 7396) onto the definition.")
@writing
def set_flag(how: Writing, /, key: str, file: BinaryIO | None, patch: str | None, **options: Any) -> ExitCode:
    """Change the flag KEY: what is named, or with --file the whole of it."""
    document = _definition(**options)
    if sum((file is not None, patch is not None, bool(document))) != 1:
        raise click.UsageError("name what to change, or give --patch, or --file: one of the three")
    path = f"/flags/{segment(key)}"
    if file is not None:
        return how.send("PUT", path, _whole(file), undo=undo_flag(key))
    change = document if patch is None else read_object(patch, "--patch")
    return how.send("PATCH", path, change, undo=undo_flag(key))


@flag.command("toggle", epilog=ENDS_WRITING)
@click.argument("key")
@click.option("--on/--off", "enabled", default=None, help="Which; else the other one of what it is.")
@writing
def toggle(how: Writing, /, key: str, enabled: bool | None) -> ExitCode:
    """Enable or disable the flag KEY; a disabled one serves the caller's default to everyone."""
    message = {} if enabled is None else {"enabled": enabled}
    return how.send("POST", f"/flags/{segment(key)}/toggle", message, undo=undo_flag(key))


@flag.command("rollout", epilog=ENDS_WRITING)
@click.argument("key")
@click.option("--split", metavar="NAME=WEIGHT,...", help="Variants by weight: on=25,off=75.")
@click.option("--ramp", metavar="NAME", help="A variant for a share that grows from 0 to 100 %.")
@click.option("--start", metavar="INSTANT", help=f"Of the ramp: {INSTANT_HELP}.")
@click.option("--complete", metavar="INSTANT", help="Of the ramp, likewise.")
@click.option("--by", metavar="ATTRIBUTE", help="What is hashed. Default: the targeting key.")
@click.option("--seed", metavar="TEXT", help="Put before what is hashed. Default: the flag's key.")
@click.option("--remove", is_flag=True, help="Take the rollout away.")
@writing
def rollout(
    how: Writing,
    /,
    key: str,
    split: str | None,
    ramp: str | None,
    start: str | None,
    complete: str | None,
    by: str | None,
    seed: str | None,
    remove: bool,
) -> ExitCode:
    """Set the rollout of the flag KEY: what everyone is served whom no rule takes."""
    path = f"/flags/{segment(key)}/rollout"
    if sum((split is not None, ramp is not None, remove)) != 1:
        raise click.UsageError("give one of --split, --ramp and --remove")
    if (
        (start is None or complete is None)
        if ramp is not None
        else (start is not None or complete is not None)
    ):
        raise click.UsageError("--ramp goes with --start and --complete, and they with it")
    if remove:
        return how.send("DELETE", path, undo=undo_flag(key))
    message: dict[str, Any] = {"split": read_weights(split)} if split is not None else {}
    if ramp is not None:
        session = how.admin.session
        message["ramp"] = {
            "variant": ramp,
            "start": read_instant(start, session, "--start"),
            "complete": read_instant(complete, session, "--complete"),
        }
    message |= {name: text for name, text in (("by", by), ("seed", seed)) if text is not None}
    return how.send("PUT", path, message, undo=undo_flag(key))


@flag.command("delete", epilog=ENDS_WRITING)
@click.argument("key")
@writing
def delete(how: Writing, /, key: str) -> ExitCode:
    """Take back what was set for the flag KEY at run time; a file's flag is uncovered by it."""
    return how.send("DELETE", f"/flags/{segment(key)}", undo=undo_flag(key))


def _whole(file: BinaryIO) -> dict[str, Any]:
    document = read_file(file, "--file")
    if not isinstance(document, dict):
        raise click.BadParameter("a flag is a JSON object", param_hint="--file")
    return document
