"""Values that a person writes on a command line, as definitions and the API have them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
import orjson

from burgee.instant import instant_text, parse_instant
from burgeed.cli.session import CommandFailed, ExitCode, Session

LARGEST_DOCUMENT: Final = 1_000_000
"""Bytes of a file; a daemon takes no more."""

_FROM_NOW = re.compile(r"(?P<number>[+-]\d{1,6})(?P<unit>[smhdw])", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

INSTANT_HELP: Final = "RFC 3339, a date (its first instant, UTC), now, or from now: +30m, +7d, -2h"


def read_instant(text: str | None, session: Session, option: str) -> str | None:
    """An instant in RFC 3339; None where there is no text. Raises click.BadParameter."""
    if text is None:
        return None
    if text == "now":
        return instant_text(int(session.clock.wall()))
    later = _FROM_NOW.fullmatch(text)
    if later is not None:
        return instant_text(int(session.clock.wall()) + int(later["number"]) * _SECONDS[later["unit"]])
    instant = parse_instant(f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text)
    if instant is None:
        raise click.BadParameter(f"{text!r} is no instant: write {INSTANT_HELP}", param_hint=option)
    return instant_text(instant)


def read_json(text: str, option: str) -> Any:
    """A JSON value. Raises click.BadParameter."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise click.BadParameter(f"{text!r} is not JSON: {error}", param_hint=option) from error


def read_object(text: str, option: str) -> dict[str, Any]:
    """A JSON object. Raises click.BadParameter."""
    found = read_json(text, option)
    if not isinstance(found, dict):
        raise click.BadParameter("this is no JSON object", param_hint=option)
    return found


def read_file(file: BinaryIO, option: str) -> Any:
    """The JSON in a file. Raises CommandFailed, click.BadParameter."""
    name = Path(str(getattr(file, "name", "-"))).name
    try:
        data = file.read(LARGEST_DOCUMENT + 1)
    except OSError as error:
        raise CommandFailed(f"{name} cannot be read: {error.strerror}", ExitCode.USAGE) from error
    if len(data) > LARGEST_DOCUMENT:
        raise CommandFailed(f"{name} is over {LARGEST_DOCUMENT} bytes", ExitCode.USAGE)
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise click.BadParameter(f"{name} is not JSON: {error}", param_hint=option) from error


def read_pair(text: str, option: str, form: str = "NAME=VALUE") -> tuple[str, str]:
    """``NAME=REST``, called ``form`` where it is none. Raises click.BadParameter."""
    name, equals, rest = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{text!r} is not {form}", param_hint=option)
    return name, rest


def read_weights(text: str) -> dict[str, int]:
    """``on=25,off=75``. Raises click.BadParameter."""
    weights: dict[str, int] = {}
    for part in text.split(","):
        name, number = read_pair(part.strip(), "--split")
        if not number.isascii() or not number.isdigit() or len(number) > 10:
            raise click.BadParameter(f"weight {number!r} is no whole number", param_hint="--split")
        if name in weights:
            raise click.BadParameter(f"variant {name} stands there twice", param_hint="--split")
        weights[name] = int(number)
    return weights
