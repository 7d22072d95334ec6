"""Event streams: who connects is told what is served, who stays hears what changes, who stalls is dropped."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import Peer, SetWall, Wire, eventually, serving

from burgee.wire.sync import HEARTBEAT, EventParser, GenerationEvent, ServerSentEvent
from burgeed.server.limits import Limits

SYNC = "/sync/v1/events"
REFETCH = "/ofrep/v1/sse"


def document(variant: str) -> dict[str, Any]:
    return {"flags": {"f": {"defaultVariant": variant}, "other": {"defaultVariant": "on"}}}


class Events:
    """A stream's events, as they come."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.parser = EventParser()
        self.ready: list[ServerSentEvent] = []
        self.ended = False

    @classmethod
    async def open(cls, wire: Wire, peer: Peer, path: str, last_id: str | None = None) -> Events:
        wire.write(peer.request("GET", path, None, {} if last_id is None else {"Last-Event-ID": last_id}))
        reply = await wire.reply()
        assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream")
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-accel-buffering"] == "no"
        return cls(wire)

    async def next(self, skip: str = "") -> ServerSentEvent:
        """The next event whose type is not ``skip``."""
        while True:
            while self.ready:
                event = self.ready.pop(0)
                if event.event != skip:
                    return event
            chunk = await self.wire.chunk()
            assert chunk, "the stream ended"
            self.ready += self.parser.feed(chunk)

    async def generation(self) -> GenerationEvent:
        return GenerationEvent.read(await self.next(skip="heartbeat"))


async def test_a_sync_stream_tells_first_what_is_served_and_then_what_changed(
    tmp_path: Path, transport: str
) -> None:
    async with serving(tmp_path, document("on")) as server, await server.peer(transport).open() as wire:
        events = await Events.open(wire, server.peer(transport), SYNC)
        first = await events.generation()
        server.deliver(document("off"))
        second = await events.generation()
        server.store.announce_time(frozenset({"other"}))
        third = await events.generation()
    assert first == GenerationEvent("epoch", 1, "epoch-1", None, "connect")
    assert second == GenerationEvent("epoch", 2, "epoch-2", frozenset({"f"}), "change")
    assert third == GenerationEvent("epoch", 2, "epoch-2", frozenset({"other"}), "time", 1)


async def test_a_sync_stream_begins_with_how_often_time_changed_answers_within_the_generation(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, document("on")) as server:

        async def greeting() -> GenerationEvent:
            async with await server.unix.open() as wire:
                return await (await Events.open(wire, server.unix, SYNC)).generation()

        assert (await greeting()).times == 0
        async with await server.unix.open() as wire:
            events = await Events.open(wire, server.unix, SYNC)
            await events.generation()
            server.store.announce_time(frozenset({"f"}))
            await events.generation()
            assert (await greeting()).times == 1
            server.deliver(document("off"))
            await events.generation()
        assert (await greeting()).times == 0


async def test_heartbeats_come_twice_a_second(tmp_path: Path) -> None:
    async with serving(tmp_path, document("on")) as server, await server.unix.open() as wire:
        events = await Events.open(wire, server.unix, SYNC)
        loop = asyncio.get_running_loop()
        times = []
        for _ in range(4):
            assert (await events.next(skip="generation")).event == "heartbeat"
            times.append(loop.time())
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(0.3 < gap < 0.8 for gap in gaps)


