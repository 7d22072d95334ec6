"""The whole snapshot over HTTP: who gets it, in which form, and always one generation from end to end."""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import Peer, Reply, Serving, eventually, serving

from burgee.snapshot_bytes import read, read_header
from burgeed.server import snapshot_download
from burgeed.server.limits import Limits
from burgeed.server.sync_token import LONGEST, SyncToken, TokenUnusable

SNAPSHOT = "/sync/v1/snapshot"
TOKEN = "s3cret-token"


def document(variant: str, flags: int = 1) -> dict[str, Any]:
    return {"flags": {f"f{number}": {"defaultVariant": variant} for number in range(flags)}}


def bulky(number: int) -> dict[str, Any]:
    """A document whose snapshot has several megabytes, which hardly compress."""
    text = "".join(f"{each * 2_654_435_761 % 2**32:08x}" for each in range(number, number + 16_000))
    flags = {f"f{each}": {"variants": {"v": text}, "defaultVariant": "v"} for each in range(24)}
    return {"flags": {**flags, "number": {"variants": {"v": number}, "defaultVariant": "v"}}}


def token_file(tmp_path: Path, content: str = TOKEN, mode: int = 0o600) -> Path:
    path = tmp_path / "token"
    path.write_text(content)
    path.chmod(mode)
    return path


