"""The message ``POST /sync/v1/track``: what an application's users did, for whoever weighs flags against it.

    {"events": [{"name": "ordered", "time": "2026-11-21T12:00:00Z", "targetingKey": "u-1",
                 "context": {"customer": "c-42"}, "value": 99.5, "attributes": {"currency": "EUR"}}]}

``name`` and ``time`` are required; null counts as absent; unknown fields are left aside. A ``targetingKey``
within the context, as OFREP has it, is taken too. A batch is taken whole or not at all. The answer is 202
with ``{"accepted": 1}``. (OpenFeature specification, section 6: tracking.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from burgee.context import TARGETING_KEY
from burgee.errors import MessageError
from burgee.instant import instant_text, parse_instant
from burgee.resolution import ErrorCode

PATH: Final = "/sync/v1/track"
MOST_EVENTS: Final = 1_000
"""Events of one batch."""
LONGEST_NAME: Final = 256
"""Characters of an event's name."""
DEEPEST: Final = 64
"""Levels of lists and objects in a context or in attributes."""


@dataclass(frozen=True, slots=True)
class TrackedEvent:
    """Something that happened.

    Attributes:
        name: of what happened, 1 to 256 characters.
        time: when, in Unix seconds; kept to the microsecond.
        targeting_key: whom it is about; None where that is not known.
        context: the evaluation context without the targeting key.
        value: a number that goes with it, such as a price; finite.
        attributes: what else there is to say, as JSON has it.
    """

    name: str
    time: float
    targeting_key: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    value: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


def write_event(event: TrackedEvent) -> bytes:
    """One event as JSON on one line, what is absent left out.

    Raises:
        ValueError: it holds what JSON cannot say.
    """
    message: dict[str, Any] = {"name": event.name, "time": instant_text(event.time)}
    if event.targeting_key is not None:
        message["targetingKey"] = event.targeting_key
    if event.context:
        message["context"] = event.context
    if event.value is not None:
        message["value"] = event.value
    if event.attributes:
        message["attributes"] = event.attributes
    return orjson.dumps(message)


def write_events(written: Iterable[bytes]) -> bytes:
    """The body of a request, from events as :func:`write_event` wrote them."""
    return b'{"events":[' + b",".join(written) + b"]}"


def read_events(body: bytes) -> list[TrackedEvent]:
    """Read the body of a request.

    Raises:
        MessageError: PARSE_ERROR or INVALID_CONTEXT, with the place of the first fault.
    """
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise _fault("the body", f"is not JSON: {fault}") from None
    if not isinstance(message, dict):
        raise _fault("the body", "is not a JSON object")
    events = message.get("events")
    if not isinstance(events, list):
        raise _fault("`events`", "is not a list")
    if len(events) > MOST_EVENTS:
        raise _fault("`events`", f"has {len(events)} events, over the limit of {MOST_EVENTS}: send batches")
    return [_read_event(event, f"events[{index}]") for index, event in enumerate(events)]


def accepted(number: int) -> dict[str, int]:
    """The JSON body of the answer to a batch that was taken."""
    return {"accepted": number}


def _read_event(event: Any, place: str) -> TrackedEvent:
    if not isinstance(event, dict):
        raise _fault(f"`{place}`", "is not an object")
    name = event.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        raise _fault(f"`{place}.name`", f"is not a text of 1 to {LONGEST_NAME} characters")
    time = event.get("time")
    instant = parse_instant(time) if isinstance(time, str) else None
    if instant is None:
        raise _fault(f"`{place}.time`", "is not RFC 3339 with an offset, such as 2026-11-21T12:00:00Z")
    value = event.get("value")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise _fault(f"`{place}.value`", "is not a number")
    context = _read_object(event, "context", place, ErrorCode.INVALID_CONTEXT)
    targeting_key = _targeting_key(event.get(TARGETING_KEY), context.pop(TARGETING_KEY, None), place)
    attributes = _read_object(event, "attributes", place, ErrorCode.PARSE_ERROR)
    return TrackedEvent(name, instant, targeting_key, context, value, attributes)


def _targeting_key(beside: Any, within: Any, place: str) -> str | None:
    """The key from either of its places."""
    chosen: str | None = None
    for key, where in ((beside, TARGETING_KEY), (within, f"context.{TARGETING_KEY}")):
        if key is None:
            continue
        if not isinstance(key, str):
            raise _fault(f"`{place}.{where}`", "is not a text", ErrorCode.INVALID_CONTEXT)
        if chosen is not None and key != chosen:
            what = f"is another one than `{place}.{TARGETING_KEY}`: leave one of them out"
            raise _fault(f"`{place}.{where}`", what, ErrorCode.INVALID_CONTEXT)
        chosen = key
    return chosen


def _read_object(event: Mapping[str, Any], name: str, place: str, code: ErrorCode) -> dict[str, Any]:
    found = event.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _fault(f"`{place}.{name}`", "is not an object", code)
    if _is_deeper(found, DEEPEST):
        raise _fault(f"`{place}.{name}`", f"is nested deeper than {DEEPEST} levels", code)
    return found


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether a list or object, itself the first level, holds more levels than these."""
    if levels < 1:
        return True
    members = value.values() if isinstance(value, dict) else value
    return any(_is_deeper(member, levels - 1) for member in members if isinstance(member, dict | list))


def _fault(place: str, what: str, code: ErrorCode = ErrorCode.PARSE_ERROR) -> MessageError:
    return MessageError(code, f"{place} {what}")
