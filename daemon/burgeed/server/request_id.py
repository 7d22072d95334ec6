"""``X-Request-Id``: names a request in answers, history, audit and logs."""

from __future__ import annotations

import re
import secrets

from aiohttp import web

from burgeed.server.problems import malformed

HEADER = "X-Request-Id"

REQUEST_ID = web.RequestKey("request_id", str)

_VISIBLE = re.compile(r"[!-~]{1,128}", re.ASCII)


def read_request_id(request: web.Request) -> str:
    """The client's own, or a new one of 128 random bits. Raises Problem."""
    values = request.headers.getall(HEADER, ())
    if not values:
        return secrets.token_hex(16)
    if len(values) > 1 or not _VISIBLE.fullmatch(values[0]):
        raise malformed(f"{HEADER} is not 1 to 128 visible characters of ASCII")
    return values[0]
