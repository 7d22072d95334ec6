"""``X-Request-Id``: names a request in answers, history, audit and logs."""

from __future__ import annotations

import re
import secrets

from aiohttp import web

from burgeed.server.problems import malformed

HEADER = "X-Request-Id"

REQUEST_ID = web.RequestKey("request_id", str)

_VISIBLE = re.compile(r"[!-~]{1,128}", re.ASCII)


def request_id_of(request: web.BaseRequest) -> str:
    """The one that a request was given; else the client's own if it can be one, else a new one."""
    given: str | None = request.get(REQUEST_ID)
    if given is not None:
        return given
    values = request.headers.getall(HEADER, ())
    return values[0] if len(values) == 1 and _VISIBLE.fullmatch(values[0]) else secrets.token_hex(16)


def read_request_id(request: web.Request) -> str:
    """The client's own, or a new one of 128 random bits. Raises Problem."""
    values = request.headers.getall(HEADER, ())
    if not values:
        return secrets.token_hex(16)
    if len(values) > 1 or not _VISIBLE.fullmatch(values[0]):
        raise malformed(f"{HEADER} is not 1 to 128 visible characters of ASCII")
    return values[0]
