"""Requests to ASGI and WSGI applications as a server makes them, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any
from wsgiref.util import setup_testing_defaults

from openfeature import api

Headers = Sequence[tuple[str, bytes]]


def asking() -> tuple[str | None, dict[str, Any]]:
    """Who is asking, by the transaction context."""
    context = api.get_transaction_context()
    return context.targeting_key, dict(context.attributes)


def http_scope(headers: Headers = (), path: str = "/", kind: str = "http") -> dict[str, Any]:
    """What an ASGI server says of a request."""
    return {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value) for name, value in headers],
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 80),
    }


async def get_asgi(application: Any, headers: Headers = (), path: str = "/") -> bytes:
    """One request's whole answer."""
    received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    received.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    pieces: list[bytes] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            pieces.append(message.get("body", b""))

    await application(http_scope(headers, path), received.get, send)
    return b"".join(pieces)


def environ(headers: Headers = (), path: str = "/") -> dict[str, Any]:
    """What a WSGI server says of a request."""
    made: dict[str, Any] = {"PATH_INFO": path}
    setup_testing_defaults(made)
    for name, value in headers:
        made[f"HTTP_{name.upper().replace('-', '_')}"] = value.decode("latin-1")
    return made


def begin_wsgi(application: Any, headers: Headers = (), path: str = "/", **extra: Any) -> Iterable[bytes]:
    """One request's answer, not iterated yet."""

    def start_response(status: str, answered: Any, error: Any = None) -> Any:
        return lambda data: None

    body: Iterable[bytes] = application(environ(headers, path) | extra, start_response)
    return body


def get_wsgi(application: Any, headers: Headers = (), path: str = "/") -> bytes:
    """One request's whole answer, closed."""
    body = begin_wsgi(application, headers, path)
    try:
        return b"".join(body)
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()
