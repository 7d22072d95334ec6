"""Output for a person: coloured on a terminal, plain lines where it is piped; never a control character."""

from __future__ import annotations

import sys
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from burgee.instant import instant_text
from burgeed.runtime.logs import visible

COLOURS = {
    "error": "bold red",
    "warning": "yellow",
    "good": "green",
    "quiet": "dim",
    "strong": "bold",
    "": "",
}


_WHOLE = ("when", "revision")
"""Columns as wide as their content, which is short: others give way."""


def print_json(document: object) -> None:
    """One JSON document, indented, on standard output."""
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode())


def value_text(value: object) -> str:
    """A flag's value as JSON, its control characters escaped."""
    return visible(orjson.dumps(value).decode())


def instant(at: float | str) -> str:
    """An instant in RFC 3339, to the second; one that is text already stays as it is."""
    return at if isinstance(at, str) else instant_text(int(at))


def print_line(*parts: tuple[str, str] | str) -> None:
    """One line of parts, each a text or (text, colour's name)."""
    styled = [(part, "") if isinstance(part, str) else part for part in parts]
    if sys.stdout.isatty():
        line = Text()
        for text, colour in styled:
            line.append(visible(text), COLOURS[colour])
        Console(file=sys.stdout, highlight=False).print(line, soft_wrap=True)
    else:
        click.echo("".join(visible(text) for text, _ in styled))


def print_table(columns: list[str], rows: list[list[tuple[str, str]]]) -> None:
    """Rows of (text, colour's name): a table on a terminal, else one line each, separated by tabs."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(visible(text) for text, _ in row))
        return
    # Folded, never cut: an id that lacks its end is none.
    headers = [Column(column, overflow="fold", no_wrap=column in _WHOLE) for column in columns]
    table = Table(*headers, box=None, pad_edge=False, header_style="dim")
    for row in rows:
        table.add_row(*(Text(visible(text), COLOURS[colour]) for text, colour in row))
    Console(file=sys.stdout, highlight=False).print(table)


def print_none(what: str) -> None:
    """Say to a person that a list is empty; a script sees that."""
    if sys.stdout.isatty():
        click.echo(f"burgee: {what}", err=True)


def print_row(row: list[tuple[str, str]]) -> None:
    """One row of a table that goes on for ever: blanks between its parts on a terminal, else tabs."""
    if sys.stdout.isatty():
        shown = [part for part in row if part[0]]
        print_line(*(each for part in shown for each in (part, "  ")))
    else:
        click.echo("\t".join(visible(text) for text, _ in row))


def print_answer(answer: dict[str, Any]) -> None:
    """An OFREP answer: the value first, then where it comes from."""
    key = str(answer.get("key", ""))
    if "errorCode" in answer:
        print_line((key, "strong"), " = ", (str(answer["errorCode"]), "error"))
        print_line(str(answer.get("errorDetails", "")))
        return
    if "value" in answer:
        print_line((key, "strong"), " = ", (value_text(answer["value"]), "good"))
    else:
        print_line((key, "strong"), " = ", ("the caller's default", "quiet"))
    for name in ("variant", "reason"):
        if answer.get(name):
            print_line((f"  {name:<8} ", "quiet"), str(answer[name]))
    for name, value in sorted(answer.get("metadata", {}).items()):
        print_line((f"  {name} ", "quiet"), value if isinstance(value, str) else value_text(value))
