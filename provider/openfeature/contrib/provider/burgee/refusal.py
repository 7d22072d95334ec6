"""Why the daemon refuses something, in its own words."""

from __future__ import annotations

import orjson


def refusal_details(body: bytes) -> str:
    """What the body of an error says; empty where it says nothing, or nothing yet."""
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    details = message.get("errorDetails") if isinstance(message, dict) else None
    return details if isinstance(details, str) else ""
