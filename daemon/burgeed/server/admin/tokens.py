"""``/admin/v1/tokens`` and ``/admin/v1/whoami``."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from burgeed.authority.issued import Token, read_restriction, restriction_document
from burgeed.authority.principal import Principal, Restriction, Scope
from burgeed.authority.registry import TokenRegistry
from burgeed.server.admin.body import check_fields, read_object
from burgeed.server.admin.known_names import unknown_level
from burgeed.server.admin.pages import page_document, read_page
from burgeed.server.admin.parameters import LONGEST_ACTOR, LONGEST_REASON
from burgeed.server.admin.permission import permit
from burgeed.server.admin.query import checked_instant, nearest, path_text_of, read_text
from burgeed.server.admin.writes import no_store
from burgeed.server.errors import json_response
from burgeed.server.problems import malformed
from burgeed.server.request_id import REQUEST_ID
from burgeed.server.route import PRINCIPAL
from burgeed.server.services import Services

CURSOR = "tokens"
FIELDS = ("name", "scopes", "restriction", "expires", "person")


class Tokens:
    """The handlers."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def list(self, request: web.Request) -> web.Response:
        """A page of tokens, the newest first, without what is secret of them."""
        page = read_page(request, CURSOR, (int, str))
        found = self._registry().list()
        if page.after is not None:
            found = tuple(each for each in found if _place(each) > page.after)
        shown = found[: page.limit]
        last = _place(shown[-1]) if len(found) > page.limit else None
        return json_response(page_document([token.document() for token in shown], CURSOR, last))

    async def create(self, request: web.Request) -> web.Response:
        """Make a token; its text is in this answer and nowhere else."""
        registry = self._registry()
        body = await read_object(request, self._services.limits)
        check_fields(body, FIELDS)
        await permit(self._services, request, "token")
        expires = body.get("expires")
        text, token = await registry.create(
            _text(body, "name"),
            _scopes(body.get("scopes")),
            _restriction(body, self._services),
            None if expires is None else checked_instant(expires, "`expires`"),
            _text(body, "person", ""),
            by=request[PRINCIPAL],
            **_told(request),
        )
        return json_response({"token": text, **token.document()}, status=201)

    async def revoke(self, request: web.Request) -> web.Response:
        """Take a token back, for good."""
        registry = self._registry()
        await permit(self._services, request, "token")
        token = await registry.revoke(path_text_of(request, "id"), by=request[PRINCIPAL], **_told(request))
        return json_response(token.document())

    async def whoami(self, request: web.Request) -> web.Response:
        """Who asks, and what they may."""
        return json_response(principal_document(request[PRINCIPAL]))

    def _registry(self) -> TokenRegistry:
        if self._services.tokens is None:
            raise no_store()
        return self._services.tokens


def _place(token: Token) -> tuple[int, str]:
    """Where a token stands in the list of all; in microseconds, as they are kept."""
    return -round(token.created_at * 1_000_000), token.id


def principal_document(principal: Principal) -> dict[str, Any]:
    """A principal as JSON has it."""
    return {
        "name": principal.name,
        "kind": principal.kind,
        "scopes": sorted(principal.scopes),
        "restriction": restriction_document(principal.restriction),
        "tokenId": principal.token_id,
        "uid": principal.uid,
        "person": principal.person,
        "certificate": principal.certificate,
    }


def _told(request: web.Request) -> dict[str, str]:
    return {
        "reason": read_text(request, "reason", LONGEST_REASON),
        "on_behalf_of": read_text(request, "actor", LONGEST_ACTOR),
        "request_id": request[REQUEST_ID],
    }


def _text(body: dict[str, Any], name: str, usual: str | None = None) -> str:
    value = body.get(name, usual)
    if not isinstance(value, str):
        raise malformed(f"`{name}` is no text")
    return value


def _scopes(value: Any) -> frozenset[Scope]:
    known = {scope.value: scope for scope in Scope}
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise malformed(f"`scopes` is no list of {', '.join(known)}")
    for each in value:
        if each not in known:
            raise malformed(f"there is no scope `{each[:100]}`; {nearest(each, known)}")
    return frozenset(known[each] for each in value)


def _restriction(body: dict[str, Any], services: Services) -> Restriction | None:
    if body.get("restriction") is None:
        return None
    try:
        restriction = read_restriction(body["restriction"])
    except ValueError as error:
        raise malformed(f"`restriction`: {error}") from None
    for level in (*restriction.levels, *(level for level, _ in restriction.scopes)):
        if services.store.ready and (why := unknown_level(level, services.store.snapshot)):
            raise malformed(f"`restriction`: {why}")
    return restriction
