"""Nobody holds a connection for ever: silent, slow, deaf and too many."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import Peer, Wire, eventually, serving

from burgeed.server.limits import Limits, connections_allowed

QUICK = Limits(header_deadline=0.3, body_deadline=0.3, keep_alive=30.0, write_deadline=0.3)
PROMPT = 6.0
"""Seconds within which a deadline of 0.3 s ends a connection on a busy machine; what else would end it, or a
deadline that each byte puts off, comes later."""
HEAD = b"POST /ofrep/v1/evaluate/flags/static HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"


async def drip(wire: Wire, data: bytes, every: float = 0.1) -> None:
    assert len(data) * every > PROMPT
    for number in range(len(data)):
        wire.write(data[number : number + 1])
        await asyncio.sleep(every)


async def seconds_until_closed(wire: Wire) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await wire.closed(within=PROMPT)
    return loop.time() - began


async def test_a_silent_connection_is_closed(tmp_path: Path, transport: str) -> None:
    async with (
        serving(tmp_path, DEFINITION, limits=QUICK) as server,
        await server.peer(transport).open() as wire,
    ):
        assert await seconds_until_closed(wire) > 0.1
        assert server.state.silent == 1
        await eventually(lambda: server.state.connections == 0)


async def test_a_half_sent_header_is_closed_however_it_drips(tmp_path: Path, transport: str) -> None:
    async with (
        serving(tmp_path, DEFINITION, limits=QUICK) as server,
        await server.peer(transport).open() as wire,
    ):
        dripping = asyncio.create_task(drip(wire, HEAD))
        assert await seconds_until_closed(wire) > 0.1
        dripping.cancel()


async def test_a_client_that_still_writes_when_the_server_closes_sees_that_as_a_close(
    tmp_path: Path, transport: str
) -> None:
    async with (
        serving(tmp_path, DEFINITION, limits=QUICK) as server,
        await server.peer(transport).open() as wire,
    ):
        await eventually(lambda: server.state.silent == 1)
        for _ in range(3):
            wire.write(b"GET")
            await asyncio.sleep(0.01)
        assert await wire.closed(within=PROMPT)


async def test_a_half_sent_second_header_is_closed(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION, limits=QUICK) as server, await server.unix.open() as wire:
        wire.write(HEAD + b"{}")
        assert (await wire.reply()).status == 200
        await asyncio.sleep(0.1)
        wire.write(HEAD[:20])
        assert await seconds_until_closed(wire) > 0.1
        assert server.state.silent == 1


async def test_an_idle_connection_is_kept_for_a_while_and_then_closed(tmp_path: Path) -> None:
    limits = replace(QUICK, keep_alive=2.0)
    async with serving(tmp_path, DEFINITION, limits=limits) as server, await server.unix.open() as wire:
        for _ in range(3):
            wire.write(HEAD + b"{}")
            assert (await wire.reply()).status == 200
            await asyncio.sleep(0.5)
        assert await wire.closed(within=PROMPT)
        assert server.state.silent == 0


async def test_a_slow_body_is_408_and_closed(tmp_path: Path, transport: str) -> None:
    async with (
        serving(tmp_path, DEFINITION, limits=QUICK) as server,
        await server.peer(transport).open() as wire,
    ):
        wire.write(HEAD.replace(b"Host: x", b"Host: " + server.peer(transport).host.encode()) + b"{")
        reply = await wire.reply()
        assert (reply.status, reply.json["key"], reply.json["errorCode"]) == (408, "static", "PARSE_ERROR")
        assert await wire.closed(within=PROMPT)


async def test_a_body_for_nobody_does_not_hold_the_connection(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION, limits=QUICK) as server, await server.unix.open() as wire:
        wire.write(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx")
        assert (await wire.reply()).status == 404
        assert await wire.closed(within=PROMPT)


async def test_a_client_that_does_not_read_its_answer_is_dropped(tmp_path: Path) -> None:
    variants = {"v": "x" * 100_000}
    flags = {f"f{number}": {"variants": variants, "defaultVariant": "v"} for number in range(30)}
    async with serving(tmp_path, {"flags": flags}, limits=QUICK) as server:
        deaf = socket.socket(socket.AF_UNIX)
        with deaf:
            deaf.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(deaf, str(server.unix.where))
            await loop.sock_sendall(deaf, server.unix.request("POST", "/ofrep/v1/evaluate/flags", b"{}"))
            await eventually(lambda: server.state.evicted == 1)
            await eventually(lambda: server.state.connections == 0)


async def test_beyond_the_cap_only_health_is_answered_and_beyond_the_reserve_nothing(tmp_path: Path) -> None:
    limits = Limits(connections=3, health_reserve=2, body_deadline=60.0)
    async with serving(tmp_path, DEFINITION, limits=limits) as server:
        inside = [await busy(server.unix) for _ in range(3)]
        await eventually(lambda: server.state.in_flight == 3)
        refused = await server.unix.evaluate("static")
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert refused.json["errorCode"] == "GENERAL"
        await eventually(lambda: server.state.connections == 3)
        assert (await server.unix.send("GET", "/healthz")).status == 200
        await eventually(lambda: server.state.connections == 3)
        silent = await server.unix.open()
        await eventually(lambda: server.state.connections == 4)
        async with await server.unix.open() as beyond:
            assert await silent.closed(within=PROMPT)
            beyond.write(server.unix.request("GET", "/healthz"))
            assert (await beyond.reply()).status == 200
        for wire in (*inside[1:], silent):
            wire.writer.close()
        await eventually(lambda: server.state.connections == 1)
        inside[0].write(b"{}")
        assert (await inside[0].reply()).status == 200
        assert (await server.unix.evaluate("static")).status == 200
        inside[0].writer.close()


async def busy(peer: Peer) -> Wire:
    """A connection whose request is under way: its body has not come."""
    wire = await peer.open()
    path, length = "/ofrep/v1/evaluate/flags/static", {"Content-Length": "2"}
    wire.write(peer.request("POST", path, b"", length))
    return wire


async def test_where_all_are_busy_nobody_gives_way_and_who_comes_last_is_closed(tmp_path: Path) -> None:
    limits = Limits(connections=2, health_reserve=0, body_deadline=60.0)
    async with serving(tmp_path, DEFINITION, limits=limits) as server:
        inside = [await busy(server.unix) for _ in range(2)]
        await eventually(lambda: server.state.in_flight == 2)
        async with await server.unix.open() as beyond:
            assert await beyond.closed(within=PROMPT)
        for wire in inside:
            wire.write(b"{}")
            assert (await wire.reply()).status == 200
            wire.writer.close()


async def test_who_has_been_idle_for_longest_gives_way_to_who_asks(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION, limits=Limits(connections=8)) as server:
        # Six over TCP: the other two places are the socket's.
        first, second, *others = [await server.tcp.open() for _ in range(6)]
        for wire in (first, second, *others, first):
            wire.write(server.tcp.request("POST", "/ofrep/v1/evaluate/flags/static", b"{}"))
            assert (await wire.reply()).status == 200
        async with await server.tcp.open() as newest:
            assert await second.closed(within=PROMPT)
            for wire in (newest, first, *others):
                wire.write(server.tcp.request("POST", "/ofrep/v1/evaluate/flags/static", b"{}"))
                assert (await wire.reply()).status == 200
        for wire in (first, *others):
            wire.writer.close()


async def test_who_holds_every_connection_and_stream_over_tcp_shuts_nobody_out_of_the_socket(
    tmp_path: Path,
) -> None:
    limits = Limits(connections=16, health_reserve=2, body_deadline=60.0)
    async with serving(tmp_path, DEFINITION, limits=limits, management=True) as server:
        held = [await server.tcp.open() for _ in range(6)]
        for wire in held:
            wire.write(server.tcp.request("GET", "/ofrep/v1/sse"))
        await eventually(lambda: server.state.subscribers == 6)
        assert (await server.tcp.send("GET", "/ofrep/v1/sse")).status == 503
        held += [await busy(server.tcp) for _ in range(6)]
        await eventually(lambda: server.state.connections == 12)
        assert (await server.tcp.evaluate("static")).status == 503
        assert (await server.tcp.send("GET", "/healthz")).status == 200
        assert (await server.unix.evaluate("static")).status == 200
        async with await server.unix.open() as wire:
            wire.write(server.unix.request("GET", "/sync/v1/events"))
            await eventually(lambda: server.state.subscribers == 7)
        silent = [await server.management.open() for _ in range(9)]
        assert (await server.management.send("GET", "/readyz")).status == 200
        for wire in (*held, *silent):
            wire.writer.close()


async def test_a_flood_of_connections_that_come_and_go_is_forgotten(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        for _ in range(100):
            async with await server.unix.open():
                pass
        await eventually(lambda: server.state.connections == 0)
        assert (await server.unix.evaluate("static")).status == 200


def test_the_cap_leaves_file_descriptors_for_the_rest() -> None:
    assert 16 <= connections_allowed() <= 10_000
