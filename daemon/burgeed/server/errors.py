"""Errors as JSON, whatever went wrong and wherever."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from pathlib import PurePath

import orjson
from aiohttp import web
from multidict import CIMultiDict

from burgee.resolution import ErrorCode
from burgee.wire.ofrep import error_body

JSON_HEADERS: Mapping[str, str] = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "Server": "burgee",
}
"""What every answer in JSON carries."""

RETRY = {"Retry-After": "1"}
"""Whole seconds: the one form of it that all OFREP clients read."""

_log = logging.getLogger(__name__)


class Refusal(Exception):
    """A request that is answered with an error.

    Args:
        status: HTTP status.
        code: OpenFeature error code.
        details: for a person.
        headers: to add to the answer.
        close: whether the connection ends with it, since what follows on it cannot be trusted.
    """

    def __init__(
        self,
        status: int,
        code: ErrorCode,
        details: str,
        *,
        headers: Mapping[str, str] | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(details)
        self.status = status
        self.code = code
        self.details = details
        self.headers = headers
        self.close = close

    def answer(self, key: str | None = None) -> web.Response:
        """The response; ``key`` where the request was about one flag."""
        return error_response(
            self.status, self.code, self.details, key=key, headers=self.headers, close=self.close
        )


def not_ready() -> Refusal:
    """What an evaluation is told before there is anything to evaluate."""
    return Refusal(
        503, ErrorCode.PROVIDER_NOT_READY, "the daemon has not yet loaded all of its sources", headers=RETRY
    )


def json_response(message: object, *, status: int = 200) -> web.Response:
    """A response with a JSON body."""
    return web.Response(status=status, body=orjson.dumps(message), headers=JSON_HEADERS)


def error_response(
    status: int,
    code: ErrorCode,
    details: str,
    *,
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
    close: bool = False,
) -> web.Response:
    """A response in the shape of an OFREP error, which is that of all errors here."""
    all_headers = CIMultiDict(JSON_HEADERS)
    all_headers.update(headers or {})
    body = error_body(code, readable(details), key=None if key is None else well_formed(key))
    response = web.Response(status=status, body=orjson.dumps(body), headers=all_headers)
    if close:
        response.force_close()
    return response


def from_http_exception(exception: web.HTTPException, path: str, key: str | None) -> web.Response:
    """Tell in JSON what aiohttp would tell in plain text; its ``Allow`` header is kept."""
    details = {
        404: f"there is nothing at {path}",
        405: f"{path} does not answer this method",
        413: "the request body is too long",
    }.get(exception.status, exception.reason)
    allow = exception.headers.get("Allow")
    return error_response(
        exception.status,
        ErrorCode.GENERAL,
        details,
        key=key,
        headers={"Allow": allow} if allow else None,
        close=exception.status == 413,
    )


def log_unexpected(what: str, exception: BaseException | None) -> None:
    """Write one line about a fault of our own: no traceback, nothing of the request that could forge a
    line.
    """
    frames = traceback.extract_tb(exception.__traceback__) if exception else []
    where = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    _log.error(
        what,
        extra={"error": type(exception).__name__, "text": readable(str(exception), 200), "where": where},
    )


def readable(text: str, limit: int = 1_000) -> str:
    """Cut to ``limit`` characters, with what cannot be printed or encoded written as escapes."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut)


def well_formed(text: str) -> str:
    """The text with code points that UTF-8 cannot carry written as ``?``; aiohttp makes them of raw bytes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
