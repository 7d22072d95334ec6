"""What libyaml objects to, in words that say what to do."""

from __future__ import annotations

import re
from typing import Final

import yaml
from yaml.reader import ReaderError

from burgeed.reading.place import LinePositions

NOT_ALLOWED: Final = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_REMEDIES: Final = (
    ("mapping values are not allowed", "put text that contains `: ` in quotes, and check the indentation"),
    (
        "could not find expected ':'",
        "write `key: value`; check the indentation, and quotes that are not closed",
    ),
    ("did not find expected key", "check the indentation, and quotes or brackets that are not closed"),
    ("did not find expected '-' indicator", "check the indentation: the items of a list start in one column"),
    ("did not find expected ',' or", "a comma is missing, or the bracket is not closed"),
    ("did not find expected node content", "write a value here, or close the bracket"),
    ("found unexpected end of stream", "close the quotes"),
    ("found unexpected document indicator", "close the quotes"),
    ("Unicode character escape", "write the character itself, or \\U and its eight hexadecimal digits"),
    ("escape character", "double the backslash, or use single quotes"),
    ("found undefined tag handle", "put text that starts with `!` in quotes"),
    ("while scanning an anchor", "put text that starts with `&` in quotes"),
    ("while scanning an alias", "put text that starts with `*` in quotes"),
    ("block collections are not allowed", "put text that starts with `- ` in quotes, or start a new line"),
    ("block sequence entries are not allowed", "start the list on a new line, or put the text in quotes"),
)


def syntax_fault(error: yaml.YAMLError, text: str, lines: LinePositions) -> tuple[int, str, str]:
    """Where libyaml stopped, what is wrong there, and what to do about it."""
    if isinstance(error, ReaderError):
        match = NOT_ALLOWED.search(text)
        offset = match.start() if match else 0
        character = f"U+{ord(match[0]):04X}" if match else "a character"
        remedy = "remove it, or write it as an escape in double quotes"
        return offset, f"the control character {character} is not allowed in YAML", remedy
    if not isinstance(error, yaml.MarkedYAMLError):
        return 0, f"YAML: {error}", ""
    mark = error.problem_mark or error.context_mark
    offset = mark.index if mark else 0
    problem = error.problem or error.context or "syntax error"
    if "cannot start any token" in problem:
        return _bad_start(offset, text)
    message = f"YAML: {problem}"
    if error.context:
        message += f" {error.context}"
        if error.context_mark and error.context_mark.index != offset:
            message += f" that starts on line {lines.at(error.context_mark.index)[0]}"
    remedy = next(
        (each for part, each in _REMEDIES if part in message), "check the indentation and the quotes"
    )
    return offset, message, remedy


def _bad_start(offset: int, text: str) -> tuple[int, str, str]:
    character = text[offset : offset + 1]
    if character == "\t":
        return offset, "YAML: a tab where the indentation is", "indent with spaces"
    return offset, f"YAML: text cannot start with `{character}`", "put the text in quotes"
