"""What only a WebSocket can get wrong: the handshake, and everything that a client sends."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.daemon import wait_until
from tests.support.event_server import EventServer, control_event, event_server
from tests.support.raw_streams import BINARY, CLOSE, PING, PONG, TEXT, RawSocket, Refused, frame

from burgeed.server.limits import Limits

HANDSHAKE = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
    "Sec-WebSocket-Version": "13",
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EventServer]:
    with event_server(tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Upgrade", "h2c"),
        ("Upgrade", ""),
        ("Connection", "keep-alive"),
        ("Connection", None),
        ("Sec-WebSocket-Version", "8"),
        ("Sec-WebSocket-Version", None),
        ("Sec-WebSocket-Key", None),
        ("Sec-WebSocket-Key", "short"),
        ("Sec-WebSocket-Key", base64.b64encode(b"x" * 17).decode()),
        ("Sec-WebSocket-Key", "!" * 24),
    ],
)
def test_a_malformed_handshake_is_refused(server: EventServer, name: str, value: str | None) -> None:
    headers = {**HANDSHAKE, name: value} if value is not None else {**HANDSHAKE}
    if value is None:
        del headers[name]
    with RawSocket(server.unix, open_it=False) as stream:
        with pytest.raises(Refused) as refused:
            stream.ask({key: text for key, text in headers.items() if text is not None})
        assert (refused.value.status, refused.value.headers["sec-websocket-version"]) == (400, "13")
    assert server.state.failures == 0


def test_frames_are_never_compressed(server: EventServer) -> None:
    offered = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    with RawSocket(server.unix, headers=offered) as stream:
        assert "sec-websocket-extensions" not in stream.answer
        assert stream.next()["type"] == "reset"


@pytest.mark.parametrize("size", [0, 124, 125, 126, 127, 1000, 65_000, 66_000])
def test_messages_of_every_length_arrive(server: EventServer, size: int) -> None:
    with RawSocket(server.unix) as stream:
        stream.event()
        server.append(control_event(reason="é" * (size // 2)))
        assert stream.event().get("reason", "") == "é" * (size // 2)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(BINARY, b"\x00\xff"), 1003),
        (frame(TEXT, b"{}"), 1003),
        (frame(TEXT, b"\xff\xfe"), 1007),
        (frame(TEXT, b"x" * 1025), 1009),
        (frame(TEXT, b"x" * 600, final=False) + frame(0, b"x" * 600), 1009),
        (frame(PING, b"x" * 126), 1002),
        (frame(PING, final=False), 1002),
        (frame(3, b""), 1002),
        (b"\xf1\x80\x00\x00\x00\x00", 1002),
        (frame(CLOSE, b"\x03\xe8"), 1000),
    ],
)
def test_a_client_that_sends_what_it_may_not_is_told_why_it_has_to_go(
    server: EventServer, sent: bytes, code: int
) -> None:
    with RawSocket(server.unix) as stream:
        stream.event()
        stream.socket.sendall(sent)
        assert stream.farewell() == code
        assert stream.has_ended()
    wait_until(lambda: (server.log.subscribers, server.state.subscribers) == (0, 0))
    assert server.state.failures == 0


def test_a_huge_frame_is_refused_by_its_announced_length(server: EventServer) -> None:
    with RawSocket(server.unix) as stream:
        stream.event()
        stream.socket.sendall(b"\x82\xff" + (1 << 40).to_bytes(8) + b"\x00\x00\x00\x00")
        assert stream.farewell() == 1009


def test_pings_are_answered_and_a_flood_of_them_is_not(tmp_path: Path) -> None:
    with event_server(tmp_path, limits=Limits(client_frames=20)) as server, RawSocket(server.unix) as stream:
        stream.event()
        for number in range(20):
            stream.send(PING, b"%d" % number)
            assert stream.frame() == (PONG, b"%d" % number)
        stream.send(PING)
        assert stream.farewell() == 1008


def test_a_client_that_floods_and_reads_nothing_costs_no_memory(server: EventServer) -> None:
    with RawSocket(server.unix) as stream:
        stream.event()
        flood = frame(PING, b"x" * 125) * 1000
        with pytest.raises((ConnectionError, TimeoutError)):
            stream.socket.settimeout(10)
            for _ in range(1000):
                stream.socket.sendall(flood)
    wait_until(lambda: server.state.subscribers == 0)


def test_a_client_that_does_not_answer_pings_is_dropped(tmp_path: Path) -> None:
    limits = Limits(control_heartbeat=0.1)
    with event_server(tmp_path, limits=limits) as server, RawSocket(server.unix) as stream:
        with pytest.raises((EOFError, ConnectionError)):
            while True:
                stream.frame()
        assert server.state.evicted == 1


def test_a_client_that_answers_pings_stays(tmp_path: Path) -> None:
    limits = Limits(control_heartbeat=0.4)
    with event_server(tmp_path, limits=limits) as server, RawSocket(server.unix) as stream:
        beats = [stream.next()["type"] for _ in range(9)]
        assert beats == ["reset"] + ["heartbeat"] * 8
        assert server.state.evicted == 0


def test_a_client_that_goes_without_a_word_is_forgotten(server: EventServer) -> None:
    with RawSocket(server.unix) as stream:
        stream.event()
        stream.socket.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: (server.log.subscribers, server.state.subscribers) == (0, 0))
