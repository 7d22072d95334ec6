"""Who asks, and whether they may: one place for every route, whatever the listener.

A token that is shown is looked at, and a wrong one is refused (401) even where the route asks for none: who
believes to be somebody must not be answered as nobody. (Where a daemon keeps no tokens at all, whoever shows
one is nobody.) Without a token, the Unix socket's peer is who its uid is configured to be, and everybody else
is nobody. Open routes look at neither, unless their handler asks :meth:`Authorization.may_read` how much it
may tell.

========== ===================== ==================== ===================== =========
route      Unix socket           loopback             client's certificate  elsewhere
========== ===================== ==================== ===================== =========
open       anyone                anyone               anyone                anyone
evaluate   anyone, or the scope  anyone, or the scope anyone, or the scope  the scope
by_socket  who may evaluate      the scope            the scope             the scope
any other  the scope             the scope            the scope             the scope
========== ===================== ==================== ===================== =========

A client's certificate says who is at the other end, beside the token as a peer's uid does; it is no token.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from aiohttp import web

from burgeed.authority.peers import PeerRoles
from burgeed.authority.principal import ANONYMOUS, Principal, Scope
from burgeed.clock import Clock, SystemClock
from burgeed.server.connection import Connection, is_by_socket
from burgeed.server.denial import Denied, LimitedDenials, OnDenied, peer_at, say_nothing
from burgeed.server.errors import RETRY
from burgeed.server.route import OPEN, PRINCIPAL, ROUTE, Handler, Route
from burgeed.server.shown_token import API_KEY, BEARER, as_bytes, shown_token, shows_token
from burgeed.server.state import ServerState
from burgeed.server.sync_token import SyncToken, TokenUnusable
from burgeed.server.token_watch import is_stream, served_while_good
from burgeed.settings.model import EvaluationAccess

SECOND = "Burgee-Second-Token"

SYNC_TOKEN = Principal("sync-token-file", "token", frozenset({Scope.EVALUATE}))
"""Who shows the token of ``--sync-token-file``: evaluates, and has what lies under ``/sync/``."""


class Tokens(Protocol):
    """What knows tokens; :class:`burgeed.authority.registry.TokenRegistry` is the one that is real."""

    @property
    def is_open(self) -> bool:
        """Whether tokens have been read."""
        ...

    def authenticate(self, text: bytes) -> Principal | None:
        """Whose token this is, from memory; None where it is nobody's, or not any more."""
        ...

    def independent(self, one: Principal, other: Principal) -> str | None:
        """Why two principals need not be two persons; None where they are."""
        ...


