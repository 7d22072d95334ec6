"""A server with tokens of every kind, and the roles of its peers as a test wants them."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from tests.daemon.server.serving import Peer, SetWall

from burgee.definition import SourceDocument, read_layer
from burgee.generation import Generation
from burgeed.authority.events import TokenEvent
from burgeed.authority.peers import PeerRoles
from burgeed.authority.principal import Principal, Scope
from burgeed.authority.registry import TokenRegistry
from burgeed.authority.schema import TABLES
from burgeed.clock import Clock
from burgeed.database.migration import Migration
from burgeed.database.opening import open_database
from burgeed.database.protocol import Transaction
from burgeed.server.app import STATE, build_application
from burgeed.server.authorization import Authorization
from burgeed.server.limits import Limits
from burgeed.server.listeners import Listeners
from burgeed.server.route import Route
from burgeed.server.services import Services
from burgeed.server.state import ServerState
from burgeed.server.sync_token import SyncToken
from burgeed.server.unix_socket import UnixAddress
from burgeed.settings.model import Address, EvaluationAccess, PeerRole
from burgeed.store.layers import LayerStore
from burgeed.store.publisher import Publisher
from burgeed.store.status import SourceStatuses

NOW = 1_800_000_000.0
SOURCE = "flags.yaml"
FILE_TOKEN = "the-token-of-the-file"
NOT_THE_DAEMONS = 4242
"""What the daemon is told that its own uid is: so this process is somebody else to it."""

EVERYTHING = Principal("uid:0", "peer", frozenset(Scope), uid=0)


@dataclass
class Authorized:
    """A running server, and the tokens that it knows.

    Attributes:
        tokens: by what is particular about them: the only scope, or what is wrong.
        denials: what was told of refusals: operation, principal, reason.
    """

    unix: Peer
    tcp: Peer
    registry: TokenRegistry
    application: web.Application
    clock: SetWall
    tokens: dict[str, str]
    denials: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def state(self) -> ServerState:
        return self.application[STATE]

    def peer(self, transport: str) -> Peer:
        return self.unix if transport == "unix" else self.tcp


async def tokens_of_every_kind(registry: TokenRegistry, clock: SetWall) -> dict[str, str]:
    """One token for each scope alone, and those that are no good."""
    tokens = {}
    for scope in Scope:
        tokens[scope.value], _ = await registry.create(f"only-{scope}", frozenset({scope}), by=EVERYTHING)
    everything = frozenset(Scope)
    tokens["expired"], _ = await registry.create("expired", everything, expires=NOW + 1, by=EVERYTHING)
    tokens["revoked"], revoked = await registry.create("revoked", everything, by=EVERYTHING)
    await registry.revoke(revoked.id, by=EVERYTHING)
    tokens["wrong secret"] = tokens["read"].partition(".")[0] + "." + tokens["write"].partition(".")[2]
    tokens["malformed"] = "burgee_nonsense"
    clock.time = NOW + 1
    return tokens


@asynccontextmanager
async def authorized(
    directory: Path,
    document: Mapping[str, Any],
    *,
    evaluation: EvaluationAccess = "open",
    roles: tuple[tuple[int, PeerRole], ...] = (),
    own_uid: int = NOT_THE_DAEMONS,
    socket_mode: int = 0o600,
) -> AsyncIterator[Authorized]:
    """A server on a Unix socket in ``directory`` and a free port.

    Args:
        roles: of uids; without one, this process's has none.
    """
    clock = SetWall(NOW)
    database = await open_database(
        f"sqlite:{directory / 'tokens.sqlite'}", [Migration(1, "tokens", TABLES)], clock=clock
    )
    (directory / "token").write_text(FILE_TOKEN)
    (directory / "token").chmod(0o600)
    registry = TokenRegistry(database, clock, _told_nobody)
    await registry.open()
    tokens = await tokens_of_every_kind(registry, clock)
    denials: list[tuple[str, str, str]] = []

    def denied(request: web.Request, route: Route, principal: Principal, why: str) -> None:
        denials.append((route.operation, principal.name, why))

    authorization = Authorization(
        registry,
        PeerRoles(roles, own_uid=own_uid),
        evaluation,
        sync_token=SyncToken(directory / "token"),
        on_denied=denied,
        clock=clock,
    )
    services, statuses = _services(clock, registry, authorization)
    application = build_application(services)
    listeners = Listeners(
        application,
        unix=UnixAddress(directory / "burgee.sock", socket_mode),
        listen=Address("127.0.0.1", 0),
    )
    await listeners.start()
    publishing = asyncio.create_task(services.publisher.run())
    try:
        layer, warnings = read_layer(SOURCE, [SourceDocument(document, SOURCE)])
        services.store.put(SOURCE, layer)
        statuses.delivered(SOURCE, warnings)
        await services.publisher.first(5.0)
        unix, http = listeners.addresses.socket, listeners.addresses.http[0]
        assert unix is not None
        yield Authorized(
            Peer(unix.removeprefix("unix://")),
            Peer(int(http.rpartition(":")[2])),
            registry,
            application,
            clock,
            {**tokens, "file": FILE_TOKEN},
            denials,
        )
    finally:
        publishing.cancel()
        await listeners.close()
        await database.close()


def _services(
    clock: Clock, registry: TokenRegistry, authorization: Authorization
) -> tuple[Services, SourceStatuses]:
    numbers = itertools.count(1)
    store = LayerStore([SOURCE], next_generation=lambda: Generation("epoch", next(numbers)))
    statuses = SourceStatuses([(SOURCE, False)], clock.wall)
    services = Services(
        store=store,
        publisher=Publisher(store),
        clock=clock,
        sources=statuses.all,
        limits=Limits(),
        tokens=registry,
        authorization=authorization,
    )
    return services, statuses


def _told_nobody(transaction: Transaction, event: TokenEvent) -> None:
    pass


async def asked_as(uid: int, path: str, requests: list[bytes]) -> list[int]:
    """The statuses of requests that a process of another uid sends, each on a connection of its own.

    Only root can do so. Nothing but sockets is touched after the fork.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            for request in requests:
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                    connection.settimeout(20)
                    connection.connect(path)
                    connection.sendall(request)
                    answer = connection.recv(64)
                os.write(writer, answer[9:12].ljust(3, b"0"))
        finally:
            os._exit(0)
    os.close(writer)
    try:
        with os.fdopen(reader, "rb") as pipe:
            answers = await asyncio.to_thread(pipe.read)
    finally:
        await asyncio.to_thread(os.waitpid, child, 0)
    return [int(answers[at : at + 3]) for at in range(0, len(answers), 3)]
