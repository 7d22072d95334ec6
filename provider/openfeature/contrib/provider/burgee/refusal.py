"""Why something else than an answer came back, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

STRANGER = "is this a Burgee daemon?"
"""What to ask where something answers in nobody's words, such as another service on the port."""


def is_redirection(status: int) -> bool:
    """Whether the answer is somewhere else."""
    return 300 <= status < 400 and status != 304


def explain_refusal(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """Say what a response means that is no answer, and what to do.

    Args:
        status: of HTTP, but 200.
        headers: names in lower case.
        body: as far as it came.
    """
    if is_redirection(status):
        target = headers.get("location", "elsewhere")
        return f"redirected to {target} (HTTP {status}): the address has to be the daemon's own"
    said = refusal_details(body)
    if status in (401, 403):
        return f"HTTP {status}{said and f': {said}'}: give a token that may, as `token=` or BURGEE_TOKEN"
    return f"HTTP {status}: {said or STRANGER}"


def refusal_details(body: bytes) -> str:
    """What the body of an error says; empty where it says nothing, or nothing yet."""
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(message, dict):
        return ""
    said = message.get("errorDetails") or message.get("errorCode")
    return said if isinstance(said, str) else ""
