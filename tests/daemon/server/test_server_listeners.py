"""Coming up everywhere or nowhere, and going down in order; on asyncio's loop and on uvloop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import Peer, eventually, serving
from tests.daemon.server.test_server_streams import REFETCH, SYNC, Events

import burgeed.server.ofrep
from burgeed.clock import SystemClock
from burgeed.server.app import build_application
from burgeed.server.limits import Limits
from burgeed.server.listeners import Listeners
from burgeed.server.services import Services
from burgeed.server.unix_socket import ListenError, UnixAddress
from burgeed.settings.model import Address
from burgeed.store.layers import LayerStore
from burgeed.store.publisher import Publisher

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=sorted(LOOPS))
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, None]], None]:
    """Run a coroutine on one of the event loops."""

    def run_it(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(main)

    return run_it


Run = Callable[[Coroutine[Any, Any, None]], None]


def listeners(listen: Address | None, unix: Path | None = None) -> Listeners:
    def never() -> Any:
        raise AssertionError

    store = LayerStore([], next_generation=never)
    services = Services(store=store, publisher=Publisher(store), clock=SystemClock(), sources=list)
    return Listeners(
        build_application(services), unix=UnixAddress(unix) if unix is not None else None, listen=listen
    )


def slowly(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Make every evaluation take a while."""
    read: Callable[..., Awaitable[Any]] = burgeed.server.ofrep.read_json

    async def read_slowly(*arguments: Any) -> Any:
        await asyncio.sleep(seconds)
        return await read(*arguments)

    monkeypatch.setattr(burgeed.server.ofrep, "read_json", read_slowly)


def test_both_transports_serve_and_stream(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path, DEFINITION) as server:
            for peer in (server.unix, server.tcp):
                assert (await peer.evaluate("static")).json["value"] is True
                assert (await peer.raw(b"nonsense\r\n\r\n")).status == 400
                async with await peer.open() as wire:
                    events = await Events.open(wire, peer, SYNC)
                    assert (await events.generation()).number == 1
            assert str(server.unix.where) == str(tmp_path / "burgee.sock")

    run(main())
    assert not (tmp_path / "burgee.sock").exists()


def test_streams_end_at_once_and_what_is_in_flight_is_answered(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly(monkeypatch, 2.5)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with (
            serving(tmp_path, DEFINITION) as server,
            await server.unix.open() as one,
            await server.tcp.open() as two,
            await server.unix.open() as asking,
            await server.tcp.open() as idle,
        ):
            await Events.open(one, server.unix, SYNC)
            await Events.open(two, server.tcp, REFETCH)
            asking.write(server.unix.request("POST", "/ofrep/v1/evaluate/flags/static", b"{}"))
            await eventually(lambda: server.state.in_flight == 3)
            began = loop.time()
            closing = asyncio.create_task(server.listeners.close())
            for stream in (one, two):
                while await stream.chunk():
                    pass
                assert await stream.closed(within=5)
            assert server.state.in_flight == 1, "the streams ended with what was in flight, or after it"
            reply = await asking.reply()
            assert (reply.status, reply.headers["connection"]) == (200, "close")
            assert await idle.closed(within=10)
            await closing
            assert loop.time() - began < 12

    run(main())


def test_a_request_whose_body_is_still_coming_is_answered(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path, DEFINITION) as server, await server.unix.open() as wire:
            request = server.unix.request("POST", "/ofrep/v1/evaluate/flags/static", b'{"context":{}}')
            wire.write(request[:-5])
            await eventually(lambda: server.state.in_flight == 1)
            closing = asyncio.create_task(server.listeners.close())
            await asyncio.sleep(0.1)
            wire.write(request[-5:])
            assert (await wire.reply()).json["value"] is True
            await closing

    run(main())


def test_a_request_that_does_not_end_is_cut_off(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly(monkeypatch, 60)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with (
            serving(tmp_path, DEFINITION, limits=Limits(drain=0.3)) as server,
            await server.unix.open() as wire,
        ):
            wire.write(server.unix.request("POST", "/ofrep/v1/evaluate/flags/static", b"{}"))
            await eventually(lambda: server.state.in_flight == 1)
            began = loop.time()
            await server.listeners.close()
            assert loop.time() - began < 10
            assert await wire.closed(within=10)

    run(main())
    assert not (tmp_path / "burgee.sock").exists()


def test_after_the_end_nobody_is_let_in(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path, DEFINITION) as server:
            unix, tcp = server.unix, server.tcp
            await server.listeners.stop_accepting()
            for peer in (unix, tcp):
                with pytest.raises(OSError):
                    await peer.evaluate("static")
            await server.listeners.close()
            await server.listeners.close()

    run(main())


def test_a_port_in_use_is_said_and_nothing_is_left_behind(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            starting = listeners(Address("127.0.0.1", port), tmp_path / "burgee.sock")
            with pytest.raises(ListenError, match=f"127.0.0.1:{port} is in use .* --listen"):
                await starting.start()
        assert [each.name for each in tmp_path.iterdir()] == ["burgee.sock.lock"]
        again = listeners(Address("127.0.0.1", port), tmp_path / "burgee.sock")
        await again.start()
        assert again.addresses.http == (f"http://127.0.0.1:{port}",)
        await again.close()

    run(main())


def test_a_port_can_be_taken_again_at_once(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path, DEFINITION) as server:
            port = server.tcp.where
            assert isinstance(port, int)
            async with await server.tcp.open() as wire:
                wire.write(server.tcp.request("POST", "/ofrep/v1/evaluate/flags/static", b"{}"))
                assert (await wire.reply()).status == 200
                await server.listeners.close()
        again = listeners(Address("127.0.0.1", port))
        await again.start()
        await again.close()

    run(main())


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_an_address_that_is_not_here_is_said(run: Run, host: str) -> None:
    async def main() -> None:
        with pytest.raises(ListenError, match=f"{host}:8016 cannot be listened on"):
            await listeners(Address(host, 8016)).start()

    run(main())


def test_a_second_server_on_the_same_socket_is_refused(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path, DEFINITION) as server:
            with pytest.raises(ListenError, match="another daemon"):
                await listeners(None, tmp_path / "burgee.sock").start()
            assert (await server.unix.evaluate("static")).status == 200

    run(main())


def test_a_slow_subscriber_is_merged_for_and_dropped(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        limits = Limits(stream_buffer=10_000, stall=0.3, heartbeat=0.05)
        async with serving(tmp_path, {"flags": {}}, limits=limits) as server:
            with socket.socket(socket.AF_UNIX) as deaf:
                deaf.connect(str(server.unix.where))
                deaf.sendall(Peer(server.unix.where).request("GET", SYNC))
                await eventually(lambda: server.state.subscribers == 1)
                for number in range(100):
                    flags = {f"{number}-{'x' * 200}-{flag}": {"defaultVariant": "on"} for flag in range(30)}
                    server.deliver({"flags": flags})
                    await asyncio.sleep(0)
                    if server.state.evicted:
                        break
                    await asyncio.sleep(0.01)
                await eventually(lambda: server.state.evicted == 1)
                await eventually(lambda: server.state.connections == 0)

    run(main())
