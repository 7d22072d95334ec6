"""The messages of the OpenFeature Remote Evaluation Protocol (OFREP) 0.3.0, in both directions.

What is always there, because some client needs it: ``variant`` (empty where there is none), ``metadata``,
and with an error ``key``, ``errorCode`` and ``errorDetails``. ``value`` is absent, never null, where the
caller's own default is to be served (OFREP ADR 6). Floats keep their point and integers have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from burgee.context import TARGETING_KEY, Context
from burgee.errors import MessageError
from burgee.resolution import NO_METADATA, ErrorCode, Reason, Resolution
from burgee.value import FlagType, Value

GENERATION: Final = "Burgee-Generation"
"""Response header: the generation that answered."""
VARY: Final = "Burgee-Vary"
"""Response header: the context attributes that this flag could read; see :func:`vary_header`."""
UNTIL: Final = "Burgee-Until"
"""Response header: milliseconds from now, at least 1, after which time alone may change the answer."""
DETAIL: Final = "Burgee-Detail"
"""Request header: ``1`` asks for ``burgee: {vary, until}`` in each item of an answer."""
SELECTOR: Final = "Flagd-Selector"
"""Request header: which flag set the client sees; see :class:`burgee.selector.Selector`."""

VARY_LIMIT: Final = 2048
"""Characters of ``Burgee-Vary``; a longer list is written ``*``."""

_STATUS: Final[Mapping[ErrorCode, int]] = {
    ErrorCode.FLAG_NOT_FOUND: 404,
    ErrorCode.PROVIDER_NOT_READY: 503,
    ErrorCode.PROVIDER_FATAL: 500,
}
_REASONS: Final[Mapping[str, Reason]] = {reason.value: reason for reason in Reason}
_SCALAR = (bool, str, int, float)
_CODES: Final[Mapping[str, ErrorCode]] = {code.value: code for code in ErrorCode}
_ENCODED_NAME = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_RESERVED = re.compile(rb"[^A-Za-z0-9._~-]")


def read_context(body: bytes) -> Context:
    """Read the evaluation context from the body of a single or a bulk request.

    An empty body and an object without ``context`` mean an empty context, since clients send both when the
    application gave none. A ``targetingKey`` of null counts as absent.

    Raises:
        MessageError: PARSE_ERROR where the body is not a JSON object, INVALID_CONTEXT where ``context`` is
            not an object or its ``targetingKey`` not a string.
    """
    if not body:
        return {}
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise MessageError(ErrorCode.PARSE_ERROR, f"the body is not JSON: {fault}") from None
    if not isinstance(message, dict):
        raise MessageError(ErrorCode.PARSE_ERROR, "the body is not a JSON object")
    if "context" not in message:
        return {}
    context = message["context"]
    if not isinstance(context, dict):
        raise MessageError(ErrorCode.INVALID_CONTEXT, "`context` is not an object")
    key = context.get(TARGETING_KEY)
    if key is not None and not isinstance(key, str):
        raise MessageError(ErrorCode.INVALID_CONTEXT, f"`{TARGETING_KEY}` is not a string")
    return context


def answer(resolution: Resolution) -> tuple[int, dict[str, Any]]:
    """Return the HTTP status and the JSON body of a single evaluation; the body is also the item of a bulk
    answer.
    """
    code = resolution.error_code
    if code is not None:
        body = error_body(code, resolution.error_message, resolution.metadata, key=resolution.flag_key)
        return _STATUS.get(code, 400), body
    body = {"key": resolution.flag_key}
    if resolution.has_value:
        body["value"] = resolution.value
    body["reason"] = resolution.reason.value
    body["variant"] = resolution.variant or ""
    body["metadata"] = dict(resolution.metadata)
    return 200, body


def error_body(
    code: str, details: str, metadata: Mapping[str, Any] = NO_METADATA, *, key: str | None = None
) -> dict[str, Any]:
    """Return the JSON body of an error; ``key`` where it is about one flag."""
    body: dict[str, Any] = {} if key is None else {"key": key}
    body["errorCode"] = str(code)
    body["errorDetails"] = details
    body["metadata"] = dict(metadata)
    return body


def bulk_answer(
    items: Iterable[object], metadata: Mapping[str, Any], event_streams: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return the JSON body of a bulk evaluation.

    Args:
        items: the bodies of :func:`answer`, failures among them, or ``orjson.Fragment`` of their bytes.
        metadata: of the flag set.
        event_streams: where to learn of changes; the field is left out where there are none.
    """
    body: dict[str, Any] = {"flags": list(items), "metadata": dict(metadata)}
    streams = [dict(stream) for stream in event_streams]
    if streams:
        body["eventStreams"] = streams
    return body


