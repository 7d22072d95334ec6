"""Instants: RFC 3339 text to and from seconds since the Unix epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_instant(text: str) -> float | None:
    """Read an RFC 3339 date-time with its offset.

    Args:
        text: such as ``2026-12-01T00:00:00Z`` or ``2026-12-01T01:00:00.5+01:00``.

    Returns:
        Seconds since the Unix epoch, or None where the text is not one, or has no offset.
    """
    if not _RFC_3339.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
        return (moment - _EPOCH).total_seconds()
    except (ValueError, OverflowError):
        return None


def instant_text(seconds: float) -> str:
    """Write seconds since the Unix epoch as RFC 3339 in UTC, with microseconds only where there are some."""
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    return moment.isoformat(timespec="auto").replace("+00:00", "Z")
