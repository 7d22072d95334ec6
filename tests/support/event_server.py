"""The streams of the control plane alone, on real sockets, in a thread of their own.

What the daemon has around them is there too: its connections, its edge, its rules of access. Events are fed
straight to the log, and a snapshot can be put for clients that evaluate.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.generation import Generation
from burgee.snapshot_bytes import write
from burgee.wire.control_events import PATH
from burgeed.clock import SystemClock
from burgeed.control.event_log import EventLog
from burgeed.control.events import ControlEvent, EventType
from burgeed.server.access import AccessRules
from burgeed.server.connection import ConnectionServer
from burgeed.server.control_events import ControlEvents
from burgeed.server.edge import Edge
from burgeed.server.limits import Limits
from burgeed.server.state import ServerState

_Result = TypeVar("_Result")


def control_event(type: EventType = "flag.updated", **fields: Any) -> ControlEvent:
    """An event; what it is about is what the test says."""
    return ControlEvent(0, type, fields.pop("at", 1_700_000_000.5), fields.pop("revision", 1), **fields)


class EventServer:
    """A running server.

    Attributes:
        log: to be touched through :meth:`do` only.
        unix, tcp: addresses as clients take them.
        state, events: of the server.
        downloads: how often the snapshot was sent.
        authorizations: the header of that name of each request.
    """

    def __init__(self, directory: Path, limits: Limits, log: EventLog) -> None:
        self.log = log
        self.limits = limits
        self.state = ServerState()
        self.events = ControlEvents(log, SystemClock(), limits, self.state)
        self.path = directory / "burgee.sock"
        self.unix = f"unix://{self.path}"
        self.tcp = ""
        self.downloads = 0
        self.authorizations: list[str | None] = []
        self.refuse_with = 0
        self._snapshot: tuple[Generation, bytes] | None = None
        self._numbers = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="event-server", daemon=True)

    @property
    def port(self) -> int:
        return int(self.tcp.rpartition(":")[2])

    def do(self, function: Callable[[], _Result]) -> _Result:
        """Call something in the server's thread."""

        async def call() -> _Result:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(20)

    def append(self, *events: ControlEvent) -> tuple[ControlEvent, ...]:
        """Put events into the log."""
        return self.do(lambda: self.log.append(events))

    def publish(self, document: dict[str, Any], flags: Sequence[str] | None = None) -> str:
        """Serve a definition, and say so; the generation."""
        layer, _ = read_layer("flags", [SourceDocument(document, "flags")])
        generation = Generation("feed", next(self._numbers))
        snapshot = compose([layer], generation=generation)

        def put() -> None:
            self._snapshot = generation, bytes(write(snapshot).data)
            data = {"generation": str(generation), "flags_changed": flags}
            self.log.append([control_event("generation.published", revision=self.log.revision, data=data)])

        self.do(put)
        return str(generation)

    def restart_log(self, log: EventLog) -> None:
        """What a restart of the daemon does to streams: they end, and the history is another one."""

        def restart() -> None:
            self.events.end()
            self.log = self.events._log = log

        self.do(restart)

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(20)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        assert not self._thread.is_alive()
        self._loop.close()

    async def _start(self) -> None:
        application = web.Application()
        application.router.add_get(PATH, self._events, allow_head=False)
        application.router.add_get("/sync/v1/snapshot", self._download)
        application.router.add_post("/admin/v1/echo", self._echo)
        application.cleanup_ctx.append(self.events.running)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        unix = self._connections(trusted=True)[1]
        edge, tcp = self._connections(trusted=False)
        self._servers = [
            await self._loop.create_unix_server(unix, str(self.path)),
            await self._loop.create_server(tcp, "127.0.0.1", 0),
        ]
        self._made = [unix, tcp]
        port = self._servers[1].sockets[0].getsockname()[1]
        edge.access = AccessRules([("127.0.0.1", port)])
        self.tcp = f"http://127.0.0.1:{port}"

    async def _stop(self) -> None:
        self.state.draining = True
        for server in self._servers:
            server.close()
        self.events.end()
        async with asyncio.timeout(10):
            await self.state.idle()
        for made in self._made:
            await made.shutdown(1.0)
        await self._runner.cleanup()

    def _connections(self, *, trusted: bool) -> tuple[Edge, ConnectionServer]:
        made = self._runner.server
        assert made is not None
        edge = Edge(made.request_handler, self.state)
        return edge, ConnectionServer(
            edge,
            request_factory=made.request_factory,
            limits=self.limits,
            state=self.state,
            trusted=trusted,
        )

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self.authorizations.append(request.headers.get("Authorization"))
        if self.refuse_with:
            return web.json_response({"detail": "not today"}, status=self.refuse_with)
        return await self.events.handle(request)

    async def _download(self, request: web.Request) -> web.Response:
        if self._snapshot is None:
            return web.Response(status=503)
        generation, data = self._snapshot
        if request.headers.get("If-None-Match") == f'"{generation}"':
            return web.Response(status=304)
        self.downloads += 1
        return web.Response(body=data)

    async def _echo(self, request: web.Request) -> web.Response:
        return web.json_response({"got": await request.json(), "key": request.headers.get("Idempotency-Key")})


@contextmanager
def event_server(
    directory: Path, *, limits: Limits | None = None, log: EventLog | None = None
) -> Iterator[EventServer]:
    """A server while the block runs."""
    server = EventServer(directory, limits or Limits(), log or EventLog("e1"))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def resident_kilobytes() -> int:
    """What this process has in memory."""
    with open(f"/proc/{os.getpid()}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
