"""What is asked of a request as such, before it is planned."""

from __future__ import annotations

import dataclasses
import unicodedata
from hashlib import sha256
from typing import Final

from burgee.fault import Fault
from burgeed.control.commands import Command
from burgeed.control.errors import Invalid
from burgeed.control.request import WriteRequest
from burgeed.revisions.documents import UnfitDocument, canonical

LONGEST: Final = {"reason": 2000, "on_behalf_of": 256, "request_id": 256, "idempotency_key": 256}
"""Characters."""


def check_request(request: WriteRequest) -> None:
    """Raise Invalid where a text of the request is too long, or none that a database keeps as it is."""
    faults = []
    for name, longest in LONGEST.items():
        text: str = getattr(request, name)
        if len(text) > longest:
            faults.append(Fault(f"`{name}` is {len(text)} characters long", (name,), f"at most {longest}"))
        elif not text.isprintable() and any(_is_unfit(each) for each in text):
            faults.append(Fault(f"`{name}` has a control character", (name,), "remove it"))
    if faults:
        raise Invalid("the request cannot be recorded as it is", faults)


def fingerprint(command: Command) -> str:
    """Equal for commands that ask for the same. Raises UnfitDocument."""
    asked = _plain(command)
    return sha256(canonical([type(command).__name__, asked]).encode()).hexdigest()


def invalid(unfit: UnfitDocument) -> Invalid:
    """What JSON cannot carry, as a refusal."""
    return Invalid(unfit.fault.message, [unfit.fault])


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def _is_unfit(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"
