"""Reading overrides: what is served of them, and all that any layer says about one flag."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from burgee.flag import Override
from burgee.layer import Layer
from burgee.snapshot import Snapshot
from burgeed.control.protocol import State
from burgeed.server.admin.entity_tags import tagged_response
from burgeed.server.admin.flag_view import revision_of
from burgeed.server.admin.known_names import unknown_flag, unknown_level
from burgeed.server.admin.override_index import Indexed, IndexKey, OverrideIndex
from burgeed.server.admin.override_view import override_document
from burgeed.server.admin.pages import page_document, read_page
from burgeed.server.admin.query import flag_set_of, path_text_of, read_boolean, read_text
from burgeed.server.errors import not_ready
from burgeed.server.problems import malformed, not_found
from burgeed.server.services import Services

CURSOR = "overrides"


class OverrideReads:
    """The handlers that read."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._index = OverrideIndex()

    async def list(self, request: web.Request) -> web.Response:
        """A page of what is served and of what leads nowhere, by flag set, level, scope and flag."""
        page = read_page(request, CURSOR, (str, str, str, str))
        with_positions = read_boolean(request, "positions")
        wanted = {
            "flag_set_id": flag_set_of(request, self._snapshot).flag_set_id
            if "flag_set" in request.query
            else None,
            "level": read_text(request, "level") or None,
            "scope": read_text(request, "scope") or None,
            "flag_key": read_text(request, "flag") or None,
        }
        source = read_text(request, "source", 4096)

        def holds(item: Indexed) -> bool:
            return all(
                value is None or getattr(item.key, name) == value for name, value in wanted.items()
            ) and source in ("", item.override.origin.source)

        snapshot, state = self._snapshot, self._state
        after = None if page.after is None else IndexKey(*page.after)
        found, more = await self._index.page(snapshot, self._services.store.layers, after, page.limit, holds)
        if not found and page.after is None:
            self._need_names(wanted["level"], wanted["flag_key"], snapshot)
        items = [await self._document(item, state, located=with_positions) for item in found]
        last = found[-1].key if more else None
        return tagged_response(request, page_document(items, CURSOR, last), state)

    async def of_scope(self, request: web.Request) -> web.Response:
        """All of one scope, by flag."""
        snapshot, state = self._snapshot, self._state
        flag_set_id = flag_set_of(request, snapshot).flag_set_id
        level, scope = path_text_of(request, "level"), path_text_of(request, "scope")
        found = await self._index.of_scope(snapshot, self._services.store.layers, flag_set_id, level, scope)
        if not found and (why := unknown_level(level, snapshot)):
            raise not_found(why)
        overrides = {item.key.flag_key: await self._document(item, state) for item in found}
        document = {"flagSet": flag_set_id, "level": level, "scope": scope, "overrides": overrides}
        return tagged_response(request, document, state)

    async def read(self, request: web.Request) -> web.Response:
        """One override as it is served."""
        snapshot, state = self._snapshot, self._state
        flag_set_id = flag_set_of(request, snapshot).flag_set_id
        level, scope, key = (path_text_of(request, name) for name in ("level", "scope", "key"))
        layers = self._services.store.layers
        for item in await self._index.of_scope(snapshot, layers, flag_set_id, level, scope):
            if item.key.flag_key == key:
                return tagged_response(request, await self._document(item, state, located=True), state)
        raise not_found(f"there is no override of flag {key} for {level} {scope}")

    async def of_flag(self, request: web.Request) -> web.Response:
        """What every layer says about one flag, most specific level first, the topmost layer first."""
        snapshot, state = self._snapshot, self._state
        flag_set = flag_set_of(request, snapshot)
        key = path_text_of(request, "key")
        order = {level.name: rank for rank, level in enumerate(flag_set.hierarchy)}
        layers = self._services.store.layers
        # All overrides of all layers are looked through: not where evaluations wait for it.
        found = await asyncio.to_thread(lambda: list(_of_layers(layers, flag_set.flag_set_id, key)))
        if key not in flag_set.flags and not found:
            raise not_found(f"there is no flag {key}, and no override of it")
        found.sort(key=lambda each: (order.get(each[0].level, len(order)), each[0].level, each[0].scope))
        why = _inactive(snapshot, flag_set.flag_set_id, key)
        items: list[dict[str, Any]] = []
        for override, covered_by in found:
            indexed = Indexed(
                IndexKey(flag_set.flag_set_id, override.level, override.scope, key),
                override,
                why.get((override.level, override.scope), "") if covered_by is None else "",
            )
            items.append(await self._document(indexed, state, located=True, covered_by=covered_by))
        document = {"flagSet": flag_set.flag_set_id, "flag": key, "overrides": items}
        return tagged_response(request, document, state)

    @staticmethod
    def _need_names(level: str | None, flag_key: str | None, snapshot: Snapshot) -> None:
        why = "" if level is None else unknown_level(level, snapshot)
        why = why or ("" if flag_key is None else unknown_flag(flag_key, snapshot))
        if why:
            raise malformed(why)

    async def _document(
        self, item: Indexed, state: State | None, *, located: bool = False, covered_by: str | None = None
    ) -> dict[str, Any]:
        services, override, key = self._services, item.override, item.key
        is_admin = override.origin.source == "admin"
        return override_document(
            key.flag_set_id,
            override,
            now=services.clock.wall(),
            why=item.why,
            covered_by=covered_by,
            revision=revision_of(state, "override", key.flag_set_id, key.flag_key, key.level, key.scope)
            if is_admin
            else None,
            position=await services.locate(override.origin) if located else None,
        )

    @property
    def _snapshot(self) -> Snapshot:
        store = self._services.store
        if not store.ready:
            raise not_ready()
        return store.snapshot

    @property
    def _state(self) -> State | None:
        control = self._services.control
        return None if control is None else control.state


def _of_layers(
    layers: tuple[Layer, ...], flag_set_id: str, flag_key: str
) -> Iterator[tuple[Override, str | None]]:
    """Every layer's overrides of one flag, topmost layer first, each with the source that covers it."""
    topmost: dict[tuple[str, str], str] = {}
    for layer in reversed(layers):
        for definition in layer.definitions:
            if definition.flag_set_id != flag_set_id:
                continue
            for (level, scope, key), override in definition.overrides.items():
                if key == flag_key:
                    yield override, topmost.get((level, scope))
                    topmost.setdefault((level, scope), layer.source)


def _inactive(snapshot: Snapshot, flag_set_id: str, flag_key: str) -> dict[tuple[str, str], str]:
    return {
        (each.level, each.scope): each.why
        for each in snapshot.inactive
        if (each.flag_set_id, each.flag_key) == (flag_set_id, flag_key)
        and isinstance(each.override, Override)
    }
