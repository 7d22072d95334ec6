"""What stands before the body of an HTTP/1.1 response (RFC 9112, sections 3 and 5), read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

COMMON_HEAD = 2048
"""Bytes; longer heads are not remembered."""

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAD_IN_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LENGTH = re.compile(r"\d{1,12}", re.ASCII)


class Garbled(Exception):
    """This is not what a daemon sends; the message says how."""


class Head(NamedTuple):
    """What stands before a body.

    Attributes:
        status: of HTTP.
        headers: see :class:`ResponseReader`; read only, since other responses with the same head share it.
        keeps_alive: whether another request may go over the same connection.
        length: of the body, where it is stated and the body comes as it is; else None.
    """

    status: int
    headers: Mapping[str, str]
    keeps_alive: bool
    length: int | None


def _read_head(head: bytes) -> Head:
    """Read a head, without the empty line that ends it. Raises Garbled."""
    lines = head.split(b"\r\n")
    status_line = _STATUS_LINE.fullmatch(lines[0])
    if not status_line:
        raise Garbled(f"it sent the status line {lines[0][:80]!r}")
    headers = _read_headers(lines[1:])
    keeps_alive = status_line[1] == b"1" and "close" not in _tokens(headers.get("connection", ""))
    length = headers.get("content-length", "")
    plain = "transfer-encoding" not in headers and "content-encoding" not in headers
    counted = int(length) if plain and _LENGTH.fullmatch(length) else None
    return Head(int(status_line[2]), headers, keeps_alive, counted)


_read_known = lru_cache(maxsize=64)(_read_head)
"""Most heads come again and again, until the second in their date is over."""


def _read_headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        value = value.strip(b" \t")
        if not colon or not _NAME.fullmatch(name) or _BAD_IN_VALUE.search(value):
            raise Garbled(f"it sent the header {line[:80]!r}")
        key = name.decode("ascii").lower()
        if key in headers and key in ("content-length", "transfer-encoding"):
            raise Garbled(f"it sent {key} twice")
        text = value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def head_of(head: bytes) -> Head:
    """Read a head, without the empty line that ends it; one that came before is not read again.

    Raises:
        Garbled: no careful server sends that.
    """
    return (_read_known if len(head) <= COMMON_HEAD else _read_head)(head)


def _tokens(value: str) -> set[str]:
    return {token.strip().lower() for token in value.split(",")}
