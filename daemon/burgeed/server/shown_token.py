"""The token that a request shows: ``Authorization: Bearer`` (RFC 6750), or ``X-API-Key`` as OFREP allows."""

from __future__ import annotations

from aiohttp import web
from multidict import istr

BEARER = istr("Authorization")
API_KEY = istr("X-API-Key")
"""Looked for in every request: an ``istr`` is folded once."""


def shown_token(request: web.BaseRequest) -> bytes | None:
    """The token that is shown; None where none is, empty where it cannot be one.

    Two headers may show the same token: clients that know both kinds send both.
    """
    headers = request.headers
    bearer, api_key = headers.getall(BEARER, ()), headers.getall(API_KEY, ())
    if not bearer and not api_key:
        return None
    shown = {text.strip() for text in api_key}
    for text in bearer:
        scheme, _, token = text.partition(" ")
        shown.add(token.strip() if scheme.lower() == "bearer" else "")
    return as_bytes(shown.pop()) if len(shown) == 1 else b""


def shows_token(request: web.BaseRequest) -> bool:
    """Whether a header is of the kind that tokens are shown in, whatever stands in it."""
    schemes = (text.partition(" ")[0].lower() for text in request.headers.getall(BEARER, ()))
    return API_KEY in request.headers or "bearer" in schemes


def as_bytes(text: str) -> bytes:
    """A header's value as it came; aiohttp makes surrogates of what is not UTF-8."""
    return text.encode("utf-8", "surrogateescape")
