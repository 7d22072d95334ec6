"""``/admin/v1/audit``: search, export, checkpoint, prune, erase, holds, rewrapping; reading is recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final, Literal

from aiohttp import web

from burgeed.audit.event import AuditEvent
from burgeed.audit.modes import Privileged
from burgeed.audit.records import AuditFilter, Requester
from burgeed.audit.subjects import PERSON
from burgeed.server.admin.body import check_fields, read_object
from burgeed.server.admin.known_names import unknown_level
from burgeed.server.admin.pages import page_document, read_page
from burgeed.server.admin.parameters import LONGEST_ACTOR, LONGEST_REASON
from burgeed.server.admin.permission import permit
from burgeed.server.admin.query import checked_instant, checked_text, read_boolean, read_instant, read_text
from burgeed.server.admin.writes import no_store
from burgeed.server.errors import JSON_HEADERS, json_response, log_unexpected
from burgeed.server.problems import malformed, not_found
from burgeed.server.request_id import HEADER, REQUEST_ID
from burgeed.server.route import PRINCIPAL
from burgeed.server.services import Services

if TYPE_CHECKING:
    # It loads the cryptography library, which a daemon without a store does without.
    from burgeed.audit.log import AuditLog

CURSOR: Final = "audit"
FORMS: Final[dict[str, str]] = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
PIECE: Final = 64 * 1024
"""Bytes of an export that are written at once."""


class Audit:
    """The handlers."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def search(self, request: web.Request) -> web.Response:
        """A page of entries, newest first."""
        page = read_page(request, CURSOR, (int,))
        which = _filter(request)
        log = self._log()
        await self._record_reading(request, log, which, "search")
        found = await log.search(which, page.limit, None if page.after is None else page.after[0])
        items = [record.as_json() for record in found.records]
        return json_response(page_document(items, CURSOR, None if found.next is None else (found.next,)))

    async def export(self, request: web.Request) -> web.StreamResponse:
        """All entries that are asked for, oldest first, line by line while they are read."""
        form = _form(request)
        which = _filter(request)
        log = self._log()
        await self._record_reading(request, log, which, "export")
        pieces = _pieces(log.export(which, form))
        # What fails before the first piece is told as a problem; afterwards the answer has begun.
        first = await anext(pieces, b"")
        response = web.StreamResponse(
            headers={
                "Content-Type": FORMS[form],
                "Content-Disposition": f'attachment; filename="audit.{form}"',
                "Cache-Control": "no-store",
                "Server": "burgee",
                HEADER: request[REQUEST_ID],
            }
        )
        response.enable_chunked_encoding()
        await response.prepare(request)
        try:
            await response.write(first)
            async for piece in pieces:
                await response.write(piece)
        except ConnectionError:
            return response
        except Exception as error:
            # The chunk that would end it is missing: nobody takes a part for the whole.
            log_unexpected("an export of the audit broke off", error)
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write_eof()
        return response

    async def checkpoint(self, request: web.Request) -> web.Response:
        """The newest signed checkpoint."""
        text = await self._log().checkpoint()
        if text is None:
            raise not_found("no checkpoint has been made yet")
        headers = {**JSON_HEADERS, "Content-Type": "text/plain; charset=utf-8"}
        return web.Response(body=text.encode(), headers=headers)

    async def prune(self, request: web.Request) -> web.Response:
        """Drop whole segments that are older than they have to be kept."""
        log = self._log()
        body = await read_object(request, self._services.limits, optional=True)
        check_fields(body, ("before",))
        before = body.get("before")
        moment = None if before is None else checked_instant(before, "`before`")
        dry_run = read_boolean(request, "dry_run")
        outcome = await log.prune(await self._requester(request, "prune"), before=moment, dry_run=dry_run)
        return json_response(outcome.as_json(dry_run=dry_run))

    async def erase(self, request: web.Request) -> web.Response:
        """Make one subject's personal data unreadable for ever, in the audit and in the history."""
        log = self._log()
        body = await read_object(request, self._services.limits)
        check_fields(body, ("kind", "name", "legalBasis"))
        kind, name, basis = (_stated(body, field) for field in ("kind", "name", "legalBasis"))
        dry_run = read_boolean(request, "dry_run")
        requester = await self._requester(request, "erase")
        outcome = await log.erase(requester, kind, name, basis, dry_run=dry_run)
        if not outcome.found:
            self._need_kind(kind)
        return json_response(outcome.as_json(dry_run=dry_run))

    def _need_kind(self, kind: str) -> None:
        """Nothing found is an answer only where the kind is one: else somebody takes it for an erasure."""
        store = self._services.store
        if kind != PERSON and store.ready and (why := unknown_level(kind, store.snapshot)):
            raise malformed(f"`kind` is a level, or {PERSON}: {why}")

    async def holds(self, request: web.Request) -> web.Response:
        """The legal holds."""
        return json_response({"items": [{"name": name} for name in await self._log().holds()]})

    async def hold(self, request: web.Request) -> web.Response:
        """Put a legal hold on the log."""
        log = self._log()
        body = await read_object(request, self._services.limits)
        check_fields(body, ("name",))
        name = _stated(body, "name")
        is_new = await log.hold(await self._requester(request, None), name)
        return json_response({"name": name, "isNew": is_new})

    async def release(self, request: web.Request) -> web.Response:
        """End a legal hold."""
        log, name = self._log(), checked_text(request.match_info["name"], "the hold", 1_000, shortest=1)
        if not await log.release(await self._requester(request, None), name):
            raise not_found(f"there is no hold {name!r}")
        return json_response({"name": name})

    async def rewrap(self, request: web.Request) -> web.Response:
        """Wrap with the daemon's master key what a former one wraps."""
        count = await self._log().rewrap(await self._requester(request, None))
        return json_response({"keys": count})

    def _log(self) -> AuditLog:
        if self._services.audit is None:
            raise no_store()
        return self._services.audit

    async def _record_reading(
        self, request: web.Request, log: AuditLog, which: AuditFilter, how: str
    ) -> None:
        # Whom it was about stands where an erasure finds it, and not in the detail.
        event = AuditEvent(
            "audit.read",
            self._services.clock.wall(),
            request[PRINCIPAL].name,
            request_id=request[REQUEST_ID],
            flag_set=which.flag_set or "",
            flag_key=which.flag,
            level=which.level,
            scope=which.scope,
            detail={"how": how, "filters": sorted(request.query)},
        )
        await log.append_alone([event])

    async def _requester(self, request: web.Request, operation: Privileged | None) -> Requester:
        second = await permit(self._services, request, operation)
        return Requester(
            request[PRINCIPAL].name,
            reason=read_text(request, "reason", LONGEST_REASON),
            on_behalf_of=read_text(request, "actor", LONGEST_ACTOR),
            request_id=request[REQUEST_ID],
            second="" if second is None else second.name,
            certificate=request[PRINCIPAL].certificate,
        )


async def _pieces(lines: AsyncIterator[str]) -> AsyncIterator[bytes]:
    """Lines put together, so that a short one is not a packet of its own."""
    waiting: list[bytes] = []
    size = 0
    async for line in lines:
        waiting.append(line.encode())
        size += len(waiting[-1])
        if size >= PIECE:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def _form(request: web.Request) -> Literal["jsonl", "csv"]:
    form = request.query.get("format", "jsonl")
    if form == "jsonl":
        return "jsonl"
    if form == "csv":
        return "csv"
    raise malformed("query parameter `format` is neither jsonl nor csv")


def _filter(request: web.Request) -> AuditFilter:
    return AuditFilter(
        actor=read_text(request, "actor"),
        action=read_text(request, "action", 64),
        flag_set=read_text(request, "flag_set") if "flag_set" in request.query else None,
        flag=read_text(request, "flag"),
        level=read_text(request, "level"),
        scope=read_text(request, "scope"),
        since=read_instant(request, "since"),
        until=read_instant(request, "until"),
    )


def _stated(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise malformed(f"`{name}` is no text")
    return checked_text(value, f"`{name}`", 1_000, shortest=1)
