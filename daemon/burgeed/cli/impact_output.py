"""An impact as a command prints it: for a person, and as Markdown for a pull request.

Both take what :func:`burgee.impact_document.impact_document` writes, which is also what a daemon answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from burgeed.cli.fault_output import counted
from burgeed.cli.presentation import print_line, print_table, value_text
from burgeed.runtime.logs import visible

LISTED = 10
"""Scopes of one level that are listed for a person; JSON has more."""

TRANSITIONS = 10
"""Transitions of one flag that are listed for a person; JSON has all."""

_CHANGES = {"added": "good", "removed": "error", "changed": ""}


def print_impact(impact: dict[str, Any]) -> None:
    """Tell a person: how many contexts, who, and flag by flag what becomes of what."""
    number = impact["affected"]
    print_line((_headline(impact), "warning" if number else "good"))
    rows = [
        [
            (level, "quiet"),
            (each["scope"], "strong"),
            (f"{each['affected']} of {each['contexts']}", ""),
        ]
        for level, scopes in impact["byLevel"].items()
        for each in scopes[:LISTED]
    ]
    rows += [[(level, "quiet"), (more, "quiet"), ("", "")] for level, more in _unlisted(impact["byLevel"])]
    if rows:
        print_line("")
        print_table(["level", "scope", "contexts"], rows)
    met, unmet = _split(impact)
    rows = [row for flag in met for row in _rows(flag)]
    if rows:
        print_line("")
        print_table(["flag", "change", "contexts", "from", "to"], rows)
        print_line("")
        for flag in met:
            for each in flag["transitions"][:TRANSITIONS]:
                if each["examples"]:
                    print_line((f"{_name(flag)}, for example: ", "quiet"), _json(each["examples"][0]))
    if unmet:
        print_line("")
        print_line(("defined otherwise, and no context of the sample is answered otherwise:", "quiet"))
        print_table(
            ["flag", "change"],
            [[(_name(flag), "strong"), (flag["change"], _CHANGES[flag["change"]])] for flag in unmet],
        )


def _rows(flag: dict[str, Any]) -> Iterator[list[tuple[str, str]]]:
    for index, each in enumerate(flag["transitions"][:TRANSITIONS]):
        first = index == 0
        yield [
            (_name(flag), "strong"),
            (flag["change"], _CHANGES[flag["change"]]) if first else ("", ""),
            (str(each["contexts"]), ""),
            (told_text(each["before"]), "quiet"),
            (told_text(each["after"]), "warning"),
        ]
    rest = flag["transitions"][TRANSITIONS:]
    if rest:
        contexts = sum(each["contexts"] for each in rest)
        more = counted(len(rest), "more transition")
        yield [(_name(flag), "strong"), ("", ""), (str(contexts), ""), (more, "quiet"), ("", "")]


def told_text(told: dict[str, Any]) -> str:
    """What an answer says, on one line: ``true (on)``."""
    if "errorCode" in told:
        return str(told["errorCode"])
    value = value_text(told["value"]) if "value" in told else "the caller's default"
    return f"{value} ({visible(told['variant'])})" if told.get("variant") else value


def markdown(impact: dict[str, Any]) -> str:
    """The same as Markdown (GitHub's), which nothing in a definition or a context can break out of."""
    lines = [f"**{_headline(impact)}**", ""]
    met, unmet = _split(impact)
    if met:
        lines += ["| flag | change | contexts | from | to |", "| --- | --- | ---: | --- | --- |"]
        for flag in met:
            for each in flag["transitions"][:TRANSITIONS]:
                cells = [_cell(_name(flag)), flag["change"], str(each["contexts"])]
                cells += [_cell(told_text(each["before"])), _cell(told_text(each["after"]))]
                lines.append(f"| {' | '.join(cells)} |")
            rest = flag["transitions"][TRANSITIONS:]
            if rest:
                contexts = sum(each["contexts"] for each in rest)
                lines.append(
                    f"| {_cell(_name(flag))} | | {contexts} | {counted(len(rest), 'more transition')} | |"
                )
        lines.append("")
    if impact["byLevel"]:
        lines += ["| level | scope | contexts |", "| --- | --- | ---: |"]
        for level, scopes in impact["byLevel"].items():
            lines += [
                f"| {_cell(level)} | {_cell(each['scope'])} | {each['affected']} of {each['contexts']} |"
                for each in scopes[:LISTED]
            ]
        lines += [f"| {_cell(level)} | {more} | |" for level, more in _unlisted(impact["byLevel"])]
        lines.append("")
    if unmet:
        names = ", ".join(f"{_code(_name(flag))} ({flag['change']})" for flag in unmet)
        lines += [f"Defined otherwise, and no context of the sample is answered otherwise: {names}", ""]
    examples = [
        f"- {_code(_name(flag))}: {_code(_json(example))}"
        for flag in met
        for transition in flag["transitions"]
        for example in transition["examples"][:1]
    ]
    if examples:
        lines += ["<details><summary>Examples</summary>", "", *examples, "", "</details>", ""]
    return "\n".join(lines)


def _headline(impact: dict[str, Any]) -> str:
    affected, contexts = impact["affected"], impact["contexts"]
    if not contexts:
        return f"{counted(len(impact['flags']), 'flag')} defined otherwise; there is no context to ask for"
    verb = "is" if affected < 2 else "are"
    return f"{affected or 'none'} of {counted(contexts, 'context')} {verb} answered otherwise"


def _split(impact: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The flags that a context meets, those that most do first; and the others."""
    met = [flag for flag in impact["flags"] if flag["affected"]]
    unmet = [flag for flag in impact["flags"] if not flag["affected"]]
    return sorted(met, key=lambda flag: -int(flag["affected"])), unmet


def _unlisted(by_level: dict[str, list[dict[str, Any]]]) -> Iterator[tuple[str, str]]:
    for level, scopes in by_level.items():
        if len(scopes) > LISTED:
            yield level, f"and {len(scopes) - LISTED} more"


def _name(flag: dict[str, Any]) -> str:
    return f"{flag['flag']} (of {flag['flagSet']})" if "flagSet" in flag else str(flag["flag"])


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _cell(text: str) -> str:
    """A code span within a table's cell, whose end a bar would be."""
    return _code(text).replace("|", "\\|")


def _code(text: str) -> str:
    """A code span."""
    text = visible(text)
    if not text:
        return "(empty)"
    longest = max((len(run) for run in _runs_of_backticks(text)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"


def _runs_of_backticks(text: str) -> Iterator[str]:
    run = ""
    for character in text + " ":
        if character == "`":
            run += character
        elif run:
            yield run
            run = ""