class Authorization:
    """Admits requests.

    Args:
        tokens: None where there is no store to keep any.
        peers: roles of the socket's peers; by default the daemon's own uid is admin.
        evaluation: open to whoever reaches the socket or loopback, or to who has the scope.
        sync_token: a further secret, for ``/sync/`` alone.
        on_denied: see :data:`burgeed.server.denial.OnDenied`.
    """

    def __init__(
        self,
        tokens: Tokens | None = None,
        peers: PeerRoles | None = None,
        evaluation: EvaluationAccess = "open",
        *,
        sync_token: SyncToken | None = None,
        on_denied: OnDenied = say_nothing,
        clock: Clock | None = None,
    ) -> None:
        self._tokens = tokens
        self._peers = PeerRoles() if peers is None else peers
        self._evaluation_is_open = evaluation == "open"
        self._sync_token = sync_token
        self._denials = LimitedDenials(on_denied, clock or SystemClock())

    def count_in(self, state: ServerState) -> None:
        """Count refusals in the server's state from now on."""
        self._denials.count_in(state)

    def guarded(self, route: Route) -> Handler:
        """The route's handler, asked only with a request that is admitted; its principal is in the request.

        An evaluation that anyone may ask for, and that shows no token, is not slowed down: its principal is
        not looked for and not put there. Nor is that of an open route.
        """
        handler = route.handler
        if route.access == OPEN:

            async def opened(request: web.Request) -> web.StreamResponse:
                request[ROUTE] = route
                return await handler(request)

            return opened
        skips = route.access is Scope.EVALUATE and self._evaluation_is_open and not _is_admin(route)
        streams = is_stream(route)

        async def admitted(request: web.Request) -> web.StreamResponse:
            headers, connection = request.headers, request.protocol
            if not (
                skips
                and BEARER not in headers
                and API_KEY not in headers
                and isinstance(connection, Connection)
                and connection.peer.is_admitted
            ):
                principal = request[PRINCIPAL] = await self.admit(request, route)
                request[ROUTE] = route
                if streams and principal.token_id:
                    return await served_while_good(request, handler, lambda: self._still_good(request))
            return await handler(request)

        return admitted

    async def admit(self, request: web.Request, route: Route) -> Principal:
        """Who asks, where they may.

        Raises:
            Denied: 401 for a wrong token, and for none where one would help; 403 for somebody who may not;
                503 where the token file cannot be read.
        """
        if route.access == OPEN:
            return ANONYMOUS
        principal = await self._authenticated(request, route)
        if self._allows(principal, route, request):
            return principal
        raise self._refused(request, route, principal)

    def _still_good(self, request: web.Request) -> bool:
        """Whether the token of a request that was admitted has neither been revoked nor expired."""
        shown = shown_token(request)
        return shown is not None and self._tokens is not None and self._tokens.authenticate(shown) is not None

    async def may_read(self, request: web.Request) -> bool:
        """Whether the answer of an open route may show this one whom flags are for.

        Raises:
            Denied: 401 for a wrong token.
        """
        principal = await self._authenticated(request, request[ROUTE])
        return self._evaluates_by_socket(principal, request) or principal.may(Scope.READ)

    def refused(self, request: web.Request, why: str) -> None:
        """Count and tell that somebody who was admitted may not do what they ask for after all."""
        self._denials.add(request, request[ROUTE], request[PRINCIPAL], why)

    async def second(self, request: web.Request) -> Principal | None:
        """Who else stands behind an admitted request; None where ``Burgee-Second-Token`` shows nobody.

        Raises:
            Denied: 401 for a wrong token, 403 where it need not be another person's.
        """
        first, route = request[PRINCIPAL], request[ROUTE]
        shown = request.headers.getall(SECOND, ())
        if not shown:
            return None
        tokens = self._tokens
        second = None if len(shown) > 1 or tokens is None else tokens.authenticate(as_bytes(shown[0]))
        if tokens is None or second is None:
            raise self._failed(
                request, route, first, f"{SECOND} is not the token of anybody", challenge=False
            )
        why = tokens.independent(first, second)
        if why is not None:
            raise self._failed(request, route, first, why, status=403)
        return second

    async def _authenticated(self, request: web.Request, route: Route) -> Principal:
        """Who asks: by the token that is shown, else by the socket."""
        shown = shown_token(request)
        if shown is not None and self._tokens is None and self._sync_token is None:
            # Nobody could say whether it is good: whoever shows it is nobody, whatever their uid.
            return ANONYMOUS
        if shown is None:
            return _with_peer(self._peers.principal(peer_at(request).uid) or ANONYMOUS, request)
        principal = None if self._tokens is None else self._tokens.authenticate(shown)
        if principal is None and self._sync_token is not None:
            principal = await self._by_file(self._sync_token, shown, route)
        if principal is not None:
            return _with_peer(principal, request)
        if self._tokens is not None and not self._tokens.is_open:
            raise Denied(503, "the tokens have not been read yet: the store is away", headers=dict(RETRY))
        raise self._failed(request, route, ANONYMOUS, "this token is wrong, or is not good any more")

    async def _by_file(self, token: SyncToken, shown: bytes, route: Route) -> Principal | None:
        try:
            return SYNC_TOKEN if await token.is_good(shown) else None
        except TokenUnusable:
            if not _is_sync(route):
                return None
            details = "the daemon's token file cannot be used; its log says why"
            raise Denied(503, details, headers=dict(RETRY)) from None

    def _allows(self, principal: Principal, route: Route, request: web.Request) -> bool:
        access = route.access
        if access == OPEN or principal.may(access):
            return True
        if access is Scope.EVALUATE and self._evaluation_is_open and peer_at(request).is_admitted:
            return True
        if route.by_socket and self._evaluates_by_socket(principal, request):
            return True
        return principal.name == SYNC_TOKEN.name and _is_sync(route)

    def _evaluates_by_socket(self, principal: Principal, request: web.Request) -> bool:
        """Whether somebody on the socket may evaluate: a provider there needs what it evaluates with."""
        if not is_by_socket(request):
            return False
        return self._evaluation_is_open or principal.may(Scope.EVALUATE)

    def _refused(self, request: web.Request, route: Route, principal: Principal) -> Denied:
        """The refusal of somebody known, or of nobody."""
        scope = str(Scope.EVALUATE if route.by_socket and is_by_socket(request) else route.access)
        if principal.kind == "token":
            why = f"token {principal.name} has not the scope {scope}"
            return self._failed(request, route, principal, why, status=403)
        uid = peer_at(request).uid
        if uid is not None and shown_token(request) is None:
            why = f"uid {uid} may not: --admin-peer gives it a role, or show a token with the scope {scope}"
            return self._failed(request, route, principal, why, status=403)
        if self._tokens is None and (self._sync_token is None or not _is_sync(route)):
            why = "this daemon keeps no tokens: ask over the Unix socket, without one"
            if _is_sync(route):
                why += ", or give the daemon a token with --sync-token-file"
            return self._failed(request, route, principal, why, status=403)
        why = f"show a token with the scope {scope}: {BEARER}: Bearer TOKEN"
        return self._failed(request, route, principal, why)

    def _failed(
        self,
        request: web.Request,
        route: Route,
        principal: Principal,
        why: str,
        *,
        status: int = 401,
        challenge: bool = True,
    ) -> Denied:
        """Count a refusal and tell of it."""
        self._denials.add(request, route, principal, why)
        headers = None
        if status == 401 and challenge:
            wrong = ', error="invalid_token"' if shows_token(request) else ""
            headers = {"WWW-Authenticate": f'Bearer realm="burgee"{wrong}'}
        return Denied(status, why, headers=headers)


def _with_peer(principal: Principal, request: web.BaseRequest) -> Principal:
    """The principal, and who the connection says is at its other end."""
    peer = peer_at(request)
    if peer.uid is None and not peer.certificate:
        return principal
    return replace(principal, uid=peer.uid, certificate=peer.certificate)


def _is_sync(route: Route) -> bool:
    return route.path.startswith("/sync/")


def _is_admin(route: Route) -> bool:
    return route.path.startswith("/admin/")
