"""The driver that blocks its thread, never past the deadline."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable

from burgee.resolution import ErrorCode, Resolution

from ..clock import Clock
from ..exchange import LARGEST_BODY, Conversation, Request, Response, Unreachable
from .endpoint import Connection, Endpoint, Whereabouts, explain, explain_all, met_itself
from .http1 import ResponseReader, encode_request
from .idle import IdleConnections

READ_SIZE = 65536
BACKLOG_PAUSE = 0.005
"""Seconds until a Unix socket whose queue of connections is full is tried again."""

_NEVER = threading.Event()


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
            for endpoint in _endpoints(place, expires, clock):
                try:
                    return Connection(_connect_one(endpoint, expires, clock), endpoint.address)
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

    def run(self, conversation: Conversation, deadline: float) -> Resolution:
        """Drive a conversation to its end.

        Args:
            conversation: not begun yet.
            deadline: seconds for all of it.
        """
        expires = self._clock.monotonic() + deadline
        try:
            request = next(conversation)
            while True:
                try:
                    response = self._exchange(request, expires, deadline)
                except Unreachable as failure:
                    request = conversation.throw(failure)
                else:
                    request = conversation.send(response)
        except StopIteration as end:
            resolution: Resolution = end.value
            return resolution

    def _exchange(self, request: Request, expires: float, deadline: float) -> Response:
        used = None if request.fresh else self._idle.take()
        connection = used or connect(self._places, expires, self._clock)
        reader = ResponseReader(str(connection.address), body_limit=LARGEST_BODY)
        try:
            body = self._converse(connection, request, reader, expires)
        except TimeoutError:
            connection.socket.close()
            message = f"{connection.address}: no answer within {deadline:g} s"
            raise Unreachable(message, timed_out=True) from None
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

    def _converse(
        self, connection: Connection, request: Request, reader: ResponseReader, expires: float
    ) -> bytes:
        peer = connection.socket
        peer.settimeout(_remaining(expires, self._clock))
        peer.sendall(encode_request(request, connection.address.host_header))
        pieces = []
        while not reader.complete:
            peer.settimeout(_remaining(expires, self._clock))
            received = peer.recv(READ_SIZE)
            if received:
                pieces.append(reader.feed(received))
            else:
                reader.end()
        return b"".join(pieces)
