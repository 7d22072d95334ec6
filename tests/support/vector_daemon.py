"""A daemon that serves the layers of one vector file, at the moment that each vector names."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.clocked_daemon import set_clock
from tests.support.daemon import Response, RunningDaemon, running_daemon
from tests.support.vectors import Vector, VectorFile, seconds
from tests.support.ways import token_options

LONG_AGO = seconds("2000-01-01T00:00:00Z")


@dataclass
class VectorDaemon:
    """A daemon on the definitions of ``file``, whose wall clock follows the vectors."""

    file: VectorFile
    daemon: RunningDaemon
    clock_file: Path
    now: float = LONG_AGO

    @property
    def places(self) -> Mapping[str, str | None]:
        """Each transport, and where it leads; None is the Unix socket."""
        return {"unix": None, "tcp": self.daemon.http}

    def set_time_of(self, vector: Vector) -> None:
        """Make it the moment of ``vector`` in the daemon, from its next look at the clock on."""
        if vector.now != self.now:
            set_clock(self.clock_file, vector.now)
            self.now = vector.now


@dataclass
class Conversation:
    """Requests over one connection, which has to be kept alive.

    Attributes:
        reconnections: how often it was not.
    """

    connection: http.client.HTTPConnection
    reconnections: int = field(default=-1)

    def post(self, path: str, message: object, selector: str = "") -> Response:
        """Send JSON and return the answer; ``selector`` goes into ``Flagd-Selector`` where there is one."""
        if self.connection.sock is None:
            self.reconnections += 1
        headers = {"Content-Type": "application/json"}
        if selector:
            headers["Flagd-Selector"] = selector
        self.connection.request("POST", path, json.dumps(message).encode(), headers)
        response = self.connection.getresponse()
        return Response(response.status, dict(response.getheaders()), response.read())


@contextmanager
def conversation(daemon: RunningDaemon, over: str | None) -> Iterator[Conversation]:
    """Talk to a daemon, over its Unix socket where ``over`` is None."""
    connection = daemon.connect(over=over)
    try:
        yield Conversation(connection)
    finally:
        connection.close()


@contextmanager
def serving(file: VectorFile, folder: Path) -> Iterator[VectorDaemon]:
    """Run a daemon on a vector file's layers, ready, while the block runs.

    Args:
        folder: empty, for the definitions, the clock, the socket and the log.
    """
    definitions, run = folder / "definitions", folder / "run"
    definitions.mkdir()
    run.mkdir()
    clock_file = run / "clock"
    set_clock(clock_file, LONG_AGO)
    arguments: list[Any] = []
    for path in file.write(definitions):
        arguments += ["--source", path]
    for name, value in file.fixed.items():
        # The option of its own for the attribute that nearly everybody fixes, the general one for the others.
        arguments += (
            ["--environment", value]
            if name == "environment"
            else ["--context", f"{name}={json.dumps(value)}"]
        )
    arguments += token_options(run)
    with running_daemon(run, *arguments, clock_file=clock_file) as daemon:
        daemon.wait_ready()
        yield VectorDaemon(file, daemon, clock_file)
