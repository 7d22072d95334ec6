"""Why a client has no answer."""

from __future__ import annotations

import orjson
from openfeature.contrib.provider.burgee.exchange import Unreachable

__all__ = ["Refused", "Unreachable", "refusal"]

_LASTING = frozenset({400, 401, 403, 404, 405, 410, 501})


class Refused(Unreachable):
    """The daemon answered, but not with what was asked for.

    Attributes:
        status: of HTTP.
        detail: what the daemon says of it; may be empty.
        lasting: asking again will not change it.
    """

    def __init__(self, where: object, status: int, detail: str) -> None:
        super().__init__(f"{where}: the daemon refuses (HTTP {status}): {detail or 'it does not say why'}")
        self.status = status
        self.detail = detail
        self.lasting = status in _LASTING


def refusal(where: object, status: int, body: bytes) -> Refused:
    """What to raise for an answer that is an error, in the words of its problem (RFC 9457), if it has any."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    detail = ""
    if isinstance(document, dict):
        told = document.get("detail") or document.get("errorDetails")
        detail = told if isinstance(told, str) else ""
    return Refused(where, status, detail)
