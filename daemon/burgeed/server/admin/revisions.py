"""History, differences, and going back: ``/admin/v1/revisions``, ``diff``, ``rollback`` and their kin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aiohttp import web

from burgeed.control.commands import RollBack
from burgeed.control.protocol import HistoryFilter
from burgeed.revisions.values import Revision
from burgeed.server.admin.body import check_fields, read_object, whole_number
from burgeed.server.admin.known_names import unknown_flag, unknown_level
from burgeed.server.admin.pages import page_document, read_page
from burgeed.server.admin.parameters import LARGEST_REVISION
from burgeed.server.admin.query import flag_set_id_of, path_text_of, read_instant, read_integer, read_text
from burgeed.server.admin.writes import answer_write, change_document, control_of
from burgeed.server.errors import json_response
from burgeed.server.problems import Problem, malformed, not_found
from burgeed.server.services import Services

CURSOR = "revisions"


class Revisions:
    """The handlers."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def list(self, request: web.Request) -> web.Response:
        """The whole history, newest first."""
        which = HistoryFilter(
            flag_set=read_text(request, "flag_set") if "flag_set" in request.query else None,
            flag_key=read_text(request, "flag"),
            level=read_text(request, "level"),
            scope=read_text(request, "scope"),
            actor=read_text(request, "actor"),
            action=read_text(request, "action", 64),
            since=read_instant(request, "since"),
            until=read_instant(request, "until"),
        )
        return await self._page(request, which, malformed)

    async def of_flag(self, request: web.Request) -> web.Response:
        """The history of one flag, its kill and its overrides."""
        flag_set_id = flag_set_id_of(request, self._services.store.snapshot)
        which = HistoryFilter(flag_set=flag_set_id, flag_key=path_text_of(request, "key"))
        return await self._page(request, which, not_found)

    async def of_scope(self, request: web.Request) -> web.Response:
        """The history of the overrides of one scope."""
        which = HistoryFilter(
            flag_set=flag_set_id_of(request, self._services.store.snapshot),
            level=path_text_of(request, "level"),
            scope=path_text_of(request, "scope"),
        )
        return await self._page(request, which, not_found)

    async def read(self, request: web.Request) -> web.Response:
        """One revision."""
        text = path_text_of(request, "number")
        control = control_of(self._services)
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:20]) <= LARGEST_REVISION:
            raise not_found(f"there is no revision {text}; the newest is {control.state.revision}")
        return json_response(revision_document(await control.revision(int(text))))

    async def difference(self, request: web.Request) -> web.Response:
        """What differs between two revisions, each entry once; revision 0 is before the first."""
        control = control_of(self._services)
        earlier = read_integer(request, "from", smallest=0)
        later = read_integer(request, "to", smallest=0)
        if earlier is None:
            raise malformed("query parameter `from` is missing: the number of a revision, 0 for none")
        later = control.state.revision if later is None else later
        changes = await control.difference(earlier, later)
        return json_response(
            {"from": earlier, "to": later, "changes": [change_document(each) for each in changes]}
        )

    async def roll_back(self, request: web.Request) -> web.Response:
        """Everything back to what a revision had, as a new revision."""
        return await answer_write(self._services, request, RollBack(await self._target(request)))

    async def roll_back_flag(self, request: web.Request) -> web.Response:
        """One flag with its kill and its overrides."""
        target = await self._target(request)
        flag_set_id = flag_set_id_of(request, self._services.store.snapshot)
        command = RollBack(target, flag_set_id, flag_key=path_text_of(request, "key"))
        return await answer_write(self._services, request, command)

    async def roll_back_scope(self, request: web.Request) -> web.Response:
        """The overrides of one scope."""
        target = await self._target(request)
        flag_set_id = flag_set_id_of(request, self._services.store.snapshot)
        level, scope = path_text_of(request, "level"), path_text_of(request, "scope")
        return await answer_write(
            self._services, request, RollBack(target, flag_set_id, level=level, scope=scope)
        )

    async def _target(self, request: web.Request) -> int:
        body = await read_object(request, self._services.limits)
        check_fields(body, ("revision",))
        return whole_number(body.get("revision"), "`revision`, where 0 is before the first one,")

    async def _page(
        self, request: web.Request, which: HistoryFilter, refusal: Callable[[str], Problem]
    ) -> web.Response:
        page = read_page(request, CURSOR, (int,))
        control = control_of(self._services)
        if page.after is not None:
            which = replace(which, before=page.after[0])
        found = await control.history(which, page.limit + 1)
        if not found and (why := await self._unknown_name(which)):
            raise refusal(why)
        shown = found[: page.limit]
        last = (shown[-1].number,) if len(found) > page.limit else None
        return json_response(page_document([revision_document(each) for each in shown], CURSOR, last))

    async def _unknown_name(self, which: HistoryFilter) -> str:
        """Why the level or the flag that is asked for means nothing: there is none now, nor was there one."""
        control, snapshot = control_of(self._services), self._services.store.snapshot
        if not self._services.store.ready:
            return ""
        if which.level and (why := unknown_level(which.level, snapshot)):
            return "" if await control.history(HistoryFilter(level=which.level), 1) else why
        if which.flag_key and (why := unknown_flag(which.flag_key, snapshot)):
            return "" if await control.history(HistoryFilter(flag_key=which.flag_key), 1) else why
        return ""


def revision_document(revision: Revision) -> dict[str, Any]:
    """One revision as JSON has it."""
    return {
        "revision": revision.number,
        "at": revision.at,
        "action": revision.action,
        "actor": revision.actor,
        "onBehalfOf": revision.on_behalf_of,
        "reason": revision.reason,
        "requestId": revision.request_id,
        "target": revision.target,
        "changes": [change_document(change) for change in revision.changes],
    }
