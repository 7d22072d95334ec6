"""The driver that suspends its task, and never blocks the event loop.

It works on bare sockets through the event loop, so that a connection at rest is bound to no loop and may
serve the next ``asyncio.run``, or a thread.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import weakref
from collections.abc import Generator, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from ..clock import Clock
from ..exchange import Conversation, Request, Response, Unreachable
from ..single_flight import Landing
from .blocking import BACKLOG_PAUSE, no_landing
from .connection import READ_SIZE, Connection
from .endpoint import Endpoint, Whereabouts, explain, explain_all, met_itself
from .http1 import ResponseReader, encode_request
from .idle import IdleConnections
from .in_use import InUse

if TYPE_CHECKING:
    from .tls_terms import Terms

_Result = TypeVar("_Result")


class AsynchronousTransport:
    """Runs conversations in the calling task, of any event loop.

    Args:
        places: where the daemon may be.
        idle: connections to use again.
        clock: for deadlines.
        connections: how many may be in use at once in one event loop; further calls wait for their turn.
    """

    def __init__(
        self, places: Iterable[Whereabouts], idle: IdleConnections, clock: Clock, *, connections: int
    ) -> None:
        self._places = tuple(places)
        self._idle = idle
        self._clock = clock
        self._connections = connections
        self._turns: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            weakref.WeakKeyDictionary()
        )
        self._turns_lock = threading.RLock()

    async def run(self, conversation: Conversation[_Result], deadline: float) -> _Result:
        """Drive a conversation to its end.

        Args:
            conversation: not begun yet.
            deadline: seconds for all of it.
        """
        expires = self._clock.monotonic() + deadline
        try:
            step = next(conversation)
            while True:
                try:
                    response = None
                    if isinstance(step, Request):
                        response = await self._exchange(step, expires, deadline)
                    else:
                        await self._await(step, expires, deadline)
                except Unreachable as failure:
                    step = conversation.throw(failure)
                else:
                    step = conversation.send(response)
        except StopIteration as end:
            result: _Result = end.value
            return result
        finally:
            conversation.close()

    async def _await(self, landing: Landing, expires: float, deadline: float) -> None:
        if landing.future.done():
            await self._clock.sleep(0)
            return
        try:
            async with asyncio.timeout(expires - self._clock.monotonic()):
                await asyncio.wrap_future(landing.future)
        except TimeoutError:
            if not landing.future.done():  # it is where the event loop stood still over its end
                raise no_landing(deadline) from None

    async def _exchange(self, request: Request, expires: float, deadline: float) -> Response:
        remaining = (expires - self._clock.monotonic()) * request.share
        begun = False
        try:
            async with asyncio.timeout(remaining) as limit, self._turn():
                begun = True
                return await self._over_a_connection(request, _Deadline(limit))
        except TimeoutError:
            if not begun:
                message = f"no turn within {deadline * request.share:g} s: all connections are in use"
                raise Unreachable(message) from None
            where = ", ".join(str(place.address) for place in self._places)
            message = f"{where}: no answer within {deadline * request.share:g} s"
            raise Unreachable(message, timed_out=True) from None

    async def connect(self) -> Connection:
        """Connect to the first place where somebody listens, for as long as the caller lets it.

        Raises:
            Unreachable: nobody does; the message tells why for each.
        """
        failures: list[str] = []
        for place in self._places:
            try:
                terms = None
                if place.terms is not None:
                    terms = await asyncio.wrap_future(place.terms.current())
                for endpoint in place.known() or await asyncio.wrap_future(place.look_up()):
                    try:
                        return await self._connection(endpoint, terms)
                    except OSError as error:
                        failures.append(explain(endpoint.address, error, look=False))
            except OSError as error:
                failures.append(explain(place.address, error, look=False))
        raise Unreachable(explain_all(list(dict.fromkeys(failures))))

    def after_fork(self) -> None:
        """In the child: the parent's event loops and their turns are not its own."""
        self._turns = weakref.WeakKeyDictionary()
        self._turns_lock = threading.RLock()

    def _turn(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        turn = self._turns.get(loop)
        if turn is None:
            with self._turns_lock:
                # A semaphore refers to its loop, so a loop that is over would stay here for ever.
                for known in list(self._turns):
                    if known.is_closed():
                        self._turns.pop(known, None)
                turn = self._turns[loop] = asyncio.Semaphore(self._connections)
        return turn

    async def _over_a_connection(self, request: Request, deadline: _Deadline) -> Response:
        used = None if request.fresh else self._idle.take()
        connection = used or await self.connect()
        reader = ResponseReader(
            connection.address, body_limit=request.answer_limit, encodings=request.encodings
        )
        with InUse(connection, reader, self._idle, used_before=used is not None):
            body = await self._converse(connection, request, reader, deadline)
        return Response(reader.status, reader.headers, body, connection.address)

    async def _converse(
        self, connection: Connection, request: Request, reader: ResponseReader, deadline: _Deadline
    ) -> bytes:
        loop = asyncio.get_running_loop()
        peer = connection.socket
        if peer.gettimeout() != 0.0:
            peer.setblocking(False)
        sent = encode_request(request, connection.address.host_header)
        await loop.sock_sendall(peer, connection.encode(sent))
        pieces = []
        while not reader.complete:
            received = connection.decode(await _receive(peer, deadline))
            if received:
                pieces.append(reader.feed(received))
            if received == b"" or connection.ended:
                reader.end()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _connection(self, endpoint: Endpoint, terms: Terms | None) -> Connection:
        channel = None if terms is None else terms.channel(endpoint.host)
        connection = Connection(await self._connect_one(endpoint), endpoint.address, channel)
        if channel is not None:
            try:
                await _shake_hands(connection.socket, channel.handshake())
            except BaseException:
                connection.close()
                raise
        return connection

    async def _connect_one(self, endpoint: Endpoint) -> socket.socket:
        fresh = endpoint.new_socket()
        fresh.setblocking(False)
        try:
            if endpoint.family is socket.AF_UNIX:
                await self._connect_unix(fresh, endpoint)
            else:
                await asyncio.get_running_loop().sock_connect(fresh, endpoint.destination)
            if met_itself(fresh, endpoint):
                raise ConnectionRefusedError
        except BaseException:
            fresh.close()
            raise
        return fresh

    async def _connect_unix(self, fresh: socket.socket, endpoint: Endpoint) -> None:
        # asyncio takes a full queue of connections (EAGAIN) for a connection on its way.
        while True:
            try:
                fresh.connect(endpoint.destination)
            except BlockingIOError:
                await self._clock.sleep(BACKLOG_PAUSE)
            else:
                return


class _Deadline:
    """When one exchange has to end; made by the task that has it, once its timeout runs.

    Args:
        limit: the timeout, which cancels the task.
    """

    def __init__(self, limit: asyncio.Timeout) -> None:
        self._limit = limit
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelled_before = task.cancelling()

    def alone_cancelled(self) -> bool:
        """Whether it has passed, and nobody else wants the task to end."""
        return self._limit.expired() and self._task.cancelling() == self._cancelled_before + 1


async def _receive(peer: socket.socket, deadline: _Deadline) -> bytes:
    """Receive bytes, empty ones at the end.

    What came while the event loop was kept from running is read, once, although it is late; the loop's own
    ``sock_recv`` loses it.

    Raises:
        TimeoutError: nothing has come although the deadline has passed.
    """
    loop = asyncio.get_running_loop()
    process = os.getpid()
    while not deadline.alone_cancelled():
        try:
            return peer.recv(READ_SIZE)
        except BlockingIOError:
            pass
        readable: asyncio.Future[None] = loop.create_future()
        loop.add_reader(peer, _end_wait, readable)
        try:
            await readable
        except asyncio.CancelledError:
            if not deadline.alone_cancelled():
                raise
            try:
                return peer.recv(READ_SIZE)
            except BlockingIOError:
                break
        finally:
            # A forked child that lets go of this call shares what the parent's event loop waits with.
            if process == os.getpid():
                loop.remove_reader(peer)
    raise TimeoutError


def _end_wait(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)


async def _shake_hands(peer: socket.socket, handshake: Generator[bytes, bytes, None]) -> None:
    loop = asyncio.get_running_loop()
    try:
        to_send = next(handshake)
        while True:
            with suppress(ConnectionError):  # what the daemon said before it left is read all the same
                await loop.sock_sendall(peer, to_send)
            try:
                received = await loop.sock_recv(peer, READ_SIZE)
            except ConnectionError:
                received = b""
            to_send = handshake.send(received)
    except StopIteration:
        return
