"""How the daemon ends, told to or killed, and what comes after it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest

from tests.daemon.runtime.definitions import write
from tests.support.daemon import RunningDaemon, running_daemon, wait_until


def open_stream(daemon: RunningDaemon, path: str = "/sync/v1/events") -> http.client.HTTPResponse:
    """An event stream whose first bytes have arrived."""
    connection = daemon.connect(timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    assert response.status == 200 and response.read(1)
    return response


def half_a_request(daemon: RunningDaemon) -> socket.socket:
    """A connection on which a request has begun, its body still to come."""
    plug = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    plug.settimeout(10)
    plug.connect(daemon.socket)
    body = b'{"context": {}}'
    head = (
        b"POST /ofrep/v1/evaluate/flags/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
    )
    plug.sendall(head + body[:-1])
    return plug


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_streams_closed_and_the_request_in_flight_answered(
    daemon: RunningDaemon, number: int
) -> None:
    streams = [open_stream(daemon, path) for path in ("/sync/v1/events", "/ofrep/v1/sse")]
    with closing(half_a_request(daemon)) as plug:
        # The daemon has taken the request's head before it is told to end.
        daemon.wait_until(lambda: daemon.status()["server"]["connections"] >= 4)
        daemon.signal(number)
        for stream in streams:
            stream.read()
        assert daemon.process.poll() is None
        plug.sendall(b"}")
        answered = plug.makefile("rb").read()
    assert daemon.wait(10) == 0
    assert answered.startswith(b"HTTP/1.1 200") and b'"value":true' in answered
    assert not Path(daemon.socket).exists()


def test_it_is_not_ready_once_it_is_told_to_end(daemon: RunningDaemon) -> None:
    connection = daemon.connect()
    connection.request("GET", "/readyz")
    before = connection.getresponse()
    before.read()
    with closing(half_a_request(daemon)) as plug:
        daemon.wait_until(lambda: daemon.status()["server"]["connections"] >= 2)
        stream = open_stream(daemon)
        daemon.signal(signal.SIGTERM)
        stream.read()
        try:
            connection.request("GET", "/readyz")
            after = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            after = None
        plug.sendall(b"}")
        plug.makefile("rb").read()
    assert before.status == 200 and after in (503, None)
    assert daemon.wait(10) == 0


def test_a_second_signal_ends_it_at_once(daemon: RunningDaemon) -> None:
    with closing(half_a_request(daemon)):
        daemon.wait_until(lambda: daemon.status()["server"]["connections"] >= 2)
        stream = open_stream(daemon)
        daemon.signal(signal.SIGTERM)
        stream.read()
        daemon.signal(signal.SIGTERM)
        assert daemon.wait(6) == 128 + signal.SIGTERM


def test_a_killed_reader_is_replaced_and_the_daemon_lives(daemon: RunningDaemon, flags: Path) -> None:
    children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children")
    for reader in children.read_text().split():
        os.kill(int(reader), signal.SIGKILL)
    write(flags, a="off")
    daemon.wait_until(lambda: daemon.evaluate("a")["value"] is False)
    assert daemon.process.poll() is None


def test_a_killed_daemon_takes_its_reader_along_and_its_successor_has_its_socket(
    tmp_path: Path, flags: Path
) -> None:
    with running_daemon(tmp_path, "--source", flags, fresh=True) as daemon:
        children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split()
        daemon.signal(signal.SIGKILL)
        daemon.wait()
        first = daemon.line["generation"]
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))
    with running_daemon(tmp_path, "--source", flags) as daemon:
        assert daemon.evaluate("a")["value"] is True
        epoch, _, number = str(daemon.line["generation"]).rpartition("-")
    assert children and first != daemon.line["generation"]
    assert epoch == str(first).rpartition("-")[0] and int(number) > int(str(first).rpartition("-")[2])


def test_generations_go_on_by_one_after_an_orderly_end(tmp_path: Path, flags: Path) -> None:
    numbers = []
    for _ in range(2):
        with running_daemon(tmp_path, "--source", flags) as daemon:
            numbers.append(daemon.line["generation"])
            daemon.signal(signal.SIGTERM)
            daemon.wait()
    assert [int(str(number).rpartition("-")[2]) for number in numbers] == [1, 2]
