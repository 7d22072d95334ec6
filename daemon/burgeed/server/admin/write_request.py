"""A write as HTTP asks for it: who, why, and under which conditions, from the query and the header."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aiohttp import web

from burgeed.control.commands import Command
from burgeed.control.request import WriteRequest
from burgeed.server.admin.parameters import LONGEST_ACTOR, LONGEST_REASON
from burgeed.server.admin.query import read_boolean, read_text
from burgeed.server.problems import malformed
from burgeed.server.request_id import REQUEST_ID
from burgeed.server.route import PRINCIPAL

_REVISION = re.compile(r'"(?P<number>[0-9]{1,18})(\.[0-9a-f]{16})?"', re.ASCII)
_KEY = re.compile(r"[!-~]{1,128}", re.ASCII)


def read_write_request(request: web.Request, command: Command) -> WriteRequest:
    """Put a command together with what the request says about it. Raises Problem."""
    seen = request.headers.getall("If-Match", ())
    return WriteRequest(
        command,
        request[PRINCIPAL],
        reason=read_text(request, "reason", LONGEST_REASON),
        on_behalf_of=read_text(request, "actor", LONGEST_ACTOR),
        request_id=request[REQUEST_ID],
        if_match=_read_revision(seen),
        if_present=list(seen) == ["*"],
        idempotency_key=_read_key(request.headers.getall("Idempotency-Key", ())),
        dry_run=read_boolean(request, "dry_run"),
    )


def _read_revision(values: Sequence[str]) -> int | None:
    """``"17"``, and the entity tags that begin so; ``*`` names none."""
    if not values or list(values) == ["*"]:
        return None
    match = _REVISION.fullmatch(values[0].strip()) if len(values) == 1 else None
    if match is None:
        raise malformed('If-Match names no revision; write one such as "17", quotes included')
    return int(match["number"])


def _read_key(values: Sequence[str]) -> str:
    if not values:
        return ""
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise malformed("Idempotency-Key is not 1 to 128 visible characters of ASCII")
    return values[0]
