"""``/admin/v1/overrides``: read, set, patch, remove; one scope, one override, or many at once."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from burgeed.control.commands import ClearScope, Command, OverrideItem, ResetScope, SetOverrides
from burgeed.revisions.values import Document
from burgeed.server.admin.body import check_fields, read_object
from burgeed.server.admin.query import checked_text, flag_set_id_of, path_text_of
from burgeed.server.admin.writes import answer_write
from burgeed.server.problems import malformed
from burgeed.server.services import Services

MOST = 1_000
"""Overrides that one request can change."""

BATCH_FIELDS = ("level", "scope", "flag", "override")


class Overrides:
    """The handlers that write."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def set(self, request: web.Request) -> web.Response:
        """One override, in place of what was set for the scope at run time."""
        level, scope, key = _override_of(request)
        body = await read_object(request, self._services.limits)
        return await self._set(request, [OverrideItem(level, scope, key, body)])

    async def patch(self, request: web.Request) -> web.Response:
        """RFC 7396 onto the override as it was set at run time."""
        level, scope, key = _override_of(request)
        body = await read_object(request, self._services.limits)
        return await self._set(request, [OverrideItem(level, scope, key, body, merge=True)])

    async def remove(self, request: web.Request) -> web.Response:
        """Take back what was set at run time."""
        level, scope, key = _override_of(request)
        return await self._set(request, [OverrideItem(level, scope, key, None)], must_exist=True)

    async def set_scope(self, request: web.Request) -> web.Response:
        """Several flags of one scope; each is replaced, null removes it, those not named stay."""
        level, scope = _scope_of(request)
        body = await read_object(request, self._services.limits)
        items = [
            OverrideItem(
                level, scope, checked_text(key, "a flag's key", 256, shortest=1), _document(key, each)
            )
            for key, each in body.items()
        ]
        return await self._set(request, items)

    async def clear_scope(self, request: web.Request) -> web.Response:
        """Take back everything that was set for one scope at run time."""
        return await self._write(request, ClearScope(self._flag_set(request), *_scope_of(request)))

    async def inherit_scope(self, request: web.Request) -> web.Response:
        """Let a scope see what lies beneath it, for every flag that has an override there."""
        return await self._write(request, ResetScope(self._flag_set(request), *_scope_of(request)))

    async def inherit(self, request: web.Request) -> web.Response:
        """The same for one flag."""
        return await self._write(request, ResetScope(self._flag_set(request), *_override_of(request)))

    async def batch(self, request: web.Request) -> web.Response:
        """Overrides of any scopes: all of them, or none."""
        body = await read_object(request, self._services.limits)
        check_fields(body, ("items",))
        listed = body.get("items")
        if not isinstance(listed, list):
            raise malformed("`items` is no list of overrides")
        return await self._set(request, [_batch_item(number, each) for number, each in enumerate(listed)])

    async def _set(
        self, request: web.Request, items: list[OverrideItem], *, must_exist: bool = False
    ) -> web.Response:
        if not 1 <= len(items) <= MOST:
            raise malformed(f"these are {len(items)} overrides; write 1 to {MOST}")
        if len({(item.level, item.scope, item.flag_key) for item in items}) != len(items):
            raise malformed("one override stands in the list twice")
        return await self._write(request, SetOverrides(self._flag_set(request), tuple(items), must_exist))

    def _flag_set(self, request: web.Request) -> str:
        return flag_set_id_of(request, self._services.store.snapshot)

    async def _write(self, request: web.Request, command: Command) -> web.Response:
        return await answer_write(self._services, request, command)


def _scope_of(request: web.Request) -> tuple[str, str]:
    return path_text_of(request, "level"), path_text_of(request, "scope")


def _override_of(request: web.Request) -> tuple[str, str, str]:
    return (*_scope_of(request), path_text_of(request, "key"))


def _document(what: str, value: Any) -> Document | None:
    """An override in its long form; a text names a variant, as in a definition."""
    if value is None or isinstance(value, dict):
        return value
    if isinstance(value, str):
        return {"variant": value}
    raise malformed(f"override `{what[:100]}` is neither an object, nor a variant's name, nor null")


def _batch_item(number: int, value: Any) -> OverrideItem:
    if not isinstance(value, dict):
        raise malformed(f"items[{number}] is no object")
    check_fields(value, BATCH_FIELDS)
    parts: list[str] = []
    for name in ("level", "scope", "flag"):
        part = value.get(name)
        if not isinstance(part, str):
            raise malformed(f"items[{number}].{name} is no text")
        parts.append(checked_text(part, f"items[{number}].{name}", 256, shortest=1))
    if "override" not in value:
        raise malformed(f"items[{number}] has no `override`; null removes one")
    level, scope, key = parts
    return OverrideItem(level, scope, key, _document(f"items[{number}]", value["override"]))
