"""The client that suspends its task."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Final

from openfeature.contrib.provider.burgee.download import DOWNLOAD_DEADLINE, download
from openfeature.contrib.provider.burgee.transports.asynchronous import AsynchronousTransport

from burgee.client.asynchronous_driver import AsynchronousDriver
from burgee.client.conversations import Conversations, position_of, selection_of
from burgee.client.following import Progress
from burgee.client.requests import REQUEST_DEADLINE, Answer, ask
from burgee.client.steps import Steps
from burgee.snapshot import Snapshot
from burgee.wire.control_events import EventMessage, Position, ResetMessage

MOST_CONNECTIONS: Final = 32

_logger = logging.getLogger("burgee.client")


class AsyncClient(Conversations):
    """A daemon's client; see :class:`burgee.client.conversations.Conversations` for its options.

    It belongs to the event loop that first uses it. It is to be closed, or used as a context manager.
    """

    def _prepare(self) -> None:
        self._transport = AsynchronousTransport(
            self._places, self._idle, self._clock, connections=MOST_CONNECTIONS
        )
        self._current = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self._drivers: set[AsynchronousDriver] = set()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def events(
        self,
        *,
        flag: str = "",
        flag_set: str | None = None,
        level: str = "",
        scope: str = "",
        types: Sequence[str] = (),
        after: Position | str | None = None,
    ) -> AsyncIterator[EventMessage | ResetMessage]:
        """See :meth:`burgee.client.Client.events`."""
        selection = selection_of(flag, flag_set, level, scope, types)
        return self._run(self._follow(selection, Progress(position_of(after))))

    async def follow(self, deadline: float = REQUEST_DEADLINE) -> bool:
        """Keep the snapshot current from now on, in a task; whether it is within the deadline."""
        if self._following is None:
            self._following = asyncio.create_task(self._keep())
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline):
                # It may have been current, and be about to be so again.
                while not self._evaluator.is_current:
                    self._current.clear()
                    await self._current.wait()
        return self._evaluator.is_current

    async def snapshot(self, deadline: float = DOWNLOAD_DEADLINE) -> Snapshot:
        """See :meth:`burgee.client.Client.snapshot`."""
        data = await self._transport.run(download(self._token, None), deadline)
        assert data is not None
        return self._evaluator.take(data)

    async def request(
        self,
        method: str,
        path: str,
        document: object | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        deadline: float = REQUEST_DEADLINE,
    ) -> Answer:
        """See :meth:`burgee.client.Client.request`."""
        return await self._transport.run(ask(method, path, document, headers or {}, self._token), deadline)

    async def close(self) -> None:
        """End the task and every iteration that is waiting."""
        for driver in tuple(self._drivers):
            driver.close()
        following, self._following = self._following, None
        if following is not None:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
        await asyncio.to_thread(self._evaluator.close)
        self._idle.close()

    async def _run(self, steps: Steps) -> AsyncGenerator[EventMessage | ResetMessage, None]:
        driver = AsynchronousDriver(self._places, self._transport, self._clock)
        self._drivers.add(driver)
        try:
            async with aclosing(driver.run(steps)) as messages:
                async for message in messages:
                    yield message
        finally:
            self._drivers.discard(driver)

    async def _keep(self) -> None:
        try:
            async for _ in self._run(self._keep_current(self._current.set)):
                pass
        except Exception:
            _logger.exception("the snapshot is not kept current any more")
