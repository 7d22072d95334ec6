"""Log lines: one event each, on standard error, with nothing in them that a terminal would obey."""

from __future__ import annotations

import json
import logging
import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import IO, Literal

from burgee.instant import instant_text

LONGEST_FIELD = 4000
"""Characters; a longer field is cut, and says so."""

_OWN_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def configure(
    log_format: Literal["text", "json"], wall: Callable[[], float], stream: IO[str] | None = None
) -> None:
    """Send every logger's lines to ``stream``, or to standard error."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(TextLines(wall) if log_format == "text" else JsonLines(wall))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # A reader of standard error that went away must not fill it with reports about itself.
    logging.raiseExceptions = False


class TextLines(logging.Formatter):
    """``2026-11-21T01:02:03Z warning burgeed.runtime: what happened; key=value``."""

    def __init__(self, wall: Callable[[], float]) -> None:
        super().__init__()
        self._wall = wall

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        text = f"{_now(self._wall)} {record.levelname.lower()} {record.name}: {record.getMessage()}"
        for key, value in _fields(self, record):
            text += f" {key}={_quoted(str(value))}"
        return visible(text)


class JsonLines(logging.Formatter):
    """One JSON object a line, in ASCII."""

    def __init__(self, wall: Callable[[], float]) -> None:
        super().__init__()
        self._wall = wall

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line = {
            "time": _now(self._wall),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _cut(record.getMessage()),
            **dict(_fields(self, record)),
        }
        return json.dumps(line, default=str)


def visible(text: str) -> str:
    """The text with control, format and line-ending characters written as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _is_harmless(character) else _escape(character) for character in text)


def _is_harmless(character: str) -> bool:
    return character == " " or unicodedata.category(character)[0] not in "CZ"


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1] if ord(character) < 0x7F else f"\\u{ord(character):04x}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if not text or " " in text or '"' in text else text


def _now(wall: Callable[[], float]) -> str:
    """The time to the millisecond."""
    now = wall()
    return f"{instant_text(int(now))[:-1]}.{int(now * 1000) % 1000:03d}Z"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_FIELD else f"{text[:LONGEST_FIELD]}... ({len(text)} characters)"


def _fields(formatter: logging.Formatter, record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    """What the caller gave beside the message, and the exception."""
    for key, value in record.__dict__.items():
        if key not in _OWN_FIELDS and value is not None:
            yield key, _cut(value) if isinstance(value, str) else value
    if record.exc_info:
        yield "exception", _cut(formatter.formatException(record.exc_info))