def detail(vary: frozenset[str] | None, until: int | None) -> dict[str, Any]:
    """Return what ``Burgee-Detail: 1`` adds to an item under the key ``burgee``.

    Args:
        vary: attributes that the flag could read; None, written null, where there is no finite list.
        until: milliseconds to the next edge in time, None where there is none.
    """
    return {"vary": None if vary is None else sorted(vary), "until": until}


def milliseconds_until(edge: float | None, now: float) -> int | None:
    """Return the whole milliseconds from ``now`` to ``edge`` (both Unix seconds), rounded down and at least
    1.
    """
    return None if edge is None else max(1, int((edge - now) * 1000))


def vary_header(names: frozenset[str] | None) -> str:
    """Write attribute names: percent-encoded UTF-8, sorted, separated by commas; ``*`` for None or over 2
    KB.
    """
    if names is None:
        return "*"
    text = ",".join(_encode(name) for name in sorted(names))
    return text if len(text) <= VARY_LIMIT else "*"


def read_vary(text: str) -> frozenset[str] | None:
    """Read what :func:`vary_header` wrote; None (do not cache) for ``*`` and for anything malformed."""
    text = text.strip()
    if not text:
        return frozenset()
    names = set()
    for part in text.split(","):
        part = part.strip()
        if not _ENCODED_NAME.fullmatch(part):
            return None
        try:
            names.add(_ESCAPE.sub(lambda escape: bytes([int(escape[1], 16)]), part.encode()).decode())
        except UnicodeDecodeError:
            return None
    return frozenset(names)


def read_answer(flag_key: str, status: int, body: bytes) -> Resolution:
    """Read the answer to a single evaluation, as its client.

    Never raises: what is not an answer becomes a Resolution with the error code PARSE_ERROR (a 200 that
    cannot be read) or GENERAL (any other status without a known error code).

    Args:
        flag_key: the flag asked for; the key in the body is not looked at.
        status: HTTP status.
        body: its body, decoded from any content encoding.
    """
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError:
        message = None
    if not isinstance(message, dict):
        code = ErrorCode.PARSE_ERROR if status == 200 else ErrorCode.GENERAL
        return Resolution.error(flag_key, code, f"the answer (HTTP {status}) is not a JSON object")
    return read_item(flag_key, status, message)


def read_item(flag_key: str, status: int, message: Mapping[str, Any]) -> Resolution:
    """Read the decoded body of a single evaluation's answer, or one item of a bulk answer (status 200)."""
    metadata = _scalars(message.get("metadata"))
    if status != 200 or "errorCode" in message:
        return _read_error(flag_key, status, message, metadata)
    variant = message.get("variant")
    reason = message.get("reason")
    value: Value = message.get("value")
    return Resolution(
        flag_key=flag_key,
        value=value,
        has_value=value is not None,
        variant=variant if isinstance(variant, str) and variant else None,
        reason=_REASONS.get(reason, Reason.UNKNOWN) if isinstance(reason, str) else Reason.UNKNOWN,
        flag_type=_flag_type(value),
        metadata=metadata,
    )


def _read_error(
    flag_key: str, status: int, message: Mapping[str, Any], metadata: Mapping[str, bool | str | int | float]
) -> Resolution:
    stated = message.get("errorCode")
    details = message.get("errorDetails")
    text = details if isinstance(details, str) else ""
    code = _CODES.get(stated) if isinstance(stated, str) else None
    if code is None:
        code = ErrorCode.GENERAL
        named = f", error code {stated!r}" if isinstance(stated, str) else ""
        text = f"HTTP {status}{named}: {text}" if text else f"HTTP {status}{named}"
    return Resolution.error(flag_key, code, text, metadata)


def _scalars(metadata: object) -> Mapping[str, bool | str | int | float]:
    if not isinstance(metadata, dict) or not metadata:
        return NO_METADATA
    return {name: value for name, value in metadata.items() if isinstance(value, _SCALAR)}


def _flag_type(value: Value) -> FlagType | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer"
    return "float" if isinstance(value, float) else "object"


def _encode(name: str) -> str:
    raw = name.encode("utf-8", "surrogatepass")
    return _RESERVED.sub(lambda byte: b"%%%02X" % byte[0][0], raw).decode()
