"""Tokens as they are shown, well or badly, and what is told of those who may not."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import socket
import struct
from pathlib import Path

import pytest
from aiohttp import web
from tests.daemon.server.authorizing import EVERYTHING, FILE_TOKEN, Authorized, authorized
from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import Peer, eventually

from burgeed.authority.principal import Principal, Scope
from burgeed.authority.registry import TokenRegistry
from burgeed.server.authorization import SECOND, Authorization
from burgeed.server.denial import FAILURES_PER_SECOND, Denied
from burgeed.server.peer import UNKNOWN, peer_of
from burgeed.server.peer import Peer as Other
from burgeed.server.route import PRINCIPAL, ROUTE, Route
from burgeed.server.throttle import PEERS, Throttle

TOKENS = "/admin/v1/tokens"
WHO = "/admin/v1/whoami"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def server(tmp_path: Path):  # type: ignore[no-untyped-def]
    async with authorized(tmp_path, DEFINITION) as server:
        yield server


@pytest.mark.parametrize(
    "headers",
    [
        "Authorization: Bearer {token}",
        "authorization: bearer {token}",
        "Authorization: BEARER   {token}  ",
        "X-API-Key: {token}",
        "Authorization: Bearer {token}\r\nX-API-Key: {token}",
        "Authorization: Bearer {token}\r\nCookie: a=b\r\nX-Forwarded-For: 10.0.0.1",
    ],
)
async def test_a_token_is_taken_from_either_header(server: Authorized, transport: str, headers: str) -> None:
    peer = server.peer(transport)
    shown = headers.format(token=server.tokens["tokens"])
    reply = await peer.raw(f"GET {TOKENS} HTTP/1.1\r\nHost: {peer.host}\r\n{shown}\r\n\r\n".encode())
    assert reply.status == 200


SHOWN_BADLY = (
    b"Authorization: %b",
    b"Authorization: Bearer",
    b"Authorization: Bearer ",
    b"Authorization:",
    b"Authorization: Basic %b",
    b"Authorization: Bearer %b %b",
    b"Authorization: Bearer %b, Bearer %b",
    b"Authorization: Bearer %bx",
    b"Authorization: Bearer \xc3\xa9%b",
    b"Authorization: Bearer \xff\xfe",
    b"Authorization: Bearer \xed\xa0\x80",
    b"Authorization: Bearer %b\r\nAuthorization: Bearer x",
    b"Authorization: Bearer %b\r\nX-API-Key: x",
    b"Authorization: Bearer x\r\nX-API-Key: %b",
    b"X-API-Key:",
    b"X-API-Key: \xff",
    b"X-API-Key: Bearer %b",
    b"Authorization: Bearer " + b"x" * 7000,
    b"X-API-Key: " + "é".encode() * 3500,
)


async def test_what_is_shown_badly_is_401_even_where_nothing_had_to_be_shown(
    server: Authorized, transport: str
) -> None:
    peer = server.peer(transport)
    statuses: dict[tuple[str, bytes], int] = {}
    for path in (TOKENS, "/ofrep/v1/sse", "/sync/v1/snapshot", "/status"):
        for headers in SHOWN_BADLY:
            shown = headers.replace(b"%b", server.tokens["tokens"].encode())
            head = f"GET {path} HTTP/1.1\r\nHost: {peer.host}\r\n".encode()
            reply = await peer.raw(head + shown + b"\r\n\r\n")
            statuses[path, headers] = reply.status
            if reply.status == 401:
                # RFC 6750, section 3: no error is named where none of our kind was shown.
                named = b"bearer" in shown.lower() or b"X-API-Key" in shown
                error = ', error="invalid_token"' if named else ""
                assert reply.headers["www-authenticate"] == f'Bearer realm="burgee"{error}'
    # The parser may refuse a header that is not text at all, or two of one kind: that is no admission either.
    assert {each: status for each, status in statuses.items() if status not in (400, 401)} == {}
    assert sum(status == 401 for status in statuses.values()) > len(statuses) / 2
    assert server.state.failures == 0


@pytest.mark.parametrize("length", [8_000, 8_192, 9_000, 65_536])
async def test_a_token_of_kilobytes_is_refused_and_breaks_nothing(
    server: Authorized, transport: str, length: int
) -> None:
    reply = await server.peer(transport).send("GET", TOKENS, headers=bearer("x" * length))
    assert reply.status in (400, 401) and server.state.failures == 0


async def test_a_token_among_many_headers_is_found_or_all_are_refused(
    server: Authorized, transport: str
) -> None:
    many = {f"X-Number-{number}": "x" for number in range(60)}
    peer = server.peer(transport)
    assert (await peer.send("GET", TOKENS, headers={**many, **bearer(server.tokens["tokens"])})).status == 200
    thousands = {f"X-Number-{number}": "x" for number in range(10_000)}
    assert (await peer.send("GET", TOKENS, headers=thousands)).status in (400, 401, 403)
    assert server.state.failures == 0


async def test_without_a_token_tcp_is_asked_for_one_and_the_socket_told_who_it_is(
    server: Authorized,
) -> None:
    tcp, unix = await server.tcp.send("GET", TOKENS), await server.unix.send("GET", TOKENS)
    assert (tcp.status, tcp.headers["www-authenticate"]) == (401, 'Bearer realm="burgee"')
    assert unix.status == 403 and f"uid {os.geteuid()}".encode() in unix.body


async def test_a_revoked_token_is_refused_with_the_next_request_on_an_open_connection(
    server: Authorized, transport: str
) -> None:
    text, token = await server.registry.create("short", frozenset({Scope.TOKENS}), by=EVERYTHING)
    peer = server.peer(transport)
    async with await peer.open() as wire:
        wire.write(peer.request("GET", TOKENS, headers=bearer(text)))
        assert (await wire.reply()).status == 200
        await server.registry.revoke(token.id, by=EVERYTHING)
        wire.write(peer.request("GET", TOKENS, headers=bearer(text)))
        assert (await wire.reply()).status == 401


@pytest.mark.parametrize("path", ["/sync/v1/events", "/ofrep/v1/sse"])
async def test_a_stream_ends_with_its_token_and_others_go_on(
    server: Authorized, transport: str, path: str
) -> None:
    peer, until = server.peer(transport), server.clock.wall() + 60
    scopes = frozenset({Scope.EVALUATE})
    revoked, token = await server.registry.create("revoked soon", scopes, by=EVERYTHING)
    expiring, _ = await server.registry.create("expiring", scopes, expires=until, by=EVERYTHING)
    staying, _ = await server.registry.create("staying", scopes, by=EVERYTHING)
    async with await peer.open() as first, await peer.open() as second, await peer.open() as third:
        for wire, text in ((first, revoked), (second, expiring), (third, staying)):
            wire.write(peer.request("GET", path, headers=bearer(text)))
            assert (await wire.reply()).status == 200
        await server.registry.revoke(token.id, by=EVERYTHING)
        await eventually(lambda: server.state.subscribers == 2, within=20)
        server.clock.time = until
        await eventually(lambda: server.state.subscribers == 1, within=20)
        for wire in (first, second):
            async with asyncio.timeout(20):
                with contextlib.suppress(ConnectionError):
                    await wire.reader.read()
        assert not await third.closed(0.05) and server.state.subscribers == 1


async def test_a_token_ends_at_its_time_on_the_daemons_wall_clock(server: Authorized) -> None:
    until = server.clock.wall() + 60
    text, _ = await server.registry.create("short", frozenset({Scope.TOKENS}), expires=until, by=EVERYTHING)
    server.clock.time = until - 0.001
    assert (await server.tcp.send("GET", TOKENS, headers=bearer(text))).status == 200
    server.clock.time = until
    assert (await server.tcp.send("GET", TOKENS, headers=bearer(text))).status == 401


async def test_pages_of_other_hosts_and_origins_get_nothing_with_a_good_token(server: Authorized) -> None:
    good = bearer(server.tokens["tokens"])
    for further in (
        {"Host": "evil.example"},
        {"Host": f"evil.example:{server.tcp.where}"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        for path in (TOKENS, "/admin/v1/flags", "/admin/v1/events", "/sync/v1/snapshot"):
            reply = await server.tcp.send("GET", path, headers={**good, **further})
            assert reply.status == 403, (path, further)
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        reply = await server.tcp.send(
            "GET", "/admin/v1/events", headers={**good, **upgrade, **key, **further}
        )
        assert reply.status == 403, further
    assert (await server.tcp.send("GET", TOKENS, headers=good)).status == 200


async def test_the_status_shows_whom_flags_are_for_to_who_may_read(server: Authorized) -> None:
    async def detail(peer: Peer, shows: str | None) -> str:
        headers = None if shows is None else bearer(server.tokens[shows])
        return str((await peer.send("GET", "/status", headers=headers)).json["detail"])

    assert await detail(server.unix, None) == "full" and await detail(server.tcp, None) == "reduced"
    assert await detail(server.tcp, "read") == "full" and await detail(server.unix, "evaluate") == "full"
    for shows in ("evaluate", "write", "audit", "tokens", "file"):
        assert await detail(server.tcp, shows) == "reduced", shows


async def test_where_evaluation_takes_a_token_the_socket_alone_shows_whom_flags_are_for_to_nobody(
    tmp_path: Path,
) -> None:
    async with authorized(tmp_path, DEFINITION, evaluation="token") as server:

        async def asked(shows: str | None) -> tuple[int, int, str]:
            headers = {} if shows is None else bearer(server.tokens[shows])
            snapshot = await server.unix.send("GET", "/sync/v1/snapshot", headers=headers)
            explained = await server.unix.send("POST", "/admin/v1/explain", {"key": "static"}, headers)
            status = await server.unix.send("GET", "/status", headers=headers)
            return snapshot.status, explained.status, str(status.json["detail"])

        assert await asked(None) == (403, 403, "reduced")
        assert await asked("write") == (403, 403, "reduced")
        # A provider of another user that may evaluate has what it evaluates with.
        assert await asked("evaluate") == (200, 200, "full")
        assert await asked("read") == (200, 200, "full")


async def test_open_routes_look_at_no_token(server: Authorized, transport: str) -> None:
    for path in ("/healthz", "/readyz", "/health"):
        reply = await server.peer(transport).send("GET", path, headers=bearer("nonsense"))
        assert reply.status == 200, path


async def test_the_token_of_the_file_is_for_snapshots_and_evaluations_alone(server: Authorized) -> None:
    shown = bearer(FILE_TOKEN)
    assert (await server.tcp.send("GET", "/sync/v1/snapshot", headers=shown)).status == 200
    assert (await server.tcp.evaluate("static", headers=shown)).status == 200
    assert (await server.tcp.send("GET", "/admin/v1/flags", headers=shown)).status == 403


async def test_while_the_token_file_is_gone_snapshots_are_503_and_the_rest_401(
    server: Authorized, tmp_path: Path
) -> None:
    (tmp_path / "token").unlink()
    shown = bearer(FILE_TOKEN)
    assert (await server.tcp.send("GET", "/sync/v1/snapshot", headers=shown)).status == 503
    assert (await server.tcp.evaluate("static", headers=shown)).status == 401
    reader = bearer(server.tokens["read"])
    assert (await server.tcp.send("GET", "/sync/v1/snapshot", headers=reader)).status == 200


async def test_refusals_are_told_with_who_asked_for_what(server: Authorized) -> None:
    await server.tcp.send("GET", TOKENS)
    await server.tcp.send("GET", TOKENS, headers=bearer(server.tokens["read"]))
    await server.tcp.send("GET", TOKENS, headers=bearer(server.tokens["expired"]))
    await server.unix.send("GET", TOKENS)
    assert [(operation, who) for operation, who, _ in server.denials] == [
        ("listTokens", "anonymous"),
        ("listTokens", "only-read"),
        ("listTokens", "anonymous"),
        ("listTokens", f"uid:{os.geteuid()}"),
    ]
    assert server.state.denied == 4


async def test_beyond_some_failures_a_second_a_peer_is_only_counted_and_still_refused(
    server: Authorized,
) -> None:
    statuses = {
        (await server.tcp.send("GET", TOKENS, headers=bearer("x"))).status
        for _ in range(4 * FAILURES_PER_SECOND)
    }
    assert statuses == {401} and server.state.denied == 4 * FAILURES_PER_SECOND
    assert len(server.denials) < 4 * FAILURES_PER_SECOND
    # Who has a good token is not kept out by a neighbour on this machine who has none.
    good = await server.tcp.send("GET", TOKENS, headers=bearer(server.tokens["tokens"]))
    assert good.status == 200


def test_failures_are_counted_by_peer_in_windows_of_a_second() -> None:
    now = 0.0
    throttle = Throttle(2, lambda: now)
    assert [throttle.exceeds("a") for _ in range(4)] == [False, False, True, True]
    assert not throttle.exceeds("b")
    now = 0.999
    assert throttle.exceeds("a")
    now = 1.0
    assert not throttle.exceeds("a")


def test_however_many_peers_fail_only_so_many_are_remembered() -> None:
    throttle = Throttle(2, lambda: 0.0)
    told = sum(not throttle.exceeds(number) for number in range(10 * PEERS))
    assert told <= PEERS + 2


async def test_no_token_is_ever_in_an_answer_a_denial_or_a_log(
    server: Authorized, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    said = b""
    for name, token in server.tokens.items():
        for path in (TOKENS, WHO, "/sync/v1/snapshot", "/status", "/health", "/admin/v1/nothing", "/nothing"):
            for peer in (server.tcp, server.unix):
                reply = await peer.send("GET", path, headers=bearer(token))
                said += reply.body + repr(sorted(reply.headers.items())).encode()
        assert name
    logged = "\n".join(repr(vars(record)) for record in caplog.records)
    for token in server.tokens.values():
        secret = token.partition(".")[2] or token
        assert secret.encode() not in said
        assert secret not in logged and secret not in repr(server.denials)


async def test_the_kernel_tells_the_uid_on_either_event_loop(tmp_path: Path) -> None:
    import uvloop

    async def found(path: str) -> Other:
        seen: asyncio.Future[Other] = asyncio.get_running_loop().create_future()

        class Listening(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                seen.set_result(peer_of(transport))

        server = await asyncio.get_running_loop().create_unix_server(Listening, path)
        _, writer = await asyncio.open_unix_connection(path)
        peer = await seen
        writer.close()
        server.close()
        return peer

    assert await found(str(tmp_path / "a")) == Other(os.geteuid(), "", near=True)

    def under_uvloop() -> Other:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(found(str(tmp_path / "b")))

    assert await asyncio.to_thread(under_uvloop) == Other(os.geteuid(), "", near=True)


class FakeSocket:
    def __init__(self, family: int, uid: int = 0) -> None:
        self.family = family
        self._uid = uid

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        if self._uid < 0:
            raise OSError
        return struct.pack("iII", 1, self._uid, 1)


class FakeTransport(asyncio.BaseTransport):
    pass


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({}, UNKNOWN),
        ({"socket": FakeSocket(socket.AF_UNIX, 2**32 - 2)}, Other(2**32 - 2, "", near=True)),
        ({"socket": FakeSocket(socket.AF_UNIX, -1)}, Other(None, "", near=True)),
        (
            {
                "socket": FakeSocket(socket.AF_INET),
                "sockname": ("127.0.0.9", 1),
                "peername": ("127.0.0.1", 2),
            },
            Other(None, "127.0.0.1", near=True),
        ),
        (
            {"socket": FakeSocket(socket.AF_INET), "sockname": ("10.0.0.9", 1), "peername": ("10.0.0.1", 2)},
            Other(None, "10.0.0.1", near=False),
        ),
        (
            {
                "socket": FakeSocket(socket.AF_INET6),
                "sockname": ("::1", 1, 0, 0),
                "peername": ("::1", 2, 0, 0),
            },
            Other(None, "::1", near=True),
        ),
        (
            {
                "socket": FakeSocket(socket.AF_INET6),
                "sockname": ("::ffff:10.0.0.1", 1, 0, 0),
                "peername": None,
            },
            Other(None, "", near=False),
        ),
        (
            {"socket": FakeSocket(socket.AF_INET6), "sockname": ("fe80::1%eth0", 1, 0, 2), "peername": None},
            Other(None, "", near=False),
        ),
    ],
)
def test_a_peer_is_near_on_the_socket_and_on_loopback_alone(
    extra: dict[str, object], expected: Other
) -> None:
    assert peer_of(FakeTransport(extra)) == expected


def test_a_transport_that_is_gone_is_nobodys() -> None:
    assert peer_of(None) == UNKNOWN


class Asking:
    """As much of a request as authorization looks at; its protocol is no connection of ours."""

    def __init__(self, route: Route, principal: Principal, **headers: str) -> None:
        from multidict import CIMultiDict

        self.headers = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
        self.protocol = None
        self._held = {PRINCIPAL: principal, ROUTE: route}

    def __getitem__(self, key: object) -> object:
        return self._held[key]  # type: ignore[index]


async def handler(request: web.Request) -> web.StreamResponse:
    return web.Response()


WRITE = Route("POST", "/admin/v1/rollback", handler, "rollBack", Scope.WRITE, "")


async def test_who_is_not_near_evaluates_only_with_the_scope(server: Authorized) -> None:
    authorization = Authorization(server.registry)
    route = Route("POST", "/ofrep/v1/evaluate/flags", handler, "evaluateFlags", Scope.EVALUATE, "")
    with pytest.raises(Denied) as denied:
        await authorization.guarded(route)(Asking(route, EVERYTHING))  # type: ignore[arg-type]
    assert denied.value.status == 401
    shown = Asking(route, EVERYTHING, Authorization=f"Bearer {server.tokens['evaluate']}")
    assert (await authorization.admit(shown, route)).name == "only-evaluate"  # type: ignore[arg-type]


async def test_the_second_person_is_another_one_with_a_good_token(server: Authorized) -> None:
    scopes = frozenset({Scope.WRITE})
    registry = server.registry
    ann, first = await registry.create("ann", scopes, person="Ann", by=EVERYTHING)
    ann_too, _ = await registry.create("ann-2", scopes, person="Ann", by=EVERYTHING)
    bob, _ = await registry.create("bob", scopes, person="Bob", by=EVERYTHING)
    authorization = Authorization(registry)

    async def second(shown: str | None) -> Principal | None:
        headers = {} if shown is None else {SECOND.replace("-", "_"): shown}
        return await authorization.second(Asking(WRITE, first.principal, **headers))  # type: ignore[arg-type]

    assert await second(None) is None
    found = await second(bob)
    assert found is not None and (found.name, found.person) == ("bob", "Bob")
    for shown, status in (
        (ann, 403),
        (ann_too, 403),
        (server.tokens["write"], 403),
        ("", 401),
        ("é", 401),
        (server.tokens["expired"], 401),
        (server.tokens["wrong secret"], 401),
    ):
        with pytest.raises(Denied) as denied:
            await second(shown)
        assert denied.value.status == status, shown


async def test_where_no_tokens_are_kept_the_refusal_says_so(tmp_path: Path) -> None:
    authorization = Authorization()
    for route in (WRITE, dataclasses.replace(WRITE, path="/sync/v1/snapshot")):
        with pytest.raises(Denied, match="keeps no tokens") as denied:
            await authorization.admit(Asking(route, EVERYTHING), route)  # type: ignore[arg-type]
        assert denied.value.status == 403


async def test_until_tokens_have_been_read_nobody_is_told_that_theirs_is_wrong(server: Authorized) -> None:
    registry = server.registry
    unread = TokenRegistry(registry._database, server.clock, lambda transaction, event: None)
    authorization = Authorization(unread)
    shown = Asking(WRITE, EVERYTHING, Authorization=f"Bearer {server.tokens['write']}")
    with pytest.raises(Denied) as denied:
        await authorization.admit(shown, WRITE)  # type: ignore[arg-type]
    assert (denied.value.status, denied.value.headers) == (503, {"Retry-After": "1"})
    await unread.open()
    assert (await authorization.admit(shown, WRITE)).name == "only-write"  # type: ignore[arg-type]


async def test_a_refused_request_leaves_no_connection_behind(server: Authorized, transport: str) -> None:
    for _ in range(20):
        await server.peer(transport).send("GET", TOKENS, headers=bearer("x"))
    await eventually(lambda: server.state.connections == 0)
