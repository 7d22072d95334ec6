"""``/admin/v1/flags``: list, read, create, replace, patch, delete."""

from __future__ import annotations

from aiohttp import web

from burgee.flag import Flag
from burgee.snapshot import FlagSet
from burgeed.control.commands import CreateFlag, DeleteFlag, PatchFlag, ReplaceFlag
from burgeed.control.protocol import State
from burgeed.server.admin.body import read_object
from burgeed.server.admin.entity_tags import tagged_response
from burgeed.server.admin.flag_index import FlagIndex, FlagKey
from burgeed.server.admin.flag_view import FlagFilter, flag_document
from burgeed.server.admin.pages import page_document, read_page
from burgeed.server.admin.query import (
    checked_text,
    flag_set_id_of,
    flag_set_of,
    nearest,
    path_text_of,
    read_boolean,
    read_text,
)
from burgeed.server.admin.writes import answer_write, outcome_response, write
from burgeed.server.errors import not_ready
from burgeed.server.problems import malformed, not_found
from burgeed.server.services import Services

STATES = ("enabled", "disabled", "killed")
CURSOR = "flags"


class Flags:
    """The handlers."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._index = FlagIndex()

    async def list(self, request: web.Request) -> web.Response:
        """A page of flags, in order of flag set and key."""
        page = read_page(request, CURSOR, (str, str))
        which = _filter(request)
        with_positions = read_boolean(request, "positions")
        services = self._services
        if not services.store.ready:
            raise not_ready()
        snapshot, state = services.store.snapshot, self._state
        of_set = flag_set_of(request, snapshot).flag_set_id if "flag_set" in request.query else None
        after = None if page.after is None else FlagKey(*page.after)
        found, more = await self._index.page(snapshot, of_set, after, page.limit, which)
        items = []
        for flag_set, flag in found:
            position = await services.locate(flag.origin) if with_positions else None
            items.append(flag_document(flag_set, flag, state, position))
        last = FlagKey(found[-1][0].flag_set_id, found[-1][1].key) if more else None
        return tagged_response(request, page_document(items, CURSOR, last), state)

    async def read(self, request: web.Request) -> web.Response:
        """One flag as it is served."""
        state = self._state
        flag_set, flag = served_flag(self._services, request)
        position = await self._services.locate(flag.origin)
        return tagged_response(request, flag_document(flag_set, flag, state, position), state)

    async def create(self, request: web.Request) -> web.Response:
        """A flag that no layer has."""
        services = self._services
        document = await read_object(request, services.limits)
        key = document.pop("key", None)
        if not isinstance(key, str):
            raise malformed("`key` names no flag; write a text of 1 to 256 characters")
        key = checked_text(key, "`key`", 256, shortest=1)
        flag_set_id = flag_set_id_of(request, services.store.snapshot)
        outcome = await write(services, request, CreateFlag(flag_set_id, key, document))
        return outcome_response(outcome, status=200 if outcome.dry_run else 201)

    async def replace(self, request: web.Request) -> web.Response:
        """A flag, whether there is one or not."""
        services = self._services
        key = path_text_of(request, "key")
        document = await read_object(request, services.limits)
        flag_set_id = flag_set_id_of(request, services.store.snapshot)
        outcome = await write(services, request, ReplaceFlag(flag_set_id, key, document))
        made = outcome.action == "flag.create" and not outcome.dry_run
        return outcome_response(outcome, status=201 if made else 200)

    async def patch(self, request: web.Request) -> web.Response:
        """RFC 7396 onto the flag as it is served."""
        services = self._services
        key = path_text_of(request, "key")
        document = await read_object(request, services.limits)
        flag_set_id = flag_set_id_of(request, services.store.snapshot)
        return await answer_write(services, request, PatchFlag(flag_set_id, key, document))

    async def delete(self, request: web.Request) -> web.Response:
        """Take back what was set at run time."""
        key = path_text_of(request, "key")
        flag_set_id = flag_set_id_of(request, self._services.store.snapshot)
        return await answer_write(self._services, request, DeleteFlag(flag_set_id, key))

    @property
    def _state(self) -> State | None:
        control = self._services.control
        return None if control is None else control.state


def served_flag(services: Services, request: web.Request) -> tuple[FlagSet, Flag]:
    """The flag that the path names, with its set. Raises Problem where none is served."""
    if not services.store.ready:
        raise not_ready()
    flag_set = flag_set_of(request, services.store.snapshot)
    key = path_text_of(request, "key")
    flag = flag_set.flags.get(key)
    if flag is None:
        leaf = flag_set.leaves.get(key)
        hint = (
            nearest(key, flag_set.flags) if len(flag_set.flags) <= 1_000 else "GET /admin/v1/flags lists them"
        )
        if leaf is not None:
            hint = f"it is a leaf of flag {leaf.flag_key}"
        raise not_found(f"there is no flag {key}; {hint}")
    return flag_set, flag


def _filter(request: web.Request) -> FlagFilter:
    state = read_text(request, "state")
    if state and state not in STATES:
        raise malformed(f"query parameter `state` is none of {', '.join(STATES)}")
    return FlagFilter(
        prefix=read_text(request, "prefix"),
        tag=read_text(request, "tag"),
        owner=read_text(request, "owner"),
        state=state,
        source=read_text(request, "source", 4096),
    )