async def test_before_ready_a_sync_stream_beats_and_then_tells_the_first_generation(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, await server.unix.open() as wire:
        events = await Events.open(wire, server.unix, SYNC)
        assert (await events.next()).event == "heartbeat"
        server.deliver(document("on"))
        first = await events.generation()
    assert (first.number, first.flags_changed) == (1, frozenset({"f", "other"}))


@pytest.mark.parametrize("last_id", [None, "", "epoch-0", "other-1", "epoch-1.1"])
async def test_who_connects_without_the_newest_id_is_told_to_ask_again(
    tmp_path: Path, transport: str, last_id: str | None
) -> None:
    clock = SetWall(1_700_000_000.9)
    async with serving(tmp_path, clock=clock) as server, await server.peer(transport).open() as wire:
        server.deliver(document("on"))
        await eventually(lambda: server.state.connections == 1)
        events = await Events.open(wire, server.peer(transport), REFETCH, last_id)
        event = await events.next()
    assert (event.event, event.id) == ("message", "epoch-1")
    assert json.loads(event.data) == {
        "type": "refetchEvaluation",
        "etag": "epoch-1",
        "lastModified": 1_700_000_000,
    }


async def test_the_retry_time_comes_first(tmp_path: Path) -> None:
    async with serving(tmp_path, document("on")) as server, await server.unix.open() as wire:
        await Events.open(wire, server.unix, REFETCH)
        assert (await wire.chunk()).startswith(b"retry: 2000\n")


async def test_who_knows_the_newest_id_hears_only_what_comes(tmp_path: Path) -> None:
    async with serving(tmp_path, document("on")) as server, await server.unix.open() as wire:
        events = await Events.open(wire, server.unix, REFETCH, "epoch-1")
        assert await wire.chunk() == b"retry: 2000\n\n:\n\n"
        server.deliver(document("off"))
        event = await events.next()
    assert event.id == "epoch-2"


async def test_a_change_by_time_has_an_id_of_its_own_so_that_who_missed_it_asks_again(tmp_path: Path) -> None:
    async with serving(tmp_path, document("on")) as server:
        async with await server.unix.open() as wire:
            events = await Events.open(wire, server.unix, REFETCH, "epoch-1")
            server.store.announce_time(frozenset({"f"}))
            timed = await events.next()
        async with await server.unix.open() as wire:
            events = await Events.open(wire, server.unix, REFETCH, "epoch-1")
            again = await events.next()
        async with await server.unix.open() as wire:
            await Events.open(wire, server.unix, REFETCH, timed.id)
            assert await wire.chunk() == b"retry: 2000\n\n:\n\n"
    assert timed == again
    assert (timed.id, json.loads(timed.data)["etag"]) == ("epoch-1.1", "epoch-1")


async def test_refetch_streams_get_comments_when_nothing_happens(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, document("on"), limits=Limits(comment=0.05)) as server,
        await server.unix.open() as wire,
    ):
        await Events.open(wire, server.unix, REFETCH, "epoch-1")
        assert await wire.chunk() == b"retry: 2000\n\n:\n\n"
        assert await wire.chunk() == b":\n\n"


async def test_a_client_of_http_1_0_gets_the_same_bytes_unframed(tmp_path: Path) -> None:
    async with serving(tmp_path, document("on")) as server, await server.unix.open() as wire:
        wire.write(b"GET /sync/v1/events HTTP/1.0\r\n\r\n")
        head = await wire.reader.readuntil(b"\r\n\r\n")
        assert b"chunked" not in head.lower()
        assert (await wire.reader.readuntil(b"\n\n")).startswith(b"event: generation\n")
        assert await wire.reader.readexactly(len(HEARTBEAT)) == HEARTBEAT


async def test_everyone_hears_of_a_change(tmp_path: Path) -> None:
    async with serving(tmp_path, document("on"), limits=Limits(connections=1_000)) as server:
        wires, streams = [], []
        for _ in range(250):
            wires.append(await server.unix.open())
            streams.append(await Events.open(wires[-1], server.unix, SYNC))
        for stream in streams:
            assert (await stream.generation()).number == 1
        server.deliver(document("off"))
        numbers = {(await stream.generation()).number for stream in streams}
        for wire in wires:
            wire.writer.close()
        await eventually(lambda: server.state.subscribers == 0)
    assert numbers == {2}


async def connect_deaf(peer: Peer, path: str) -> socket.socket:
    """A subscriber that reads nothing, until it does."""
    deaf = socket.socket(socket.AF_UNIX)
    deaf.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(deaf, str(peer.where))
    await loop.sock_sendall(deaf, peer.request("GET", path))
    return deaf


def bulky(number: int) -> dict[str, Any]:
    """Three hundred flags with long keys, all of which change with the number."""
    flags = {
        f"{'long-' * 20}{flag:03}": {"variants": {"v": number}, "defaultVariant": "v"} for flag in range(300)
    }
    flags[f"only-in-{number}"] = {"variants": {"v": 1}, "defaultVariant": "v"}
    return {"flags": flags}


