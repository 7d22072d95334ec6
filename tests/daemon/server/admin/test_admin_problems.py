"""Whatever is refused under /admin/v1 is a problem (RFC 9457); evaluation goes on whatever the store does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.daemon.server.admin.controlled import SHOP, Controlled, controlled
from tests.daemon.server.serving import Reply, serving

from burgeed.database.errors import DatabaseError, DatabaseUnavailable, OutcomeUnknown
from burgeed.server.problems import TITLES

SECRET = "/var/lib/secret/path.db: disk I/O error"


def check(reply: Reply, status: int, slug: str) -> Any:
    """That a reply is a problem of this kind; returns it."""
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json"), reply
    assert reply.headers["cache-control"] == "no-store"
    problem = reply.json
    assert (problem["type"], problem["status"], problem["title"]) == (
        f"/problems/{slug}",
        status,
        TITLES[slug],
    )
    assert problem["detail"]
    return problem


async def test_paths_methods_and_bodies_that_are_not_served_are_problems(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        check(await server.send("GET", "/nope"), 404, "not-found")
        check(await server.send("GET", "/flags/"), 404, "not-found")
        method = await server.send("PUT", "/flags", {})
        check(method, 405, "method-not-allowed")
        assert "POST" in method.headers["allow"]
        path = "/overrides/customer/c/checkout"
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            reply = await server.send("PUT", path, b'{"variant":"on"}', {"Content-Type": content_type})
            check(reply, 415, "unsupported-media-type")
        encoded = await server.send("PUT", path, b"x", {"Content-Encoding": "gzip"})
        check(encoded, 415, "unsupported-media-type")
        long = await server.send("PUT", path, b'{"note":"' + b"x" * server.server.limits.body + b'"}')
        check(long, 413, "too-long")
        expected = await server.send("PUT", path, {}, {"Expect": "200-ok"})
        check(expected, 417, "expectation-failed")
        assert server.plane.state.revision == 0


async def test_a_body_without_a_content_type_is_refused_as_a_page_could_send_it(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        body = b'{"variant":"on"}'
        head = (
            "PUT /admin/v1/overrides/customer/c/checkout HTTP/1.1\r\n"
            f"Host: {server.tcp.host}\r\nAuthorization: Bearer {server.tokens['all']}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        reply = await server.tcp.raw(head.encode() + body)
    check(reply, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "there is no body"),
        (b"{", "no JSON"),
        (b"[]", "no JSON object"),
        (b"1", "no JSON object"),
        (b'{"a":1,"a":2}', "key `a` stands twice"),
        (b'{"variant":"on","note":{"x":1,"x":2}}', "key `x` stands twice"),
        (b'{"value":9223372036854775808}', "does not fit 64 bit"),
        (b'{"value":18446744073709551616}', "does not fit 64 bit"),
        (b'{"value":' + b"9" * 300 + b"}", "does not fit 64 bit"),
        (b'{"value":' + b"9" * 5000 + b"}", ""),
        (b'{"value":NaN}', "no JSON"),
        (b'{"note":"\\ud800"}', "no JSON"),
        (b'{"note":"\xff"}', "no JSON"),
        (b'{"value":' + b'{"a":' * 64 + b"1" + b"}" * 64 + b"}", "nests deeper"),
        (b'{"value":' + b"[" * 100_000 + b"]" * 100_000 + b"}", ""),
    ],
)
async def test_a_body_that_could_mean_two_things_is_400(tmp_path: Path, body: bytes, words: str) -> None:
    async with controlled(tmp_path) as server:
        reply = await server.send("PUT", "/overrides/customer/c/checkout", body)
        alive = await server.value("checkout")
    assert words in check(reply, 400, "malformed")["detail"]
    assert alive is False


async def test_an_unknown_query_parameter_is_400_with_the_nearest_name(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        for path, near in (
            ("/flags?prefx=a", "prefix"),
            ("/overrides?scop=a", "scope"),
            ("/revisions?acter=a", "actor"),
            ("/audit?untill=a", "until"),
            ("/flags/checkout?flagset=shop", "flag_set"),
        ):
            problem = check(await server.send("GET", path), 400, "malformed")
            assert f"did you mean `{near}`?" in problem["detail"]
        written = await server.send("POST", "/flags/checkout/toggle?dryrun=true")
        assert "did you mean `dry_run`?" in check(written, 400, "malformed")["detail"]
        assert server.plane.state.revision == 0


async def test_nobody_and_somebody_who_may_not_are_told_apart(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        nobody = await server.send("GET", "/flags", token="")
        check(nobody, 401, "unauthenticated")
        assert nobody.headers["www-authenticate"].startswith("Bearer")
        check(await server.send("PUT", "/flags/checkout", {}, token="read"), 403, "denied")
        check(await server.send("GET", "/audit", token="write"), 403, "denied")
        check(await server.send("GET", "/tokens", token="audit"), 403, "denied")


FAILURES: list[tuple[DatabaseError, int, str]] = [
    (DatabaseUnavailable("full", SECRET), 507, "full"),
    (DatabaseUnavailable("failing", SECRET), 503, "unwritten"),
    (DatabaseUnavailable("busy", SECRET), 503, "unwritten"),
]


@pytest.mark.parametrize(("error", "status", "slug"), FAILURES)
async def test_a_write_that_the_store_refuses_says_so_while_evaluation_goes_on(
    tmp_path: Path, error: DatabaseError, status: int, slug: str
) -> None:
    async with controlled(tmp_path) as server:
        await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": "on"})
        server.database.on_write = error
        refused = await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": "off"})
        served = await server.value("checkout", customer="c-9")
        read = await server.send("GET", "/overrides/customer/c-9/checkout")
        server.database.on_write = None
        again = await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": "off"})
    assert "secret" not in check(refused, status, slug)["detail"]
    assert refused.headers.get("retry-after") == ("1" if status == 503 else None)
    assert (served, read.status, again.json["revision"]) == (True, 200, 2)


async def test_an_outcome_that_nobody_knows_is_said_to_be_unknown(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        server.database.on_write = OutcomeUnknown(SECRET)
        reply = await server.send("PUT", "/overrides/customer/c-9/checkout", {"variant": "off"})
        served = await server.value("checkout")
    assert "secret" not in check(reply, 503, "outcome-unknown")["detail"]
    assert served is False


@pytest.mark.parametrize(
    "path",
    ["/revisions", "/revisions/1", "/diff?from=0", "/flags/checkout/history", "/audit", "/audit/export"],
)
async def test_history_that_cannot_be_read_is_503_and_tells_nothing_of_the_machine(
    tmp_path: Path, path: str
) -> None:
    async with controlled(tmp_path) as server:
        server.database.on_write = server.database.on_read = DatabaseUnavailable("failing", SECRET)
        reply = await server.send("GET", path)
    assert (reply.status, reply.headers["content-type"]) == (503, "application/problem+json")
    assert reply.headers["retry-after"] == "1"
    assert "secret" not in reply.body.decode()


async def test_a_fault_of_our_own_is_500_without_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with controlled(tmp_path) as server:

        async def broken(request: object) -> None:
            raise RuntimeError(SECRET)

        monkeypatch.setattr(server.plane, "write", broken)
        reply = await server.send("POST", "/flags/checkout/toggle")
    check(reply, 500, "failed")
    assert "secret" not in reply.body.decode()


WITHOUT_A_STORE: list[tuple[str, str, object]] = [
    ("PUT", "/flags/checkout", {"defaultVariant": "on"}),
    ("POST", "/flags", {"key": "new"}),
    ("POST", "/flags/checkout/kill", {"variant": "off"}),
    ("PUT", "/overrides/customer/c/checkout", {"variant": "on"}),
    ("POST", "/overrides/customer/c/inherit", None),
    ("POST", "/rollback", {"revision": 1}),
    ("GET", "/revisions", None),
    ("GET", "/revisions/1", None),
    ("GET", "/diff?from=1", None),
    ("GET", "/flags/checkout/history", None),
    ("POST", "/explain", {"key": "checkout", "revision": 1}),
    ("GET", "/audit", None),
    ("GET", "/audit/export", None),
    ("GET", "/audit/checkpoint", None),
    ("POST", "/audit/prune", {}),
    ("GET", "/tokens", None),
    ("POST", "/tokens", {"name": "x", "scopes": ["read"]}),
    ("DELETE", "/tokens/x", None),
    ("GET", "/events", None),
]


async def test_without_a_store_what_needs_one_says_how_to_have_one(tmp_path: Path) -> None:
    async with serving(tmp_path, SHOP) as server:
        for method, path, body in WITHOUT_A_STORE:
            reply = await server.unix.send(method, f"/admin/v1{path}", body)
            assert "--store sqlite:PATH" in check(reply, 409, "no-store")["detail"]


async def test_without_a_store_what_is_served_can_be_read(tmp_path: Path) -> None:
    async with serving(tmp_path, SHOP) as server:
        for path in ("/flags", "/flags/checkout", "/flags/checkout/overrides", "/overrides", "/statistics",
                     "/overrides/customer/c-1", "/overrides/customer/c-1/checkout", "/whoami"):  # fmt: skip
            reply = await server.unix.send("GET", f"/admin/v1{path}")
            assert (path, reply.status) == (path, 200)


@pytest.mark.parametrize(
    "path", ["/flags", "/flags/checkout", "/overrides", "/overrides/customer/c", "/explain"]
)
async def test_before_there_is_anything_to_tell_it_is_not_ready(tmp_path: Path, path: str) -> None:
    async with controlled(tmp_path, None) as server:
        method, body = ("POST", {"key": "checkout"}) if path == "/explain" else ("GET", None)
        check(await server.send(method, path, body), 503, "not-ready")
        written: Controlled = server
        check(await written.send("POST", "/flags/checkout/toggle"), 503, "not-ready")


async def test_other_paths_keep_the_shape_of_ofrep(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        for method, path in (("GET", "/nope"), ("GET", "/ofrep/v1/evaluate/flags"), ("GET", "/admin")):
            reply = await server.tcp.send(method, path)
            assert (reply.headers["content-type"], reply.json["errorCode"]) == ("application/json", "GENERAL")
