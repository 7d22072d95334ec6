"""A server on real sockets with the real store and the real core, and a client that sees every byte."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from burgee.definition import SourceDocument, read_layer
from burgee.flag import Origin
from burgee.generation import Generation
from burgeed.clock import SystemClock
from burgeed.server.app import STATE, build_application
from burgeed.server.authorization import Authorization
from burgeed.server.limits import Limits
from burgeed.server.listeners import Listeners
from burgeed.server.services import Services, nowhere
from burgeed.server.state import ServerState
from burgeed.server.sync_token import SyncToken
from burgeed.server.tls.following import FollowedCertificate
from burgeed.server.unix_socket import UnixAddress
from burgeed.settings.model import Address
from burgeed.store.layers import LayerStore
from burgeed.store.publisher import Publisher
from burgeed.store.status import SourceStatuses

SOURCE = "flags.yaml"

Control = Callable[[LayerStore, SystemClock], AbstractAsyncContextManager[Mapping[str, Any]]]
"""Opens a control plane on the store of a server; gives the fields of its ``Services`` that come of it."""


class SetWall(SystemClock):
    """The machine's clock, but for a wall time that a test sets."""

    def __init__(self, wall: float) -> None:
        self.time = wall

    def wall(self) -> float:
        return self.time


@dataclass(frozen=True)
class Reply:
    """One response, as it stood on the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["content-type"] in ("application/json", "application/problem+json")
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Peer:
    """One address of the server: a socket's path, or a port of 127.0.0.1."""

    where: str | int

    @property
    def host(self) -> str:
        return "unix.invalid" if isinstance(self.where, str) else f"127.0.0.1:{self.where}"

    async def open(self) -> Wire:
        if isinstance(self.where, str):
            return Wire(*await asyncio.open_unix_connection(self.where))
        return Wire(*await asyncio.open_connection("127.0.0.1", self.where))

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """A request's bytes; JSON with its length, unless the headers say otherwise."""
        all_headers = {"Host": self.host}
        if body is not None:
            all_headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        all_headers |= headers or {}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in all_headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")

    async def send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request on a connection of its own; a body that is not bytes is written as JSON."""
        content = body if isinstance(body, bytes) or body is None else orjson.dumps(body)
        async with await self.open() as wire:
            wire.write(self.request(method, path, content, headers))
            return await wire.reply(method)

    async def raw(self, sent: bytes) -> Reply:
        async with await self.open() as wire:
            wire.write(sent)
            return await wire.reply()

    async def evaluate(self, key: str, headers: Mapping[str, str] | None = None, **context: Any) -> Reply:
        return await self.send("POST", f"/ofrep/v1/evaluate/flags/{key}", {"context": context}, headers)

    async def evaluate_all(
        self, headers: Mapping[str, str] | None = None, query: str = "", **context: Any
    ) -> Reply:
        return await self.send("POST", f"/ofrep/v1/evaluate/flags{query}", {"context": context}, headers)


@dataclass
class Wire:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def __aenter__(self) -> Wire:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.writer.close()

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def reply(self, method: str = "POST") -> Reply:
        async with asyncio.timeout(20):
            head = await self.reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines[1:-2])
            }
            if status == 304 or method == "HEAD":
                return Reply(status, headers, b"")
            if headers.get("transfer-encoding") == "chunked":
                return Reply(status, headers, b"")
            return Reply(status, headers, await self.reader.readexactly(int(headers["content-length"])))

    async def chunk(self) -> bytes:
        """The next piece of a chunked body; empty at its end."""
        async with asyncio.timeout(20):
            size = int((await self.reader.readline()).strip(), 16)
            return (await self.reader.readexactly(size + 2))[:-2]

    async def closed(self, within: float) -> bool:
        """Whether the server ends the connection in time, without another byte.

        A client that still writes learns of it by a reset, or by a pipe that is broken.
        """
        try:
            async with asyncio.timeout(within):
                return await self.reader.read(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True


@dataclass
class Serving:
    """A running server."""

    store: LayerStore
    publisher: Publisher
    statuses: SourceStatuses
    listeners: Listeners
    state: ServerState
    limits: Limits
    numbers: Any = field(repr=False)

    @property
    def unix(self) -> Peer:
        path = self.listeners.addresses.socket
        assert path is not None
        return Peer(path.removeprefix("unix://"))

    @property
    def tcp(self) -> Peer:
        return Peer(int(self.listeners.addresses.http[0].rpartition(":")[2]))

    @property
    def management(self) -> Peer:
        return Peer(int(self.listeners.addresses.management[0].rpartition(":")[2]))

    def peer(self, transport: str) -> Peer:
        return self.unix if transport == "unix" else self.tcp

    def deliver(self, document: Mapping[str, Any], source: str = SOURCE) -> None:
        """Serve a document."""
        layer, warnings = read_layer(source, [SourceDocument(document, source)])
        self.store.put(source, layer)
        self.statuses.delivered(source, warnings)


@asynccontextmanager
async def serving(
    directory: Path,
    document: Mapping[str, Any] | None = None,
    *,
    limits: Limits | None = None,
    clock: SystemClock | None = None,
    sources: tuple[tuple[str, bool], ...] = ((SOURCE, False),),
    fixed: Mapping[str, str] | None = None,
    allowed_hosts: tuple[str, ...] = (),
    management: bool = False,
    event_streams: bool = True,
    sync_token: SyncToken | None = None,
    locate: Callable[[Origin], Awaitable[tuple[int, int] | None]] = nowhere,
    control: Control | None = None,
    certificate: FollowedCertificate | None = None,
    authorization: Authorization | None = None,
) -> AsyncIterator[Serving]:
    """A server on a Unix socket in ``directory`` and a free port, serving ``document`` where there is one.

    With ``control``, a source ``admin`` lies on top.
    """
    clock = clock or SystemClock()
    limits = limits or Limits()
    numbers = itertools.count(1)
    store = LayerStore(
        [*(name for name, _ in sources), *(["admin"] if control is not None else [])],
        optional=[name for name, optional in sources if optional],
        next_generation=lambda: Generation("epoch", next(numbers)),
        fixed=fixed,
    )
    statuses = SourceStatuses(sources, clock.wall)
    publisher = Publisher(store)
    stack = AsyncExitStack()
    controlled = {} if control is None else await stack.enter_async_context(control(store, clock))
    services = Services(
        store=store,
        publisher=publisher,
        clock=clock,
        sources=statuses.all,
        locate=locate,
        version="0.0",
        event_streams=event_streams,
        sync_token=sync_token,
        limits=limits,
        certificate=certificate,
        **({} if authorization is None else {"authorization": authorization}),
        **controlled,
    )
    application = build_application(services)
    listeners = Listeners(
        application,
        unix=UnixAddress(directory / "burgee.sock"),
        listen=Address("127.0.0.1", 0),
        management=Address("127.0.0.1", 0) if management else None,
        allowed_hosts=allowed_hosts,
        certificate=certificate,
    )
    await listeners.start()
    publishing = asyncio.create_task(publisher.run())
    server = Serving(store, publisher, statuses, listeners, application[STATE], limits, numbers)
    try:
        if document is not None:
            server.deliver(document)
            # Evaluations are answered at once; event streams tell of it once its bytes are written.
            assert await publisher.first(20) is not None
        yield server
    finally:
        publishing.cancel()
        await listeners.close()
        await stack.aclose()


async def eventually(condition: Callable[[], bool], within: float = 20.0) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.005)
