"""The driver that blocks its thread, never past the deadline."""

from __future__ import annotations

import math
import select
import socket
import threading
from collections.abc import Generator, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from ..clock import Clock
from ..exchange import Conversation, Request, Response, Unreachable
from ..single_flight import Landing
from .connection import READ_SIZE, Connection
from .endpoint import Endpoint, Whereabouts, explain, explain_all, met_itself
from .http1 import ResponseReader, encode_request
from .idle import IdleConnections
from .in_use import InUse

if TYPE_CHECKING:
    from .tls_terms import Terms

BACKLOG_PAUSE = 0.005
"""Seconds until a Unix socket whose queue of connections is full is tried again."""

_NEVER = threading.Event()
_Result = TypeVar("_Result")


def no_landing(deadline: float) -> Unreachable:
    """What a call gets that waited in vain for another one's answer to the same question."""
    return Unreachable(
        f"the same question, asked before, got no answer within {deadline:g} s", timed_out=True
    )


def connect(places: Iterable[Whereabouts], expires: float, clock: Clock) -> Connection:
    """Connect to the first place where somebody listens.

    Args:
        places: in the order to try.
        expires: monotonic seconds.
        clock: to tell the time.

    Raises:
        Unreachable: nobody does, or not in time; the message tells why for each.
    """
    failures: list[str] = []
    for place in places:
        try:
            terms = None
            if place.terms is not None:
                terms = place.terms.current().result(timeout=_remaining(expires, clock))
            for endpoint in _endpoints(place, expires, clock):
                try:
                    return _connection(endpoint, terms, expires, clock)
                except TimeoutError:
                    raise
                except OSError as error:
                    failures.append(explain(endpoint.address, error))
        except TimeoutError:
            failures.append(f"{place.address}: no connection in time")
            raise Unreachable(explain_all(failures), timed_out=True) from None
        except OSError as error:
            failures.append(explain(place.address, error))
    raise Unreachable(explain_all(list(dict.fromkeys(failures))))


def _endpoints(place: Whereabouts, expires: float, clock: Clock) -> Iterable[Endpoint]:
    return place.known() or place.look_up().result(timeout=_remaining(expires, clock))


def _connection(endpoint: Endpoint, terms: Terms | None, expires: float, clock: Clock) -> Connection:
    channel = None if terms is None else terms.channel(endpoint.host)
    connection = Connection(_connect_one(endpoint, expires, clock), endpoint.address, channel)
    if channel is not None:
        try:
            _shake_hands(connection.socket, channel.handshake(), expires, clock)
        except BaseException:
            connection.close()
            raise
    return connection


def _shake_hands(
    peer: socket.socket, handshake: Generator[bytes, bytes, None], expires: float, clock: Clock
) -> None:
    try:
        to_send = next(handshake)
        while True:
            peer.settimeout(_remaining(expires, clock))
            with suppress(ConnectionError):  # what the daemon said before it left is read all the same
                peer.sendall(to_send)
            peer.settimeout(_remaining(expires, clock))
            try:
                received = peer.recv(READ_SIZE)
            except ConnectionError:
                received = b""
            to_send = handshake.send(received)
    except StopIteration:
        return


def _connect_one(endpoint: Endpoint, expires: float, clock: Clock) -> socket.socket:
    fresh = endpoint.new_socket()
    try:
        while True:
            fresh.settimeout(_remaining(expires, clock))
            try:
                fresh.connect(endpoint.destination)
            except BlockingIOError:
                clock.wait(_NEVER, min(BACKLOG_PAUSE, _remaining(expires, clock)))
            else:
                break
        if met_itself(fresh, endpoint):
            raise ConnectionRefusedError
    except BaseException:
        fresh.close()
        raise
    return fresh


def _remaining(expires: float, clock: Clock) -> float:
    remaining = expires - clock.monotonic()
    if remaining <= 0:
        raise TimeoutError
    return remaining


class BlockingTransport:
    """Runs conversations in the calling thread. Any number of threads may use it.

    Args:
        places: where the daemon may be.
        idle: connections to use again.
        clock: for deadlines.
    """

    def __init__(self, places: Iterable[Whereabouts], idle: IdleConnections, clock: Clock) -> None:
        self._places = tuple(places)
        self._idle = idle
        self._clock = clock

    def run(self, conversation: Conversation[_Result], deadline: float) -> _Result:
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
                        response = self._exchange(step, expires, deadline)
                    else:
                        self._await(step, expires, deadline)
                except Unreachable as failure:
                    step = conversation.throw(failure)
                else:
                    step = conversation.send(response)
        except StopIteration as end:
            result: _Result = end.value
            return result
        finally:
            conversation.close()

    def _await(self, landing: Landing, expires: float, deadline: float) -> None:
        if landing.thread == threading.get_ident():
            return  # a task of this thread's event loop, which stands still while this thread waits
        try:
            landing.future.result(max(0.0, expires - self._clock.monotonic()))
        except TimeoutError:
            raise no_landing(deadline) from None

    def _exchange(self, request: Request, expires: float, deadline: float) -> Response:
        if request.share < 1.0:
            now = self._clock.monotonic()
            deadline *= request.share
            expires = now + (expires - now) * request.share
        used = None if request.fresh else self._idle.take()
        connection = used or connect(self._places, expires, self._clock)
        reader = ResponseReader(
            connection.address, body_limit=request.answer_limit, encodings=request.encodings
        )
        try:
            with InUse(connection, reader, self._idle, used_before=used is not None):
                body = self._converse(connection, request, reader, expires)
        except TimeoutError:
            message = f"{connection.address}: no answer within {deadline:g} s"
            raise Unreachable(message, timed_out=True) from None
        return Response(reader.status, reader.headers, body, connection.address)

    def _converse(
        self, connection: Connection, request: Request, reader: ResponseReader, expires: float
    ) -> bytes:
        peer = connection.socket
        if peer.gettimeout() != 0.0:
            # Waiting by `poll` takes half the system calls that a socket's own timeout does.
            peer.setblocking(False)
        sent = encode_request(request, connection.address.host_header)
        self._send(peer, connection.encode(sent), expires)
        readable = select.poll()
        readable.register(peer, select.POLLIN)
        pieces = []
        overdue = False
        while not reader.complete:
            # What came while this thread was kept from running is read, once, although it is late.
            if overdue:
                raise TimeoutError
            overdue = self._clock.monotonic() >= expires
            self._wait(readable, expires)
            try:
                received = connection.decode(peer.recv(READ_SIZE))
            except BlockingIOError:
                continue
            if received:
                pieces.append(reader.feed(received))
            if received == b"" or connection.ended:
                reader.end()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _send(self, peer: socket.socket, data: bytes, expires: float) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[peer.send(rest) :]
            except BlockingIOError:
                writable = select.poll()
                writable.register(peer, select.POLLOUT)
                self._wait(writable, expires)

    def _wait(self, poll: select.poll, expires: float) -> None:
        remaining = max(0.0, expires - self._clock.monotonic())
        if not poll.poll(math.ceil(remaining * 1000)):
            raise TimeoutError
