"""Reading a request's body within its limits."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from burgee.resolution import ErrorCode
from burgeed.server.errors import Refusal
from burgeed.server.limits import Limits


async def read_json(request: web.Request, limits: Limits, *, further: str = "") -> bytes:
    """Return the body of a request that should carry JSON; empty where it has none.

    Args:
        further: a content type that is as good as ``application/json``.

    Raises:
        Refusal: 400 for another content type (OFREP documents no 415) or a broken body, 408 for a slow one,
            413 for one that is too long, 415 for a content encoding, which could unfold without bound.
    """
    headers = request.headers
    content_type = headers.get("Content-Type")
    if content_type and content_type != "application/json":
        essence = content_type.partition(";")[0].strip().lower()
        if essence not in ("application/json", further):
            raise Refusal(400, ErrorCode.PARSE_ERROR, "the content type must be application/json")
    if headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Refusal(415, ErrorCode.PARSE_ERROR, "the body must not have a content encoding", close=True)
    check_length(request, limits)
    content = request.content
    try:
        if content.is_eof():
            body = content.read_nowait(-1)
            if len(body) > limits.body:
                raise too_long(limits)
            return body
        async with asyncio.timeout(limits.body_deadline):
            return await _read(request, limits)
    except TimeoutError:
        raise Refusal(408, ErrorCode.PARSE_ERROR, "the body did not come in time", close=True) from None
    except (web.RequestPayloadError, HttpProcessingError):
        raise Refusal(400, ErrorCode.PARSE_ERROR, "the body is not well-formed HTTP", close=True) from None


async def expect_continue(request: web.Request) -> None:
    """Answer ``Expect: 100-continue``, but not for a body that will be refused."""
    if request.headers["Expect"].lower() != "100-continue":
        raise Refusal(417, ErrorCode.GENERAL, "only 100-continue can be expected", close=True)
    check_length(request, limits=request.app[LIMITS])
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    # What was written is not part of the answer: an error may still follow it.
    request.writer.output_size = 0


def check_length(request: web.Request, limits: Limits) -> None:
    """Refuse a body that says itself that it is too long."""
    length = request.headers.get("Content-Length")
    if length is not None and int(length) > limits.body:
        raise too_long(limits)


def too_long(limits: Limits) -> Refusal:
    """The refusal of a body over the limit."""
    return Refusal(413, ErrorCode.PARSE_ERROR, f"the body is longer than {limits.body} bytes", close=True)


async def _read(request: web.Request, limits: Limits) -> bytes:
    parts: list[bytes] = []
    total = 0
    while part := await request.content.readany():
        total += len(part)
        if total > limits.body:
            raise too_long(limits)
        parts.append(part)
    return b"".join(parts)


LIMITS = web.AppKey("limits", Limits)
"""The application's limits, where something is given a request alone."""
