"""The driver that suspends its task, and never blocks the event loop.

It works on bare sockets through the event loop, so that a connection at rest is bound to no loop and may
serve the next ``asyncio.run``, or a thread.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import weakref
from collections.abc import Iterable
from typing import TypeVar

from burgee.resolution import ErrorCode

from ..clock import Clock
from ..exchange import Conversation, Request, Response, Unreachable
from ..single_flight import Landing
from .blocking import BACKLOG_PAUSE, READ_SIZE, no_landing
from .endpoint import Connection, Endpoint, Whereabouts, explain, explain_all, met_itself
from .http1 import ResponseReader, encode_request
from .idle import IdleConnections

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
        self._turns_lock = threading.Lock()

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
            raise no_landing(deadline) from None

    async def _exchange(self, request: Request, expires: float, deadline: float) -> Response:
        remaining = (expires - self._clock.monotonic()) * request.share
        begun = False
        try:
            async with asyncio.timeout(remaining), self._turn():
                begun = True
                return await self._over_a_connection(request)
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
                for endpoint in place.known() or await asyncio.wrap_future(place.look_up()):
                    try:
                        return Connection(await self._connect_one(endpoint), endpoint.address)
                    except OSError as error:
                        failures.append(explain(endpoint.address, error, look=False))
            except OSError as error:
                failures.append(explain(place.address, error, look=False))
        raise Unreachable(explain_all(list(dict.fromkeys(failures))))

    def after_fork(self) -> None:
        """In the child: the parent's event loops and their turns are not its own."""
        self._turns = weakref.WeakKeyDictionary()
        self._turns_lock = threading.Lock()

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

    async def _over_a_connection(self, request: Request) -> Response:
        used = None if request.fresh else self._idle.take()
        connection = used or await self.connect()
        reader = ResponseReader(
            connection.address, body_limit=request.answer_limit, encodings=request.encodings
        )
        try:
            body = await self._converse(connection, request, reader)
        except TimeoutError:
            connection.socket.close()
            raise
        except OSError as error:
            connection.socket.close()
            code = ErrorCode.GENERAL if reader.started else ErrorCode.PROVIDER_NOT_READY
            message = f"{connection.address}: the connection broke: {error.strerror or error}"
            raise Unreachable(message, code=code, stale=used is not None and not reader.started) from None
        except Unreachable as failure:
            connection.socket.close()
            failure.stale = used is not None and not reader.started
            raise
        except BaseException:
            connection.socket.close()
            raise
        if reader.reusable:
            self._idle.give(connection)
        else:
            connection.socket.close()
        return Response(reader.status, reader.headers, body)

    async def _converse(self, connection: Connection, request: Request, reader: ResponseReader) -> bytes:
        loop = asyncio.get_running_loop()
        peer = connection.socket
        if peer.gettimeout() != 0.0:
            peer.setblocking(False)
        await loop.sock_sendall(peer, encode_request(request, connection.address.host_header))
        pieces = []
        while not reader.complete:
            received = await loop.sock_recv(peer, READ_SIZE)
            if received:
                pieces.append(reader.feed(received))
            else:
                reader.end()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

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
