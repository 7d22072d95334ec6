"""`burgee watch`: what is changed at run time, as it happens."""

from __future__ import annotations

import secrets
from typing import Any

import click
import orjson

from burgee.wire.control_events import PATH, TYPES, EventMessage, HeartbeatMessage, Message
from burgeed.cli.admin import Admin, Refused, admin, flag_set_option, problem_of, query_text
from burgeed.cli.change_output import LeafChange, leaf_changes, subject
from burgeed.cli.daemon import Unreachable
from burgeed.cli.event_stream import Lost, StreamRefused, follow
from burgeed.cli.parameters import addresses_of
from burgeed.cli.presentation import instant, print_json, print_line, print_row
from burgeed.cli.session import ENDS_ASKING, CommandFailed, ExitCode

_COLOURS = {"flag.killed": "error", "rolled_back": "warning", "override.removed": "warning"}
_RESETS = {
    "connected": "from here on",
    "epoch": "the daemon was started anew",
    "gap": "events before this are missing",
    "behind": "events before this were left out, since they were not read in time",
}
_UNIFORM = secrets.SystemRandom().uniform


@click.command("watch", epilog=ENDS_ASKING)
@click.option("--flag", metavar="KEY", help="Only of this flag, or of those that begin so: new-*.")
@click.option("--level", metavar="NAME", help="Only overrides of this level.")
@click.option("--scope", metavar="TEXT", help="Only overrides for this scope.")
@click.option(
    "--type", "types", multiple=True, type=click.Choice(TYPES), help="Only of this type; repeatable."
)
@click.option(
    "--after", metavar="ID", default="", help="Begin after this event, where the daemon still has it."
)
@click.option("--count", type=click.IntRange(1), metavar="NUMBER", help="End after so many events.")
@flag_set_option
@admin
def watch(
    asked: Admin,
    /,
    types: tuple[str, ...],
    after: str,
    count: int | None,
    **query: str | None,
) -> ExitCode:
    """Print each change as it is served: when, what, for whom, by whom and why. Ctrl-C ends.

    A lost connection is made again, and nothing is missed where the daemon still remembers it. With --json,
    each event is one line of JSON.
    """
    path = PATH + query_text(query, further=[("type", each) for each in types])
    addresses = addresses_of(asked.session, asked.socket, asked.address)
    session, seen = asked.session, 0
    try:
        for message in follow(
            addresses,
            path,
            headers=asked.headers,
            last_event_id=after,
            tls=session.tls,
            deadline=asked.deadline,
            clock=session.clock,
            uniform=_UNIFORM,
        ):
            _print(message, asked.as_json)
            seen += isinstance(message, EventMessage)
            if seen == count:
                return ExitCode.OK
    except Unreachable as error:
        raise CommandFailed(str(error), ExitCode.UNREACHABLE) from error
    except StreamRefused as refusal:
        problem = problem_of(refusal.answer)
        if asked.as_json:
            print_json(problem)
        raise Refused(problem, asked.credential) from refusal
    return ExitCode.OK


def _print(message: Message | Lost, as_json: bool) -> None:
    if isinstance(message, Lost):
        click.echo(f"burgee: {message.why}; trying again", err=True)
    elif isinstance(message, HeartbeatMessage):
        return
    elif as_json:
        click.echo(orjson.dumps(message.document()).decode())
    elif isinstance(message, EventMessage):
        _print_event(message)
    else:
        why = _RESETS.get(message.why, message.why)
        print_line(
            (f"revision {message.revision}, generation {message.generation or 'none'}: {why}", "quiet")
        )


def _print_event(event: EventMessage) -> None:
    print_row(
        [
            (instant(event.at), "quiet"),
            (event.type, _COLOURS.get(event.type, "good")),
            (str(event.revision), ""),
            (_subject(event), "strong"),
            (_change(event), ""),
            (event.actor, ""),
            (event.reason, ""),
        ]
    )
    if event.skipped:
        print_line((f"{event.skipped} earlier events were left out in favour of later ones", "warning"))


def _subject(event: EventMessage) -> str:
    if not event.flag_key:
        if event.type != "rolled_back":
            return ""
        of_set = f" (of {event.flag_set})" if event.flag_set else ""
        return f"{event.level} {event.scope}{of_set}" if event.level else f"several{of_set}"
    kind = "override" if event.level else "flag"
    document = {"kind": kind, "flag": event.flag_key, "flagSet": event.flag_set}
    return subject({**document, "level": event.level, "scope": event.scope})


def _change(event: EventMessage) -> str:
    data: dict[str, Any] = dict(event.data)
    if "generation" in data:
        flags = data.get("flagsChanged", [])
        return f"{data['generation']}: {', '.join(flags[:5])}{' and more' if len(flags) > 5 else ''}"
    if "target" in data and data["target"] is not None and "before" not in data:
        return f"to {data['target']}"
    leaves = leaf_changes(data.get("before"), data.get("after"))
    return "; ".join(map(_leaf, leaves[:5])) + ("; and more" if len(leaves) > 5 else "")


def _leaf(leaf: LeafChange) -> str:
    return f"{leaf.path}: {leaf.before or 'none'} -> {leaf.after or 'none'}"
