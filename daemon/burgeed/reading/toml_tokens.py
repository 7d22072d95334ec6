"""What single nodes of TOML's syntax tree stand for."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from tree_sitter import Node

KEYS: Final = ("bare_key", "quoted_key", "dotted_key")
"""Types of nodes that are keys."""


def date_time_text(value: datetime) -> str:
    """A date-time with an offset as RFC 3339 text."""
    text = value.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def text_of(node: Node) -> str:
    """As it is written."""
    return (node.text or b"").decode()


def values_in(node: Node) -> Iterator[Node]:
    """The nodes within another, comments and what is broken left out."""
    return (child for child in node.named_children if child.type not in ("comment", "ERROR"))


def value_of(pair: Node) -> Node | None:
    """The value of a key; None where there is none."""
    return next((child for child in values_in(pair) if child.type not in KEYS), None)


def string_of(written: str) -> str | None:
    """The text that a string token stands for; None where it is malformed."""
    quote = written[:1]
    if not written.startswith(quote * 3) and (quote == "'" or "\\" not in written):
        return written[1:-1]
    try:
        text: str = tomllib.loads(f"text = {written}")["text"]
    except tomllib.TOMLDecodeError:
        return None
    return text


def date_time_of(written: str) -> str | None:
    """A date-time with an offset as RFC 3339 text; None where a token stands for nothing of the kind."""
    try:
        value = tomllib.loads(f"moment = {written}")["moment"]
    except tomllib.TOMLDecodeError:
        return None
    return date_time_text(value) if isinstance(value, datetime) else None