async def test_a_slow_subscriber_gets_one_event_for_all_that_it_missed(tmp_path: Path) -> None:
    limits = Limits(stream_buffer=40_000, stall=30.0, heartbeat=0.05)
    async with serving(tmp_path, bulky(0), limits=limits) as server:
        with await connect_deaf(server.unix, SYNC) as deaf:
            await eventually(lambda: server.state.subscribers == 1)
            for number in range(1, 21):
                server.deliver(bulky(number))
                await asyncio.sleep(0.01)
            parser, events, loop = EventParser(), [], asyncio.get_running_loop()
            received = bytearray()
            async with asyncio.timeout(10):
                while not events or events[-1].number < 21:
                    received += await loop.sock_recv(deaf, 65536)
                    chunks, rest = unframed(bytes(received))
                    del received[: len(received) - len(rest)]
                    parsed = parser.feed(chunks)
                    events += [GenerationEvent.read(each) for each in parsed if each.event == "generation"]
    numbers = [event.number for event in events]
    assert numbers == sorted(set(numbers))
    assert len(numbers) < 15
    told = frozenset().union(*(event.flags_changed or () for event in events))
    assert {f"only-in-{number}" for number in range(21)} <= told


def unframed(data: bytes) -> tuple[bytes, bytes]:
    """The whole chunks in the data, without header and framing, and what is left over."""
    if data.startswith(b"HTTP/"):
        _, end, data = data.partition(b"\r\n\r\n")
        assert end
    body = b""
    while b"\r\n" in data:
        size, _, rest = data.partition(b"\r\n")
        length = int(size, 16)
        if len(rest) < length + 2:
            break
        body += rest[:length]
        data = rest[length + 2 :]
    return body, data


async def test_a_stalled_subscriber_is_dropped_and_the_others_hear_on(tmp_path: Path) -> None:
    limits = Limits(stream_buffer=40_000, stall=0.4, heartbeat=0.05)
    async with serving(tmp_path, bulky(0), limits=limits) as server, await server.unix.open() as wire:
        with await connect_deaf(server.unix, SYNC):
            events = await Events.open(wire, server.unix, SYNC)
            await eventually(lambda: server.state.subscribers == 2)
            for number in range(1, 21):
                server.deliver(bulky(number))
                while (await events.generation()).number != number + 1:
                    pass
            await eventually(lambda: server.state.evicted == 1)
            await eventually(lambda: server.state.subscribers == 1)
        server.deliver(document("on"))
        assert (await events.generation()).number == 22


async def test_a_client_that_goes_is_forgotten_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path, document("on")) as server:
        async with await server.unix.open() as wire:
            await Events.open(wire, server.unix, REFETCH)
            assert server.state.subscribers == 1
        await eventually(lambda: server.state.subscribers == 0)


async def test_there_are_only_so_many_streams_of_both_kinds_together(tmp_path: Path) -> None:
    async with serving(tmp_path, document("on"), limits=Limits(subscribers=2, connections=100)) as server:
        async with await server.unix.open() as one, await server.unix.open() as two:
            await Events.open(one, server.unix, SYNC)
            await Events.open(two, server.unix, REFETCH)
            third = await server.unix.send("GET", SYNC)
            fourth = await server.unix.send("GET", REFETCH)
            assert (await server.unix.evaluate("f")).status == 200
        await eventually(lambda: server.state.subscribers == 0)
        async with await server.unix.open() as wire:
            await Events.open(wire, server.unix, SYNC)
    assert [(reply.status, reply.headers["retry-after"]) for reply in (third, fourth)] == [(503, "1")] * 2
    assert third.json["errorCode"] == "GENERAL"


async def test_streams_leave_half_of_the_connections_to_evaluations(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, document("on"), limits=Limits(connections=2)) as server,
        await server.unix.open() as one,
    ):
        await Events.open(one, server.unix, SYNC)
        assert (await server.unix.send("GET", SYNC)).status == 503


async def test_after_a_fault_of_our_own_streams_are_cut_off_and_work_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        async with await server.unix.open() as wire:
            events = await Events.open(wire, server.unix, SYNC)
            await events.generation()
            with monkeypatch.context() as patched:
                patched.setattr("burgeed.server.refetch.encode", None)
                server.deliver(document("on"))
                while await wire.chunk():
                    pass
        assert [record.getMessage() for record in caplog.records] == ["the event streams failed"]
        await asyncio.sleep(1.1)
        async with await server.unix.open() as wire:
            events = await Events.open(wire, server.unix, SYNC)
            assert (await events.generation()).number == 2
            server.deliver(document("off"))
            assert (await events.generation()).number == 3
