"""A proxy that stands between a client and a daemon and does to their bytes what a test wants survived.

It listens on a Unix socket or a TCP port and connects to either. A fault can be changed at any time, and acts
on connections that are open already, from their next bytes on.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
from collections.abc import Callable

from tests.support.faults import CHUNK, Fault, Gone, Relay
from tests.support.ports import port_of, reserve_port


class FaultProxy:
    """Listens from ``start`` to ``stop``.

    Args:
        upstream: the daemon's address, ``unix:///path`` or ``http://host:port``.
        path: of the Unix socket to listen on; None listens on a free TCP port.

    Attributes:
        fault: what happens to bytes from now on.
        accepted: connections so far.
    """

    def __init__(self, upstream: str, path: str | None = None) -> None:
        self.upstream = upstream
        self.path = path
        self.port = 0
        self.fault = Fault()
        self.accepted = 0
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self._reserved: socket.socket | None = None

    @property
    def address(self) -> str:
        """As the provider takes it."""
        return f"unix://{self.path}" if self.path else f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> FaultProxy:
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.refuse()
        self.drop()
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive(), "a connection of the proxy hangs"
        if self._reserved is not None:
            self._reserved.close()

    def listen(self, backlog: int = 1024, *, accept: bool = True) -> None:
        """Begin to listen, at the same address as before."""
        if self.path:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(self.path)
        else:
            if self._reserved is None:
                self._reserved = reserve_port()
                self.port = port_of(self._reserved)
            listener = socket.socket(socket.AF_INET)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", self.port))
        listener.listen(backlog)
        self._listener = listener
        if accept:
            self._spawn(self._accept, listener)

    def refuse(self) -> None:
        """Listen no more; the path of a Unix socket stays, with nobody behind it."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def drop(self) -> None:
        """Close every connection."""
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def move(self, path: str) -> None:
        """Listen at another path; nothing is left at the one before."""
        self.refuse()
        self.drop()
        if self.path:
            os.unlink(self.path)
        self.path = path
        self.listen()

    @property
    def open_connections(self) -> int:
        """Sockets in use, to clients and to the daemon."""
        return len(self._open)

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, name="fault-proxy", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                # Whoever is let in while all are dropped would be the only one connected.
                if self._listener is not listener:
                    client.close()
                    return
                self.accepted += 1
                self._open.add(client)
            self._spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        relay = Relay(self.stopping, client)
        try:
            self.fault.accepted(relay)
            relay.daemon = self._connect()
            self._opened(relay.daemon)
            self._spawn(self._answers, relay)
            while data := self._receive(client, lambda: self.fault.reads):
                if relay.sent:
                    relay.sent = relay.asked = 0
                relay.asked += len(data)
                self.fault.asked(relay, data)
        except (OSError, Gone):
            pass
        finally:
            self._close(client, relay.daemon)

    def _answers(self, relay: Relay) -> None:
        daemon = relay.daemon
        assert daemon is not None
        try:
            while data := self._receive(daemon):
                self.fault.answered(relay, data)
        except (OSError, Gone):
            pass
        finally:
            self._close(relay.client, daemon)

    def _receive(self, peer: socket.socket, size: Callable[[], int] = lambda: CHUNK) -> bytes:
        while not self.stopping.is_set():
            try:
                ready, _, _ = select.select([peer], [], [], 0.05)
            except ValueError:  # closed by the other direction's thread
                raise Gone from None
            if ready:
                return peer.recv(size())
        return b""

    def _connect(self) -> socket.socket:
        if self.upstream.startswith("unix://"):
            daemon = socket.socket(socket.AF_UNIX)
            daemon.connect(self.upstream.removeprefix("unix://"))
            return daemon
        host, _, port = self.upstream.removeprefix("http://").rpartition(":")
        return socket.create_connection((host, int(port)))

    def _opened(self, peer: socket.socket) -> None:
        with self._lock:
            self._open.add(peer)

    def _close(self, *peers: socket.socket | None) -> None:
        for peer in peers:
            with self._lock:
                if peer is None or peer not in self._open:
                    continue
                self._open.discard(peer)
            lingers, _ = struct.unpack("ii", peer.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))
            if not lingers:
                with contextlib.suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)
            peer.close()
