"""Whatever goes wrong is told in JSON, and costs no more than it must."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from aiohttp import web
from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import Reply, serving

import burgeed.server.ofrep
from burgeed.server.health import Health

FLAGS = b"/ofrep/v1/evaluate/flags"
LIMIT = 1_000_000


def assert_is_an_error(reply: Reply, status: int) -> None:
    assert reply.status == status
    assert isinstance(reply.json["errorCode"], str)
    assert reply.json["errorDetails"]
    assert reply.json["metadata"] == {}


@pytest.mark.parametrize(
    "path", ["/", "/nope", "/ofrep/v1", "/ofrep/v1/evaluate", "/admin", "/status/x", "/%FF%0A"]
)
async def test_an_unknown_path_is_404_in_json(tmp_path: Path, transport: str, path: str) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        assert_is_an_error(await server.peer(transport).send("GET", path), 404)
        assert_is_an_error(await server.peer(transport).send("POST", path, {}), 404)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/ofrep/v1/evaluate/flags", {"POST"}),
        ("DELETE", "/ofrep/v1/evaluate/flags/static", {"POST"}),
        ("OPTIONS", "/ofrep/v1/evaluate/flags/static", {"POST"}),
        ("POST", "/healthz", {"GET", "HEAD"}),
        ("PUT", "/status", {"GET", "HEAD"}),
        ("POST", "/ofrep/v1/sse", {"GET"}),
    ],
)
async def test_another_method_is_405_with_allow(
    tmp_path: Path, transport: str, method: str, path: str, allow: set[str]
) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.peer(transport).send(method, path)
    assert_is_an_error(reply, 405)
    assert set(reply.headers["allow"].replace(" ", "").split(",")) == allow


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: \x00\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 9000 + b"\r\n\r\n",
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"POST " + FLAGS + b" HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST " + FLAGS + b" HTTP/1.1\r\nHost: x\r\nContent-Length: two\r\n\r\n",
        b"POST "
        + FLAGS
        + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    ],
)
async def test_what_is_not_http_is_400_in_json_and_ends_the_connection(
    tmp_path: Path, transport: str, sent: bytes
) -> None:
    async with serving(tmp_path, DEFINITION) as server, await server.peer(transport).open() as wire:
        wire.write(sent)
        reply = await wire.reply()
        assert_is_an_error(reply, 400)
        assert await wire.closed(within=10)
        assert server.state.malformed >= 1
        assert (await server.peer(transport).evaluate("static")).status == 200


async def test_a_broken_chunked_body_is_one_400(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server, await server.unix.open() as wire:
        wire.write(
            b"POST "
            + FLAGS
            + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"
        )
        assert_is_an_error(await wire.reply(), 400)
        assert await wire.closed(within=10)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("size", "status"), [(LIMIT - 1, 200), (LIMIT, 200), (LIMIT + 1, 413)])
async def test_a_body_passes_up_to_one_million_bytes(
    tmp_path: Path, transport: str, chunked: bool, size: int, status: int
) -> None:
    empty = b'{"context":{"pad":""}}'
    body = empty[:-3] + b"x" * (size - len(empty)) + empty[-3:]
    assert len(body) == size
    async with serving(tmp_path, DEFINITION) as server, await server.peer(transport).open() as wire:
        peer = server.peer(transport)
        head = f"POST /ofrep/v1/evaluate/flags/static HTTP/1.1\r\nHost: {peer.host}\r\n"
        if chunked:
            framed = b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)
            wire.write(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + framed)
        else:
            wire.write(head.encode() + b"Content-Length: %d\r\n\r\n" % size + body)
        reply = await wire.reply()
    assert reply.status == status
    if status == 413:
        assert_is_an_error(reply, 413)
        assert reply.json["key"] == "static"


async def test_a_body_that_says_it_is_too_long_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server, await server.unix.open() as wire:
        wire.write(
            b"POST "
            + FLAGS
            + b" HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000001\r\n\r\n"
        )
        assert_is_an_error(await wire.reply(), 413)


async def test_a_body_is_asked_for_when_the_client_waits(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server, await server.unix.open() as wire:
        wire.write(
            b"POST "
            + FLAGS
            + b"/static HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"
        )
        assert await wire.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.write(b"{")
        reply = await wire.reply()
    assert (reply.status, reply.json["errorCode"]) == (400, "PARSE_ERROR")


async def test_nothing_but_100_continue_can_be_expected(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        assert_is_an_error(await server.unix.send("POST", FLAGS.decode(), {}, {"Expect": "wonders"}), 417)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("", 200),
        ("text/plain", 400),
        ("application/x-www-form-urlencoded", 400),
        ("application/jsonp", 400),
        ("multipart/form-data; boundary=application/json", 400),
    ],
)
async def test_only_json_is_taken(tmp_path: Path, content_type: str, status: int) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.evaluate("static", {"Content-Type": content_type})
    assert reply.status == status
    if status == 400:
        assert reply.json["key"] == "static"
        assert_is_an_error(reply, 400)


async def test_a_missing_content_type_is_json(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.raw(
            b"POST " + FLAGS + b"/static HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
        )
    assert reply.status == 200


@pytest.mark.parametrize(("encoding", "status"), [("gzip", 415), ("br", 415), ("identity", 200)])
async def test_a_body_must_not_be_compressed(tmp_path: Path, encoding: str, status: int) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.evaluate("static", {"Content-Encoding": encoding})
    assert reply.status == status
    if status == 415:
        assert_is_an_error(reply, 415)


async def test_a_fault_of_our_own_is_500_in_json_and_one_line_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret\nforged line \x1b[31m")

    monkeypatch.setattr(burgeed.server.ofrep, "evaluate", fail)
    with caplog.at_level(logging.INFO):
        async with serving(tmp_path, DEFINITION) as server:
            reply = await server.unix.evaluate("static")
            assert server.state.failures == 1
    assert_is_an_error(reply, 500)
    assert reply.json["key"] == "static"
    assert b"secret" not in reply.body
    assert b"Traceback" not in reply.body
    [record] = caplog.records
    assert record.getMessage() == "a request failed"
    assert vars(record)["text"] == r"secret\nforged line \x1b[31m"
    assert record.exc_info is None


async def test_a_client_that_leaves_before_its_answer_is_no_fault_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer_nobody(self: Health, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x" * 1_000_000)
        return response

    monkeypatch.setattr(Health, "live", answer_nobody)
    with caplog.at_level(logging.DEBUG, "burgeed"):
        async with serving(tmp_path, DEFINITION) as server:
            async with await server.unix.open() as wire:
                wire.write(server.unix.request("GET", "/healthz"))
                assert await wire.closed(20)
            assert server.state.failures == 0
    told = [record for record in caplog.records if record.name.startswith("burgeed.server")]
    assert [(each.levelname, each.getMessage()) for each in told] == [
        ("DEBUG", "a client left before its answer was written")
    ]


async def test_malformed_requests_do_not_fill_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with serving(tmp_path, DEFINITION) as server:
            for _ in range(20):
                assert (await server.unix.raw(b"nonsense\r\n\r\n")).status == 400
    assert caplog.records == []


async def test_head_answers_without_a_body(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server, await server.unix.open() as wire:
        for _ in range(2):
            wire.write(server.unix.request("HEAD", "/healthz"))
            assert (await wire.reply("HEAD")).status == 200


async def test_pipelined_requests_are_answered_in_turn(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server, await server.unix.open() as wire:
        paths = ["static", "nope", "text"]
        wire.write(
            b"".join(server.unix.request("POST", f"/ofrep/v1/evaluate/flags/{key}", b"{}") for key in paths)
        )
        assert [(await wire.reply()).json["key"] for _ in paths] == paths
