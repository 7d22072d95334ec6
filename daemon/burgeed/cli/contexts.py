"""A sample of evaluation contexts, from a file: JSON Lines, or one JSON list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import click
import orjson

from burgeed.cli.session import CommandFailed, ExitCode

LARGEST_SAMPLE = 256 * 1024 * 1024
"""Bytes that are read."""

contexts_option = click.option(
    "--contexts",
    type=click.File("rb"),
    metavar="FILE",
    help="The sample: contexts as JSON objects, one a line or all in one list; - is standard input.",
)


def read_contexts(file: BinaryIO) -> list[dict[str, Any]]:
    """Read a sample.

    Raises:
        CommandFailed: it is empty, or no list of JSON objects, with the line or the position that is none.
    """
    name = str(getattr(file, "name", "-"))
    try:
        data = file.read(LARGEST_SAMPLE + 1)
    except OSError as error:
        raise CommandFailed(f"{name} cannot be read: {error.strerror}", ExitCode.USAGE) from error
    if len(data) > LARGEST_SAMPLE:
        raise CommandFailed(f"{name} is over {LARGEST_SAMPLE} bytes", ExitCode.USAGE)
    contexts = list(_contexts(data, name))
    if not contexts:
        raise CommandFailed(f"{name} has no context: write one JSON object a line", ExitCode.USAGE)
    return contexts


def _contexts(data: bytes, name: str) -> Iterator[dict[str, Any]]:
    if data.lstrip()[:1] == b"[":
        for place, each in enumerate(_parsed(data, name)):
            yield _object(each, f"{name}, context {place}")
        return
    for number, line in enumerate(data.splitlines(), start=1):
        if line.strip():
            yield _object(_parsed(line, f"{name}:{number}"), f"{name}:{number}")


def _parsed(data: bytes, where: str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise CommandFailed(f"{where}: not JSON: {error}", ExitCode.USAGE) from error


def _object(context: Any, where: str) -> dict[str, Any]:
    if not isinstance(context, dict):
        raise CommandFailed(
            f"{where}: a context is a JSON object: attributes and their values", ExitCode.USAGE
        )
    return context
