"""The fingerprint of a command: whether a request with a known Idempotency-Key asks for the same again."""

from __future__ import annotations

import dataclasses
from hashlib import sha256

from burgeed.control.commands import Command
from burgeed.revisions.documents import canonical


def fingerprint(command: Command) -> str:
    """Equal for commands that ask for the same. Raises UnfitDocument."""
    asked = _plain(command)
    return sha256(canonical([type(command).__name__, asked]).encode()).hexdigest()


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value
