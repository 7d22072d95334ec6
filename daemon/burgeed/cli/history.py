"""`burgee history` and `burgee rollback`: who changed what and why, and how to go back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

import click

from burgeed.cli.admin import Admin, admin, flag_set_option, limit_option, print_more, segment
from burgeed.cli.change_output import print_changes, subject
from burgeed.cli.documents import INSTANT_HELP, read_instant
from burgeed.cli.presentation import instant, print_json, print_line, print_none, print_table
from burgeed.cli.session import ENDS_ASKING, ENDS_WRITING, ExitCode
from burgeed.cli.writing import Writing, undo_flag, undo_scope, writing
from burgeed.revisions.values import Action

ACTIONS: Final[tuple[str, ...]] = get_args(Action)

SUBJECTS_NAMED = 3
"""Entries of one revision that a row of the table names."""


@click.command("history", epilog=ENDS_ASKING)
@click.argument("revision", type=click.IntRange(1), required=False)
@click.option("--flag", metavar="KEY", help="Only of this flag, its kill and its overrides.")
@click.option("--level", metavar="NAME", help="Only overrides of this level.")
@click.option("--scope", metavar="TEXT", help="Only overrides for this scope.")
@click.option("--by", "actor", metavar="NAME", help="Only by this actor.")
@click.option(
    "--action",
    type=click.Choice(ACTIONS),
    help="Only of this action. What a write of several overrides at once did is batch, whatever it set.",
)
@click.option("--since", metavar="INSTANT", help=f"From then on: {INSTANT_HELP}.")
@click.option("--until", metavar="INSTANT", help="Before then, likewise.")
@limit_option(20)
@click.option(
    "--between",
    type=(click.IntRange(0), click.IntRange(0)),
    metavar="FROM TO",
    help="What differs between two revisions instead; 0 is before the first.",
)
@flag_set_option
@admin
def history(
    asked: Admin,
    /,
    revision: int | None,
    limit: int,
    since: str | None,
    until: str | None,
    between: tuple[int, int] | None,
    **query: str | None,
) -> ExitCode:
    """Tell who changed what, when and why, newest first; or all about one REVISION."""
    named = {name: each for name, each in {**query, "since": since, "until": until}.items() if each}
    if (revision is not None or between is not None) and (named or (revision and between)):
        raise click.UsageError("a REVISION, --between, and options that search: one of the three")
    if revision is not None:
        found = asked.ask("GET", f"/revisions/{revision}")
        print_json(found) if asked.as_json else _print_revision(found)
    elif between is not None:
        found = asked.ask("GET", "/diff", query={"from": between[0], "to": between[1]})
        if asked.as_json:
            print_json(found)
        elif found["changes"]:
            print_changes(found["changes"])
        else:
            print_none("nothing differs")
    else:
        instants = {
            "since": read_instant(since, asked.session, "--since"),
            "until": read_instant(until, asked.session, "--until"),
        }
        items, more = asked.pages("/revisions", {**query, **instants}, limit)
        if asked.as_json:
            print_json({"items": items, "more": more})
        else:
            _print_revisions(items)
            print_more(more, limit)
    return ExitCode.OK


@click.command("rollback", epilog=ENDS_WRITING)
@click.option(
    "--to", "revision", type=click.IntRange(0), required=True, metavar="REVISION", help="0 is the start."
)
@click.option("--flag", metavar="KEY", help="Only this flag, with its kill and its overrides.")
@click.option("--level", metavar="NAME", help="With --scope: only overrides of this scope.")
@click.option("--scope", metavar="TEXT", help="With --level: only overrides of this scope.")
@writing
def rollback(
    how: Writing, /, revision: int, flag: str | None, level: str | None, scope: str | None
) -> ExitCode:
    """Go back to what a revision had, as a new revision: a flag, a scope, or everything.

    Everything hits everyone: it asks first; --yes where nobody can be asked.
    """
    if (level is None) != (scope is None) or (flag is not None and level is not None):
        raise click.UsageError("give --flag, or --level with --scope, or none of them for everything")
    message = {"revision": revision}
    if flag is not None:
        return how.send("POST", f"/flags/{segment(flag)}/rollback", message, undo=undo_flag(flag))
    if level is not None and scope is not None:
        path = f"/overrides/{segment(level)}/{segment(scope)}/rollback"
        return how.send("POST", path, message, undo=undo_scope(level, scope))
    how.confirm(f"Take everything that was set at run time back to revision {revision}?")
    return how.send("POST", "/rollback", message)


def _print_revisions(items: Iterable[Mapping[str, Any]]) -> None:
    rows = [
        [
            (str(each["revision"]), "strong"),
            (instant(each["at"]), "quiet"),
            (who(each), ""),
            (_action(each), ""),
            (_what(each["changes"]), "strong"),
            (each["reason"], ""),
        ]
        for each in items
    ]
    if rows:
        print_table(["revision", "when", "who", "did", "what", "why"], rows)
    else:
        print_none("there is no such revision")


def _print_revision(revision: Mapping[str, Any]) -> None:
    print_line((f"revision {revision['revision']}", "strong"), f": {_action(revision)}")
    for name, text in (
        ("when", instant(revision["at"])),
        ("who", who(revision)),
        ("why", revision["reason"]),
        ("request", revision["requestId"]),
    ):
        if text:
            print_line((f"  {name:<8} ", "quiet"), text)
    print_changes(revision["changes"])


def who(document: Mapping[str, Any]) -> str:
    """The actor, and for whom they acted where they say so."""
    behalf = document.get("onBehalfOf")
    return f"{document['actor']} for {behalf}" if behalf else str(document["actor"])


def _action(revision: Mapping[str, Any]) -> str:
    target = revision.get("target")
    return str(revision["action"]) if target is None else f"{revision['action']} to {target}"


def _what(changes: Iterable[Mapping[str, Any]]) -> str:
    subjects = list(dict.fromkeys(subject(each) for each in changes))
    more = f" and {len(subjects) - SUBJECTS_NAMED} more" if len(subjects) > SUBJECTS_NAMED else ""
    return ", ".join(subjects[:SUBJECTS_NAMED]) + more
