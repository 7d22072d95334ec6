"""A scriptable daemon: real sockets, and any behaviour that a test wants to see survived."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from burgee.wire.sync import HEARTBEAT, GenerationEvent
from tests.support.ports import port_of, reserve_port

Handler = Callable[["Exchange"], None]


class Hung(Exception):
    """Raised inside a handler when the daemon stops while it waits."""


@dataclass
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def context(self) -> dict[str, Any]:
        """The evaluation context that it carries."""
        context: dict[str, Any] = orjson.loads(self.body)["context"]
        return context


class Exchange:
    """What a handler may do with one request."""

    def __init__(self, daemon: FakeDaemon, peer: socket.socket, request: Received) -> None:
        self.daemon = daemon
        self.request = request
        self._peer = peer

    def send(self, data: bytes) -> None:
        """Write bytes as they are."""
        self._peer.sendall(data)

    def wait(self, seconds: float) -> None:
        """Let time pass, unless the daemon stops or the client goes."""
        until = time.monotonic() + seconds
        while (remaining := until - time.monotonic()) > 0:
            if self.daemon.stopping.wait(min(remaining, 0.02)) or self._has_gone():
                raise Hung

    def _has_gone(self) -> bool:
        try:
            # Of the bytes on the line, also where they are of TLS.
            return socket.socket.recv(self._peer, 1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False

    def close(self) -> None:
        """End the connection."""
        raise Hung


@dataclass
class FakeDaemon:
    """Listens at ``address`` from ``start`` to ``stop``; may be started again at the same address.

    Attributes:
        evaluation: answers evaluations.
        events: answers ``/sync/v1/events``.
        requests: all but those for events.
        accepted: connections so far.
        streams: event streams opened so far.
        tls: for TLS on its port, from the next connection on; None speaks none.
    """

    path: str | None = None
    port: int = 0
    evaluation: Handler = field(default_factory=lambda: answer(True))
    events: Handler = field(default_factory=lambda: stream_events)
    requests: list[Received] = field(default_factory=list)
    accepted: int = 0
    streams: int = 0
    beating: bool = True
    generation: GenerationEvent = field(default_factory=lambda: GenerationEvent("e", 1, flags_changed=None))
    stopping: threading.Event = field(default_factory=threading.Event)
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._subscribers: list[queue.SimpleQueue[bytes]] = []
        self._reserved: socket.socket | None = None

    @property
    def address(self) -> str:
        """As the provider takes it."""
        scheme = "http" if self.tls is None else "https"
        return f"unix://{self.path}" if self.path else f"{scheme}://127.0.0.1:{self.port}"

    def start(self) -> FakeDaemon:
        """Begin to listen."""
        self.stopping.clear()
        if self.path:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(self.path)
        else:
            if not self.port:
                self._reserved = reserve_port()
                self.port = port_of(self._reserved)
            self._listener = socket.socket(socket.AF_INET)
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(1024)
        self._spawn(self._accept, self._listener)
        return self

    def stop(self) -> None:
        """Die: nobody listens any more, every connection is cut. The path of a Unix socket stays."""
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_connections()
        threads, self._threads = self._threads, []
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive(), "a handler of the fake daemon hangs"

    def give_up_port(self) -> None:
        """Hold the port no longer at which it might be started again."""
        if self._reserved is not None:
            self._reserved.close()

    def cut_connections(self) -> None:
        """Close every connection, and go on listening."""
        with self._lock:
            for peer in self._open:
                with contextlib.suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)

    def publish(self, event: GenerationEvent) -> None:
        """Serve another generation from now on, and say so on every stream."""
        with self._lock:
            self.generation = event
            for subscriber in self._subscribers:
                subscriber.put(event.encode())

    def send_events(self, data: bytes) -> None:
        """Put bytes on every stream."""
        with self._lock:
            for subscriber in self._subscribers:
                subscriber.put(data)

    def subscribe(self) -> queue.SimpleQueue[bytes]:
        """A stream's bytes to come, the current generation first."""
        subscriber: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        with self._lock:
            current = self.generation
            greeting = replace(current, flags_changed=None, reason="connect")
            subscriber.put(greeting.encode())
            self._subscribers.append(subscriber)
            self.streams += 1
        return subscriber

    def unsubscribe(self, subscriber: queue.SimpleQueue[bytes]) -> None:
        """Forget a stream."""
        with self._lock:
            self._subscribers.remove(subscriber)

    @property
    def open_connections(self) -> int:
        """How many connections are open."""
        return len(self._open)

    @property
    def open_streams(self) -> int:
        """How many event streams are open."""
        return len(self._subscribers)

    def _spawn(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, name="fake-daemon", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while not self.stopping.is_set():
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                # Whoever is let in while all are cut would have a daemon that is dead to everybody else.
                if self.stopping.is_set():
                    peer.close()
                    return
                self.accepted += 1
                self._open.add(peer)
            self._spawn(self._serve, peer)

    def _serve(self, peer: socket.socket) -> None:
        try:
            if self.tls is not None:
                peer = self._secured(peer, self.tls)
            with peer.makefile("rb") as reader:
                while (request := _read_request(reader)) is not None:
                    exchange = Exchange(self, peer, request)
                    if request.target == "/sync/v1/events":
                        self.events(exchange)
                    else:
                        self.requests.append(request)
                        self.evaluation(exchange)
        except (OSError, Hung, ValueError):  # gone, told to end, or no HTTP
            pass
        finally:
            with self._lock:
                self._open.discard(peer)
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
            peer.close()

    def _secured(self, peer: socket.socket, tls: ssl.SSLContext) -> socket.socket:
        secured = tls.wrap_socket(peer, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.remove(peer)
            self._open.add(secured)
        try:
            secured.do_handshake()
        except OSError:
            with self._lock:
                self._open.discard(secured)
            secured.close()
            raise
        return secured


def _read_request(reader: Any) -> Received | None:
    line = reader.readline()
    if not line:
        return None
    method, target, _ = line.decode().split(" ")
    headers = {}
    while (line := reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", "0")))
    return Received(method, target, headers, body)


def http(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """A response as bytes, with its length."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines.extend(f"{name}: {value}" for name, value in (headers or {}).items())
    return "\r\n".join([*lines, "", ""]).encode() + body


def answer_bytes(value: Any = None, **fields: Any) -> bytes:
    """An OFREP success as bytes; without a value for None."""
    body = {"key": "flag", "reason": "STATIC", "variant": "on", "metadata": {}} | fields
    if value is not None:
        body["value"] = value
    return http(200, orjson.dumps(body), {"Content-Type": "application/json"})


def answer(value: Any = None, **fields: Any) -> Handler:
    """Answer with this value."""
    return raw(answer_bytes(value, **fields))


def error(status: int, **body: Any) -> Handler:
    """Answer with an error of OFREP."""
    return raw(http(status, orjson.dumps(body)))


def raw(data: bytes) -> Handler:
    """Answer with these bytes and keep the connection."""
    return lambda exchange: exchange.send(data)


def cut(data: bytes) -> Handler:
    """Send these bytes, then close the connection."""

    def handler(exchange: Exchange) -> None:
        exchange.send(data)
        exchange.close()

    return handler


def after(seconds: float, handler: Handler) -> Handler:
    """Answer later."""

    def delayed(exchange: Exchange) -> None:
        exchange.wait(seconds)
        handler(exchange)

    return delayed


def drip(data: bytes, every: float = 0.02) -> Handler:
    """Send one byte at a time."""

    def handler(exchange: Exchange) -> None:
        for index in range(len(data)):
            exchange.send(data[index : index + 1])
            exchange.wait(every)

    return handler


def hang(exchange: Exchange) -> None:
    """Say nothing until the daemon stops."""
    exchange.wait(3600)


def stream_events(exchange: Exchange) -> None:
    """Serve the event stream as the daemon does, with a heartbeat every 0.2 s while ``beating``."""
    daemon = exchange.daemon
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    exchange.send(head.encode())
    subscriber = daemon.subscribe()
    try:
        while not daemon.stopping.is_set():
            try:
                data = subscriber.get(timeout=0.2)
            except queue.Empty:
                if not daemon.beating:
                    continue
                data = HEARTBEAT
            exchange.send(b"%x\r\n%b\r\n" % (len(data), data))
    finally:
        daemon.unsubscribe(subscriber)


@contextlib.contextmanager
def running(daemon: FakeDaemon) -> Iterator[FakeDaemon]:
    """Run it for a while."""
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.stop()
        daemon.give_up_port()
