"""Whether a request can be recorded as it is, before it is planned."""

from __future__ import annotations

import unicodedata
from typing import Final

from burgee.fault import Fault
from burgeed.control.errors import Invalid
from burgeed.control.request import WriteRequest

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


def _is_unfit(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"
