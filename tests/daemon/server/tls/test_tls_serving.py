"""Serving under TLS: the same answers, what is demanded of the line, what is not let in; on both loops."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from tests.daemon.server.serving import Peer, Wire, eventually
from tests.daemon.server.test_server_streams import SYNC, Events
from tests.daemon.server.tls.speaking import speaking, trusting
from tests.support.certificates import Authority, Issued

from burgeed.server.limits import Limits

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=sorted(LOOPS))
def run(request: pytest.FixtureRequest) -> Run:
    """Run a coroutine on one of the event loops."""

    def run_it(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(main)

    return run_it


async def raw(port: int) -> Wire:
    """A connection that need not speak TLS."""
    return Wire(*await asyncio.open_connection("127.0.0.1", port))


def test_all_is_served_as_without_and_the_socket_stays_as_it_is(
    run: Run, tmp_path: Path, authority: Authority, server_certificate: Issued
) -> None:
    async def main() -> None:
        async with speaking(tmp_path, server_certificate, management=True) as secure:
            assert secure.server.listeners.addresses.http == (f"https://127.0.0.1:{secure.port}",)
            assert secure.server.listeners.addresses.management[0].startswith("http://")
            peer = secure.peer(trusting(authority))
            async with await peer.open() as wire:
                spoken = wire.writer.get_extra_info("ssl_object")
                assert (spoken.version(), spoken.selected_alpn_protocol()) == ("TLSv1.3", "http/1.1")
                for _ in range(2):
                    wire.write(peer.request("POST", "/ofrep/v1/evaluate/flags/static", b"{}"))
                    reply = await wire.reply()
                    assert (reply.status, reply.json["value"]) == (200, True)
            async with await peer.open() as wire:
                events = await Events.open(wire, peer, SYNC)
                assert (await events.generation()).number == 1
                secure.server.deliver({"flags": {"static": {"defaultVariant": "off"}}})
                assert (await events.generation()).number == 2
            assert (await secure.server.unix.evaluate("static")).json["value"] is False
            assert (await secure.server.management.send("GET", "/healthz")).status == 200
            await eventually(lambda: secure.server.state.connections == 0)

    run(main())


@pytest.mark.parametrize("run", ["uvloop"], indirect=True)
def test_a_large_answer_comes_whole_and_one_that_is_not_read_is_given_up(
    run: Run, tmp_path: Path, authority: Authority, server_certificate: Issued
) -> None:
    variants = {"v": "x" * 100_000}
    flags = {f"f{number}": {"variants": variants, "defaultVariant": "v"} for number in range(120)}

    async def main() -> None:
        limits = Limits(write_deadline=0.4, keep_alive=0.4)
        async with speaking(tmp_path, server_certificate, limits=limits) as secure:
            secure.server.deliver({"flags": flags})
            peer = secure.peer(trusting(authority))
            reply = await peer.evaluate_all()
            assert len(reply.json["flags"]) == 120
            async with await peer.open() as deaf:
                deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
                deaf.write(peer.request("POST", "/ofrep/v1/evaluate/flags", b"{}"))
                await eventually(lambda: secure.server.state.requests == 2)
                await eventually(lambda: secure.server.state.connections == 0)

    run(main())


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (
            {"minimum_version": ssl.TLSVersion.TLSv1, "maximum_version": ssl.TLSVersion.TLSv1_1},
            "PROTOCOL_VERSION",
        ),
        (
            {"maximum_version": ssl.TLSVersion.TLSv1_2, "ciphers": "ECDHE-ECDSA-AES128-SHA256"},
            "HANDSHAKE_FAILURE",
        ),
    ],
    ids=["TLS 1.1", "CBC"],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_is_too_old_is_refused_with_an_alert(
    run: Run,
    tmp_path: Path,
    authority: Authority,
    server_certificate: Issued,
    limits: dict[str, Any],
    said: str,
) -> None:
    versions = {name: value for name, value in limits.items() if name != "ciphers"}
    context = trusting(authority)
    context.set_ciphers(limits.get("ciphers", "ALL") + ":@SECLEVEL=0")
    for name, value in versions.items():
        setattr(context, name, value)

    async def main() -> None:
        async with speaking(tmp_path, server_certificate) as secure:
            with pytest.raises(ssl.SSLError, match=said):
                await secure.peer(context).open()
            await eventually(lambda: secure.server.state.handshakes_failed == 1)

    run(main())


def test_plain_http_is_told_so_and_closed(
    run: Run, tmp_path: Path, server_certificate: Issued, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with speaking(tmp_path, server_certificate) as secure:
            plain = Peer(secure.port)
            for method in ("GET", "POST", "PUT", "DELETE"):
                async with await plain.open() as wire:
                    wire.write(plain.request(method, "/healthz"))
                    reply = await wire.reply(method)
                    assert reply.status == 400
                    assert "this port speaks TLS: ask it with https://" in reply.json["errorDetails"]
                    assert await wire.closed(within=5)
            assert secure.server.state.requests == 0
            await eventually(lambda: secure.server.state.handshakes_failed == 4)

    with caplog.at_level("INFO"):
        run(main())
    told = [record for record in caplog.records if record.message == "a TLS handshake failed"]
    assert len(told) < 4, "a line for every failure would let anybody fill the disk"
    assert vars(told[0])["peer"] == "127.0.0.1" and "request" in vars(told[0])["why"]


def test_who_says_nothing_or_drips_is_closed_in_time_and_takes_no_place(
    run: Run, tmp_path: Path, server_certificate: Issued
) -> None:
    hello = client_hello()

    async def drip(wire: Wire) -> None:
        for at in range(len(hello) - 1):
            wire.write(hello[at : at + 1])
            await asyncio.sleep(0.02)

    async def main() -> None:
        limits = Limits(handshake_deadline=0.4)
        async with speaking(tmp_path, server_certificate, limits=limits) as secure:
            async with await raw(secure.port) as silent, await raw(secure.port) as dripping:
                task = asyncio.create_task(drip(dripping))
                assert await silent.closed(within=5)
                assert await dripping.closed(within=5)
                task.cancel()
            assert secure.server.state.connections == 0
            await eventually(lambda: secure.server.state.handshakes_failed == 2)

    assert len(hello) * 0.02 > 3
    run(main())


def test_who_says_nothing_after_the_handshake_is_closed_too(
    run: Run, tmp_path: Path, authority: Authority, server_certificate: Issued
) -> None:
    async def main() -> None:
        async with (
            speaking(tmp_path, server_certificate, limits=Limits(header_deadline=0.5)) as secure,
            await secure.peer(trusting(authority)).open() as wire,
        ):
            await eventually(lambda: secure.server.state.connections == 1)
            wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await eventually(lambda: secure.server.state.silent == 1)
            await eventually(lambda: secure.server.state.connections == 0)

    run(main())


def test_those_who_hold_out_give_way_to_those_who_do_their_part(
    run: Run, tmp_path: Path, authority: Authority, server_certificate: Issued
) -> None:
    async def main() -> None:
        limits = Limits(handshakes=3, handshake_deadline=60.0, connections=2)
        async with speaking(tmp_path, server_certificate, limits=limits) as secure:
            silent = [await raw(secure.port) for _ in range(5)]
            assert await silent[0].closed(within=5) and await silent[1].closed(within=5)
            peer = secure.peer(trusting(authority))
            for _ in range(3):
                assert (await peer.evaluate("static")).status == 200
            assert await silent[2].closed(within=5)
            assert not await silent[4].closed(within=0.1)
            for wire in silent:
                wire.writer.close()

    run(main())


def test_the_end_closes_what_is_open_and_lets_nobody_in(
    run: Run,
    tmp_path: Path,
    authority: Authority,
    server_certificate: Issued,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with speaking(tmp_path, server_certificate) as secure:
            peer = secure.peer(trusting(authority))
            async with (
                await peer.open() as idle,
                await peer.open() as stream,
                await raw(secure.port) as silent,
            ):
                idle.write(peer.request("POST", "/ofrep/v1/evaluate/flags/static", b"{}"))
                assert (await idle.reply()).status == 200
                await Events.open(stream, peer, SYNC)
                await secure.server.listeners.close()
                while await stream.chunk():
                    pass
                for wire in (idle, stream, silent):
                    assert await wire.closed(within=5)
            with pytest.raises(OSError):
                await peer.evaluate("static")

    run(main())
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


async def test_a_port_in_use_is_said(tmp_path: Path, server_certificate: Issued) -> None:
    from burgeed.server.listeners import listening_sockets
    from burgeed.settings.model import Address

    [first] = await listening_sockets(Address("127.0.0.1", 0))
    with first, pytest.raises(OSError):
        await listening_sockets(Address("127.0.0.1", first.getsockname()[1]))


def client_hello() -> bytes:
    """The first bytes of a client."""
    outgoing = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()