def shown(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def fetched(peer: Peer, headers: dict[str, str] | None = None, method: str = "GET") -> Reply:
    return await peer.send(method, SNAPSHOT, None, headers)


async def caught_up(server: Serving, number: int) -> None:
    await eventually(
        lambda: (
            server.publisher.published is not None and server.publisher.published.generation.number == number
        )
    )


async def test_the_socket_gives_the_very_bytes_that_are_published(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await fetched(server.unix)
        published = server.publisher.published
    assert published is not None and reply.body == published.data
    assert reply.status == 200 and read(reply.body, whole=True).generation == published.generation
    assert reply.headers["burgee-generation"] == "epoch-1" and reply.headers["etag"] == '"epoch-1"'
    assert reply.headers["content-type"] == "application/octet-stream"


async def test_before_ready_it_is_503(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        reply = await fetched(server.unix)
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert reply.json["errorCode"] == "PROVIDER_NOT_READY"


async def test_gzip_is_the_same_bytes_under_a_tag_of_its_own(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        plain = await fetched(server.unix)
        reply = await fetched(server.unix, {"Accept-Encoding": "gzip"})
    assert reply.headers["content-encoding"] == "gzip" and reply.headers["etag"] == '"epoch-1-gzip"'
    assert gzip.decompress(reply.body) == plain.body and "content-encoding" not in plain.headers
    assert plain.headers["vary"] == reply.headers["vary"] == "Accept-Encoding"
    assert reply.headers["burgee-generation"] == "epoch-1"


@pytest.mark.parametrize("coding", ["gzip", "identity"])
@pytest.mark.parametrize(
    ("held", "status"),
    [
        ('"epoch-1"', 304),
        ('"epoch-1-gzip"', 304),
        ('W/"epoch-1"', 304),
        ('"other-1", "epoch-1"', 304),
        ('"epoch-0"', 200),
        ('"epoch-1-br"', 200),
        ("*", 200),
    ],
)
async def test_who_holds_either_form_of_the_generation_is_told_so(
    tmp_path: Path, coding: str, held: str, status: int
) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await fetched(server.unix, {"If-None-Match": held, "Accept-Encoding": coding})
    assert reply.status == status and reply.headers["burgee-generation"] == "epoch-1"
    if status == 304:
        assert reply.headers["etag"] in held


async def test_another_generation_is_sent_to_who_holds_the_last(tmp_path: Path) -> None:
    async with serving(tmp_path, document("on")) as server:
        first = await fetched(server.unix)
        server.deliver(document("off"))
        await caught_up(server, 2)
        second = await fetched(server.unix, {"If-None-Match": first.headers["etag"]})
    assert second.status == 200 and second.headers["etag"] == '"epoch-2"'


async def test_the_event_stream_names_the_tag(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server, await server.unix.open() as wire:
        await caught_up(server, 1)
        wire.write(server.unix.request("GET", "/sync/v1/events"))
        await wire.reply()
        event = await wire.chunk()
        reply = await fetched(server.unix)
    assert f'"etag":{reply.headers["etag"]}' in event.decode()


@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_head_has_the_headers_and_no_body(tmp_path: Path, coding: str) -> None:
    async with serving(tmp_path, DEFINITION) as server, await server.unix.open() as wire:
        asked = {"Accept-Encoding": coding}
        got = await fetched(server.unix, asked)
        wire.write(server.unix.request("HEAD", SNAPSHOT, None, asked))
        head = await wire.reply("HEAD")
        wire.write(server.unix.request("GET", "/healthz"))
        after = await wire.reply("GET")
    changing = {"date"}
    assert {k: v for k, v in head.headers.items() if k not in changing} == {
        k: v for k, v in got.headers.items() if k not in changing
    }
    assert int(head.headers["content-length"]) == len(got.body) and after.status == 200


async def test_it_is_compressed_once_for_all_who_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def counted(data: bytes, *arguments: Any, **options: Any) -> bytes:
        threads.append(threading.current_thread())
        return compress(data, *arguments, **options)

    compress = gzip.compress
    monkeypatch.setattr(gzip, "compress", counted)
    async with serving(tmp_path, bulky(1)) as server:
        asked = {"Accept-Encoding": "gzip"}
        replies = await asyncio.gather(*(fetched(server.unix, asked) for _ in range(8)))
        server.deliver(bulky(2))
        await caught_up(server, 2)
        await fetched(server.unix, asked)
    assert len({reply.body for reply in replies}) == 1 and len(threads) == 2
    assert threading.current_thread() not in threads


async def test_every_response_is_one_generation_while_others_are_published(tmp_path: Path) -> None:
    async with serving(tmp_path, bulky(0)) as server:
        await caught_up(server, 1)
        done = False

        async def deliver() -> None:
            number = 1
            while not done:
                server.deliver(bulky(number))
                number += 1
                await asyncio.sleep(0.005)

        async def ask(coding: str) -> list[tuple[str, bytes]]:
            replies = [await fetched(server.unix, {"Accept-Encoding": coding}) for _ in range(4)]
            return [
                (
                    each.headers["burgee-generation"],
                    gzip.decompress(each.body) if coding == "gzip" else each.body,
                )
                for each in replies
            ]

        delivering = asyncio.create_task(deliver())
        found = await asyncio.gather(*(ask(coding) for coding in ("gzip", "identity") * 2))
        done = True
        await delivering
    answers = [answer for each in found for answer in each]
    assert all(str(read(body, whole=True).generation) == generation for generation, body in answers)
    assert len({generation for generation, _ in answers}) > 1


async def test_on_tcp_nobody_gets_it_without_a_token_file(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await fetched(server.tcp, shown(TOKEN))
    assert reply.status == 403 and "--sync-token-file" in reply.json["errorDetails"]


async def test_on_tcp_the_token_opens_it_and_the_socket_needs_none(tmp_path: Path) -> None:
    token = SyncToken(token_file(tmp_path, f"{TOKEN}\n"))
    async with serving(tmp_path, DEFINITION, sync_token=token) as server:
        replies = [
            await fetched(server.tcp, shown(TOKEN)),
            await fetched(server.tcp, {"Authorization": f"bearer  {TOKEN}"}),
            await fetched(server.unix),
        ]
    assert [reply.status for reply in replies] == [200] * 3 and len({reply.body for reply in replies}) == 1


@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [
        (None, 'Bearer realm="burgee"'),
        ("Basic dTpw", 'Bearer realm="burgee"'),
        (f"Basic {TOKEN}", 'Bearer realm="burgee"'),
        ("Bearer", 'Bearer realm="burgee", error="invalid_token"'),
        ("Bearer wrong", 'Bearer realm="burgee", error="invalid_token"'),
        (f"Bearer {TOKEN}x", 'Bearer realm="burgee", error="invalid_token"'),
        (f"Bearer {TOKEN[:-1]}", 'Bearer realm="burgee", error="invalid_token"'),
        ("Bearer \xff\xfe", 'Bearer realm="burgee", error="invalid_token"'),
    ],
)
async def test_on_tcp_without_the_token_it_is_401_and_says_what_is_wanted(
    tmp_path: Path, authorization: str | None, challenge: str
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with serving(tmp_path, DEFINITION, sync_token=SyncToken(token_file(tmp_path))) as server:
        for method in ("GET", "HEAD"):
            reply = await fetched(server.tcp, headers, method)
            assert (reply.status, reply.headers["www-authenticate"]) == (401, challenge)
            assert TOKEN not in str(reply)


async def test_who_shows_no_token_does_not_learn_which_generation_is_served(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION, sync_token=SyncToken(token_file(tmp_path))) as server:
        reply = await fetched(server.tcp, {"If-None-Match": '"epoch-1"'})
    assert reply.status == 401 and "epoch" not in str(reply.headers)


async def test_a_replaced_token_counts_at_once_and_the_old_one_no_more(tmp_path: Path) -> None:
    path = token_file(tmp_path)
    async with serving(tmp_path, DEFINITION, sync_token=SyncToken(path)) as server:
        statuses = [(await fetched(server.tcp, shown(TOKEN))).status]
        path.write_text("another")
        statuses += [(await fetched(server.tcp, shown(each))).status for each in (TOKEN, "another")]
        path.unlink()
        statuses += [(await fetched(server.tcp, shown(each))).status for each in ("another", "")]
    assert statuses == [200, 401, 200, 503, 503]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("a b", "line"),
        ("a\nb", "line"),
        ("é", "line"),
        ("x" * (LONGEST + 1), "over"),
    ],
)
async def test_a_file_that_holds_no_token_is_a_fault(tmp_path: Path, content: str, said: str) -> None:
    path = token_file(tmp_path, content)
    with pytest.raises(TokenUnusable, match=said) as raised:
        await SyncToken(path).check()
    assert str(path) in str(raised.value)


async def test_the_longest_token_is_taken(tmp_path: Path) -> None:
    token = SyncToken(token_file(tmp_path, "x" * LONGEST))
    await token.check()
    assert await token.is_good(b"x" * LONGEST) and not await token.is_good(b"x" * (LONGEST - 1))


@pytest.mark.parametrize(("mode", "warnings"), [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1)])
async def test_a_token_file_that_others_can_read_is_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, warnings: int
) -> None:
    token = SyncToken(token_file(tmp_path, mode=mode))
    await token.check()
    for _ in range(3):
        await token.is_good(b"")
    assert len(caplog.records) == warnings and TOKEN not in caplog.text


async def connect_slow(server: Serving) -> socket.socket:
    """A client that asks for the snapshot and reads nothing, until it does."""
    slow = socket.socket(socket.AF_UNIX)
    slow.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(slow, str(server.unix.where))
    await loop.sock_sendall(slow, server.unix.request("GET", SNAPSHOT))
    return slow


async def test_a_slow_client_gets_the_generation_it_began_with(tmp_path: Path) -> None:
    async with serving(tmp_path, bulky(0)) as server:
        await caught_up(server, 1)
        expected = server.publisher.published
        assert expected is not None and expected.data is not None
        with await connect_slow(server) as slow:
            await eventually(lambda: server.state.in_flight == 1)
            server.deliver(bulky(1))
            await caught_up(server, 2)
            loop = asyncio.get_running_loop()
            received = bytearray()
            while not received.endswith(expected.data[-64:]):
                received += await loop.sock_recv(slow, 50_000)
    assert bytes(received).partition(b"\r\n\r\n")[2] == expected.data


async def test_slow_clients_wait_for_nobody_and_cost_a_bounded_buffer_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    piece = snapshot_download.PIECE
    write = snapshot_download.web.StreamResponse.write

    async def noted(response: Any, data: memoryview) -> None:
        written.append(len(data))
        await write(response, data)

    monkeypatch.setattr(snapshot_download.web.StreamResponse, "write", noted)
    async with serving(tmp_path, bulky(0)) as server:
        slow = [await connect_slow(server) for _ in range(10)]
        await eventually(lambda: server.state.in_flight == 10)
        assert (await server.unix.evaluate("number")).json["value"] == 0
        await caught_up(server, 1)
        size = len(server.publisher.published.data)  # type: ignore[union-attr, arg-type]
        # What the kernel takes for each, and a piece or two on our side.
        await asyncio.sleep(0.2)
        assert sum(written) <= 10 * (16 * piece) < 10 * size
        for each in slow:
            each.close()
        await eventually(lambda: server.state.in_flight == 0)
        assert server.state.failures == 0


async def test_a_client_that_takes_too_long_is_cut_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path, bulky(0), limits=Limits(download_deadline=0.3)) as server:
        await caught_up(server, 1)
        with await connect_slow(server):
            await eventually(lambda: server.state.in_flight == 1)
            await eventually(lambda: server.state.in_flight == 0)
            assert server.state.evicted == 1 and server.state.failures == 0 and not caplog.records


async def test_only_so_many_are_sent_at_once_and_304_is_still_said(tmp_path: Path) -> None:
    async with serving(tmp_path, bulky(0), limits=Limits(downloads=2)) as server:
        await caught_up(server, 1)
        slow = [await connect_slow(server) for _ in range(2)]
        await eventually(lambda: server.state.in_flight == 2)
        third = await fetched(server.unix)
        known = await fetched(server.unix, {"If-None-Match": '"epoch-1"'})
        for each in slow:
            each.close()
        await eventually(lambda: server.state.in_flight == 0)
        again = await fetched(server.unix)
    assert (third.status, third.headers["retry-after"]) == (503, "1")
    assert (known.status, again.status) == (304, 200)


async def test_while_a_large_snapshot_is_sent_the_event_loop_is_never_held(tmp_path: Path) -> None:
    async with serving(tmp_path, bulky(0)) as server:
        await caught_up(server, 1)
        holds: list[float] = []

        async def watch() -> None:
            # Processor time: how busy the machine is does not count.
            while True:
                before = time.process_time()
                await asyncio.sleep(0)
                holds.append(time.process_time() - before)

        watching = asyncio.create_task(watch())
        process = await asyncio.create_subprocess_exec(
            "curl", "-s", "-o", os.devnull, "-w", "%{size_download}", "--unix-socket", str(server.unix.where),
            f"http://localhost{SNAPSHOT}", stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await process.communicate()
        watching.cancel()
        size = len(server.publisher.published.data)  # type: ignore[union-attr, arg-type]
    assert int(output) == size > 2_000_000
    assert sorted(holds)[-2] < 0.15


async def test_a_snapshot_that_cannot_be_encoded_is_503_and_evaluations_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("burgeed.store.publisher.write", None)
    async with serving(tmp_path, DEFINITION) as server:
        reply, answer = await fetched(server.unix), await server.unix.evaluate("static")
    assert reply.status == 503 and "log" in reply.json["errorDetails"]
    assert answer.status == 200


def test_the_header_of_what_is_served_can_be_read_alone(tmp_path: Path) -> None:
    async def served() -> bytes:
        async with serving(tmp_path, DEFINITION) as server:
            return (await fetched(server.unix)).body

    body = asyncio.run(served())
    header = read_header(body)
    assert (str(header.generation), header.length) == ("epoch-1", len(body))
