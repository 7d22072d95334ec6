"""`burgee explain`: each rung of the ladder in order, what it said, and why the winner won."""

from __future__ import annotations

from typing import Any

import click

from burgee.explanation import explain, explanation_document
from burgeed.cli.documents import INSTANT_HELP, read_instant
from burgeed.cli.local import LocalSources
from burgeed.cli.presentation import instant, print_answer, print_json, print_line, print_table
from burgeed.cli.question import Question, question
from burgeed.cli.session import ExitCode
from burgeed.geography import COUNTRY, IP


@click.command("explain")
@click.option("--at", metavar="INSTANT", help=f"As the daemon served it then: {INSTANT_HELP}.")
@click.option("--revision", type=click.IntRange(0), help="As the daemon served it right after that revision.")
@question
def explain_flag(asked: Question, as_json: bool) -> ExitCode:
    """Explain the flag KEY's answer: by the daemon, or here where --source names definitions.

    A daemon with a store explains the past too; both options together ask what that revision would have
    answered at that time.

    It shows whom a flag is for: over TCP, a daemon explains to a token with the scope read.

    Exit code 0 with an answer (the caller's default is one), 1 with an error such as FLAG_NOT_FOUND, 2 for
    wrong usage, 3 where no daemon answers.
    """
    if asked.past and asked.sources:
        raise click.UsageError("--at and --revision ask a daemon; --now sets the time for --source")
    document = asked.locally(lambda sources: _here(asked, sources)) if asked.sources else _daemon(asked)
    if as_json:
        print_json(document)
    else:
        _print(document)
    return ExitCode.NO if "errorCode" in document["answer"] else ExitCode.OK


async def _here(asked: Question, sources: LocalSources) -> dict[str, Any]:
    explanation = explain(
        sources.snapshot(), asked.key, asked.full_context, now=asked.now, selector=asked.selector
    )
    origins = {rung.origin for rung in explanation.rungs if rung.origin is not None}
    document = explanation_document(explanation, await sources.positions(origins))
    if asked.told_country is not None:
        document["enriched"] = {COUNTRY: {"value": asked.told_country, "from": IP}}
    return document


def _daemon(asked: Question) -> dict[str, Any]:
    message = {"key": asked.key, "context": dict(asked.context), **asked.past}
    if "at" in message:
        message["at"] = read_instant(str(message["at"]), asked.session, "--at")
    answered = asked.ask("/admin/v1/explain", message)
    document = answered.document()
    if isinstance(document.get("answer"), dict):
        return document
    return {"answer": {"key": asked.key, **asked.refusal(answered)}, "rungs": []}


def _print(document: dict[str, Any]) -> None:
    print_answer(document["answer"])
    for name, told in document.get("enriched", {}).items():
        print_line(f"{name} is {told['value']}, told by the database from {told['from']}")
    if "past" in document:
        _print_past(document["past"])
    rungs = document["rungs"]
    if not rungs:
        return
    print_line("")
    print_table(["", "rung", "outcome", "what it said", "where"], [_row(rung) for rung in rungs])


def _print_past(past: dict[str, Any]) -> None:
    exact = "" if past["exact"] else "; what the files said then is not known, today's stand in for them"
    print_line(("as served at ", "quiet"), instant(past["at"]), f", after revision {past['revision']}{exact}")


def _row(rung: dict[str, Any]) -> list[tuple[str, str]]:
    colour = "good" if rung["winner"] else ""
    return [
        ("=>" if rung["winner"] else "", colour),
        (str(rung["name"]), colour or "strong"),
        (str(rung["outcome"]), colour),
        (str(rung["detail"]), colour),
        (_where(rung.get("origin")), "quiet"),
    ]


def _where(origin: dict[str, Any] | None) -> str:
    """``file:line:column``, or as much as is known."""
    if origin is None:
        return ""
    parts = [origin.get("file") or origin["source"], origin.get("line"), origin.get("column")]
    position = ":".join(str(part) for part in parts if part is not None)
    return position if "line" in origin else f"{position} {origin['path']}".strip()
