"""The clients as one: a blocking one as it is, an asynchronous one run in an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest

from burgee.client import AsyncClient, Client
from tests.support.event_server import EventServer, event_server
from tests.support.raw_streams import KINDS, RawStream

_Result = TypeVar("_Result")


class Quick(Random):
    """Chance that makes every pause short."""

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * super().random() / 50


class Listener:
    """What a test asks of a client, whichever it is.

    Attributes:
        client: the one that is asked.
    """

    client: Any

    def events(self, **how: Any) -> Iterator[dict[str, Any]]:
        """Messages as the wire has them."""
        raise NotImplementedError

    def do(self, outcome: Any) -> Any:
        """What a call of the client's gives, awaited where it has to be."""
        return outcome

    def close(self) -> None:
        raise NotImplementedError


class BlockingListener(Listener):
    def __init__(self, address: str, **options: Any) -> None:
        self.client = Client(address, **options)

    def events(self, **how: Any) -> Iterator[dict[str, Any]]:
        return (message.document() for message in self.client.events(**how))

    def close(self) -> None:
        self.client.close()


class EventLoopThread:
    """An event loop that runs in a thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def do(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def close(self) -> None:
        self.do(self.loop.shutdown_asyncgens())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


class AsynchronousListener(Listener):
    def __init__(self, address: str, **options: Any) -> None:
        self.thread = EventLoopThread()
        self.client = self.thread.do(self._made(address, options))
        self.open: list[Any] = []

    async def _made(self, address: str, options: dict[str, Any]) -> AsyncClient:
        return AsyncClient(address, **options)

    def events(self, **how: Any) -> Iterator[dict[str, Any]]:
        events: Any = self.client.events(**how)
        self.open.append(events)
        return self._each(events)

    def do(self, outcome: Any) -> Any:
        return self.thread.do(outcome)

    def _each(self, events: Any) -> Iterator[dict[str, Any]]:
        async def following() -> Any:
            return await anext(events, None)

        while (message := self.thread.do(following())) is not None:
            yield message.document()

    def close(self) -> None:
        if self.thread.loop.is_closed():
            return
        self.thread.do(self.client.close())
        for events in self.open:
            self.thread.do(events.aclose())
        self.thread.close()


class RawListener(Listener):
    """Bare sockets: what the wire says, without what a client makes of it."""

    def __init__(self, address: str, *, over: str = "sse", **options: Any) -> None:
        self.address = address
        self.kind = KINDS[over]
        self.streams: list[RawStream] = []

    def events(self, **how: Any) -> Iterator[dict[str, Any]]:
        query = {"type" if name == "types" else name: value for name, value in how.items() if name != "after"}
        stream = self.kind(self.address, query=query, last_id=how.get("after"))
        self.streams.append(stream)
        return self._each(stream)

    def _each(self, stream: RawStream) -> Iterator[dict[str, Any]]:
        while True:
            try:
                yield stream.event()
            except EOFError:
                return

    def close(self) -> None:
        for stream in self.streams:
            stream.socket.close()


LISTENERS = {"blocking": BlockingListener, "asynchronous": AsynchronousListener, "raw": RawListener}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EventServer]:
    with event_server(tmp_path) as running:
        yield running


@pytest.fixture(params=["sse", "websocket"])
def over(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=list(LISTENERS))
def listener_kind(request: pytest.FixtureRequest) -> type[Listener]:
    return LISTENERS[request.param]


@pytest.fixture(params=["blocking", "asynchronous"])
def client_kind(request: pytest.FixtureRequest) -> type[Listener]:
    return LISTENERS[request.param]
