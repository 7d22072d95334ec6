"""Parameters of the admin API as OpenAPI 3.1 has them.

A route names those that it knows; any other name in the query is refused (see
:mod:`burgeed.server.route_table`), so that the description is what is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Parameter: TypeAlias = Mapping[str, Any]

PRINTABLE: Final = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
"""Text without control characters."""

LONGEST_KEY: Final = 256
LONGEST_REASON: Final = 1_000
LONGEST_ACTOR: Final = 256
LARGEST_PAGE: Final = 500
LARGEST_REVISION: Final = 2**63 - 1

DATE_TIME: Final = {"type": "string", "format": "date-time"}
INSTANT: Final = {"type": "string", "format": "date-time", "example": "2026-12-01T00:00:00Z"}
REVISION: Final = {"type": "integer", "minimum": 1, "maximum": LARGEST_REVISION}


def query(name: str, description: str, schema: Mapping[str, Any], *, required: bool = False) -> Parameter:
    """A parameter in the query."""
    found: dict[str, Any] = {"name": name, "in": "query", "description": description, "schema": schema}
    return {**found, "required": True} if required else found


def header(name: str, description: str, schema: Mapping[str, Any]) -> Parameter:
    """A parameter in the header."""
    return {"name": name, "in": "header", "description": description, "schema": schema}


def text(longest: int = LONGEST_KEY) -> dict[str, Any]:
    """The schema of a text without control characters."""
    return {"type": "string", "maxLength": longest, "pattern": PRINTABLE}


FLAG_SET: Final = query(
    "flag_set", "`flagSetId`; needed where there is more than one flag set.", text(LONGEST_KEY)
)
LEVEL: Final = query("level", "Only of this level.", text())
SCOPE: Final = query("scope", "Only of this scope.", text())
FLAG: Final = query("flag", "Only of this flag.", text())
SOURCE: Final = query(
    "source", "Only what this source says; `admin` is what was set at run time.", text(4096)
)
SINCE: Final = query("since", "From this instant on.", INSTANT)
UNTIL: Final = query("until", "Before this instant.", INSTANT)
ACTOR: Final = query("actor", "Only by this actor.", text())
ACTION: Final = query("action", "Only of this action.", text(64))

PAGE: Final[tuple[Parameter, ...]] = (
    query(
        "limit",
        "Items of a page.",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": 100},
    ),
    query("cursor", "`next` of the page before.", {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,8000}$"}),
)

REASON: Final = query("reason", "Why; kept in history and audit.", text(LONGEST_REASON))
ON_BEHALF_OF: Final = query("actor", "Who acts, where a program asks for a person.", text(LONGEST_ACTOR))

REQUEST_ID: Final = header(
    "X-Request-Id",
    "Names the request in history, audit and logs; one is made where there is none.",
    {"type": "string", "pattern": "^[!-~]{1,128}$"},
)

SECOND_TOKEN: Final = header(
    "Burgee-Second-Token", "The token of another person, where two have to want it.", {"type": "string"}
)

DRY_RUN: Final = query(
    "dry_run", "Tell what would change, and change nothing.", {"type": "boolean", "default": False}
)

WHICH: Final[tuple[Parameter, ...]] = (FLAG_SET, FLAG, LEVEL, SCOPE, ACTOR, ACTION, SINCE, UNTIL)
"""What history and the audit are asked for."""

ASKED: Final[tuple[Parameter, ...]] = (REASON, ON_BEHALF_OF, REQUEST_ID)
"""What a write takes that is no revision."""

WRITE: Final[tuple[Parameter, ...]] = (
    REASON,
    ON_BEHALF_OF,
    DRY_RUN,
    header(
        "If-Match",
        "The revision, or the entity tag, that was seen: 409 where it has changed since. `*`: only what is "
        "there is changed, and nothing is made.",
        {"type": "string", "pattern": '^(\\*|"[0-9]{1,18}(\\.[0-9a-f]{16})?")$', "example": '"17"'},
    ),
    header(
        "Idempotency-Key",
        "Asked again with the same key, the first outcome is told again, for 24 hours.",
        {"type": "string", "pattern": "^[!-~]{1,128}$"},
    ),
    REQUEST_ID,
)

SELECTOR: Final = header(
    "Flagd-Selector",
    "`flagSetId=<id>`, `source=<name>`, or a source's name.",
    {"type": "string", "pattern": "^((flagSetId|source)=.*|[^=]*)$"},
)

HOLDS: Final = header(
    "If-None-Match", "The entity tag of what is held: 304 where it is the same.", {"type": "string"}
)
