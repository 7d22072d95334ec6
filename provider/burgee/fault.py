"""A fault: what is wrong in a document, where, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Path = tuple[str | int, ...]
"""Where a value stands in a document: mapping keys and list indexes from the root."""

_PLAIN = re.compile(r"[A-Za-z0-9_$-]+")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a document.

    Attributes:
        message: what is wrong, naming the offending text.
        path: where in the document, from its root.
        remedy: what to write instead; empty where there is no better advice than the message.
        severity: an ``error`` refuses the document, a ``warning`` does not.
        at: whether the position is that of the value at ``path`` or of its key.
        file: the file's path, where the document came from one.
        line: 1-based line of the offending key or value, if known.
        column: 1-based column in characters (code points), if known.
    """

    message: str
    path: Path = ()
    remedy: str = ""
    severity: Literal["error", "warning"] = "error"
    at: Literal["value", "key"] = "value"
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        position = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        where = " ".join(
            part for part in (position, f"at {path_text(self.path)}" if self.path else "") if part
        )
        text = f"{self.severity}: {self.message}"
        if self.remedy:
            text = f"{text}; {self.remedy}"
        return f"{where}: {text}" if where else text


def path_text(path: Path) -> str:
    """Write a path as a person would: ``flags.new-checkout.rules[0].when``.

    A key that is not a plain word is written in brackets and quotes.
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text
