"""Doing what a conversation wants, in the calling task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from typing import Any

from openfeature.contrib.provider.burgee.clock import Clock
from openfeature.contrib.provider.burgee.transports.asynchronous import AsynchronousTransport
from openfeature.contrib.provider.burgee.transports.connection import READ_SIZE, Connection
from openfeature.contrib.provider.burgee.transports.endpoint import Whereabouts

from burgee.client.errors import Unreachable
from burgee.client.steps import Ask, Connect, Disconnect, Pause, Receive, Send, Step, Steps, Tell
from burgee.wire.control_events import EventMessage, ResetMessage


class _Closed(Exception):
    """The client is closed."""


class AsynchronousDriver:
    """Runs one conversation, until it is closed or its task is cancelled.

    Args:
        places: where the daemon may be.
        transport: opens the connection, and has the exchanges beside it.
    """

    def __init__(self, places: Sequence[Whereabouts], transport: AsynchronousTransport, clock: Clock) -> None:
        self._places = places
        self._transport = transport
        self._clock = clock
        self._connection: Connection | None = None
        self._closing = False
        self._doing: asyncio.Task[Any] | None = None

    async def run(self, steps: Steps) -> AsyncGenerator[EventMessage | ResetMessage, None]:
        """Drive the conversation to its end and return what it tells."""
        try:
            step = next(steps)
            while not self._closing:
                if isinstance(step, Tell):
                    yield step.message
                    step = steps.send(None)
                    continue
                try:
                    outcome = await self._until_closed(step)
                except Unreachable as failure:
                    step = steps.throw(failure)
                else:
                    step = steps.send(outcome)
        except (StopIteration, _Closed):
            return
        finally:
            steps.close()
            self._disconnect()

    def close(self) -> None:
        """End the conversation, and a step that is being waited for."""
        self._closing = True
        if self._doing is not None:
            self._doing.cancel()

    async def _until_closed(self, step: Step) -> Any:
        # In a task of its own, so that closing does not cancel the task of whoever iterates.
        self._doing = asyncio.create_task(self._do(step))
        try:
            return await self._doing
        except asyncio.CancelledError:
            if self._closing and not _is_cancelled():
                raise _Closed from None
            raise
        finally:
            self._doing = None

    async def _do(self, step: Step) -> Any:
        match step:
            case Connect(seconds):
                return await self._connect(seconds)
            case Send(data, seconds):
                return await self._talk(seconds, _send(self._open(), data))
            case Receive(seconds):
                return await self._talk(seconds, _receive(self._open()))
            case Disconnect():
                return self._disconnect()
            case Pause(seconds):
                return await self._clock.sleep(seconds)
            case Ask(conversation, seconds):
                return await self._transport.run(conversation, seconds)
        raise AssertionError(step)

    async def _connect(self, seconds: float) -> Any:
        try:
            async with asyncio.timeout(seconds):
                self._connection = await self._transport.connect()
        except TimeoutError:
            where = ", ".join(str(place.address) for place in self._places)
            raise Unreachable(f"{where}: no connection in time", timed_out=True) from None
        return self._connection.address

    async def _talk(self, seconds: float, what: Awaitable[Any]) -> Any:
        connection = self._open()
        try:
            async with asyncio.timeout(seconds):
                return await what
        except TimeoutError:
            message = f"{connection.address}: silent for {seconds:g} s"
            raise Unreachable(message, timed_out=True) from None
        except OSError as error:
            raise Unreachable(connection.explain(error)) from None

    def _open(self) -> Connection:
        assert self._connection is not None
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


async def _send(connection: Connection, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(connection.socket, connection.encode(data))


async def _receive(connection: Connection) -> bytes:
    loop = asyncio.get_running_loop()
    while not connection.ended:
        received = connection.decode(await loop.sock_recv(connection.socket, READ_SIZE))
        if received is not None:
            return received
    return b""


def _is_cancelled() -> bool:
    """Whether somebody wants the running task itself to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
