"""From a daemon's response to answers that can be kept: what its headers and details say of their reach."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from burgee.generation import Generation
from burgee.resolution import Resolution
from burgee.wire.bulk import read_bulk
from burgee.wire.ofrep import GENERATION, UNTIL, VARY, read_vary

from .exchange import Response, is_nothing

_GENERATION, _VARY, _UNTIL = GENERATION.lower(), VARY.lower(), UNTIL.lower()


class Told(NamedTuple):
    """An answer of the daemon, and how far it carries.

    Attributes:
        resolution: what it said.
        size: bytes, about.
        asked_at: monotonic seconds, before the question was sent.
        generation: that answered; None where it did not say.
        names: of all attributes that the answer depends on, sorted; None where there is no finite list.
        until: monotonic seconds at which time alone may change the answer, None where it cannot.
    """

    resolution: Resolution
    size: int
    asked_at: float
    generation: Generation | None = None
    names: tuple[str, ...] | None = None
    until: float | None = None


def told_by(response: Response, resolution: Resolution, asked_at: float) -> Told:
    """The answer to a single evaluation.

    Args:
        response: with its headers.
        resolution: what it says.
        asked_at: monotonic seconds, before the request was sent; the time that the answer stands is counted
            from there, so it is never taken for too long.
    """
    headers = response.headers
    generation = _generation(headers.get(_GENERATION, ""))
    names = _names(headers.get(_VARY, "*"))
    milliseconds = headers.get(_UNTIL)
    until = None
    if milliseconds is not None:
        if not (milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) < 16):
            generation = None
        else:
            until = asked_at + int(milliseconds) / 1000
    return Told(resolution, len(response.body), asked_at, generation, names, until)


def all_told_by(response: Response, asked_at: float) -> Iterator[Told]:
    """The answers to a bulk evaluation, without those that say nothing.

    Raises:
        MessageError: there are none that can be read.
    """
    generation = _generation(response.headers.get(_GENERATION, ""))
    for item in read_bulk(response.body):
        if is_nothing(item.resolution):
            continue
        names = None if item.vary is None else tuple(sorted(item.vary))
        until = None if item.until is None else asked_at + item.until / 1000
        yield Told(item.resolution, item.size, asked_at, generation, names, until)


@lru_cache(maxsize=16)
def _generation(text: str) -> Generation | None:
    try:
        return Generation.parse(text)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _names(text: str) -> tuple[str, ...] | None:
    names = read_vary(text)
    return None if names is None else tuple(sorted(names))
