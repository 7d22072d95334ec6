"""Pages in a browser may not ask over TCP, whatever name they made resolve to this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import serving

from burgeed.server.access import AccessRules


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("LocalHost:{port}", 200),
        ("[::1]:{port}", 200),
        ("flags.internal:{port}", 200),
        ("localhost", 403),
        ("localhost:1", 403),
        ("localhost.:{port}", 403),
        ("flags.internal", 403),
        ("evil.example:{port}", 403),
        ("localhost.evil.example:{port}", 403),
        ("127.0.0.1.evil.example:{port}", 403),
        ("evil.example", 403),
        ("0.0.0.0:{port}", 403),
        ("", 403),
    ],
)
async def test_only_known_hosts_are_served(tmp_path: Path, host: str, status: int) -> None:
    async with serving(tmp_path, DEFINITION, allowed_hosts=("flags.internal",)) as server:
        reply = await server.tcp.evaluate("static", {"Host": host.format(port=server.tcp.where)})
    assert reply.status == status
    assert ("errorCode" in reply.json) is (status == 403)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://localhost:{port}"}, 200),
        ({"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "https://localhost:{port}"}, 403),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://localhost:{port}", "Sec-Fetch-Site": "Cross-Site"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["/ofrep/v1/evaluate/flags", "/ofrep/v1/sse", "/sync/v1/events", "/status"])
async def test_pages_of_other_origins_are_refused(
    tmp_path: Path, headers: dict[str, str], status: int, path: str
) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        filled = {name: value.format(port=server.tcp.where) for name, value in headers.items()}
        method, body = ("POST", {}) if "evaluate" in path else ("GET", None)
        reply = await server.tcp.send(method, path, body, filled)
    assert reply.status == status
    assert "access-control-allow-origin" not in reply.headers


async def test_a_preflight_is_answered_without_permission(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        reply = await server.tcp.send("OPTIONS", "/ofrep/v1/evaluate/flags", None, headers)
    assert reply.status == 403
    assert not [name for name in reply.headers if name.startswith("access-control-")]


async def test_the_unix_socket_takes_any_host(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.evaluate(
            "static", {"Host": "evil.example", "Origin": "https://evil.example"}
        )
    assert reply.status == 200


async def test_the_management_address_serves_health_alone_under_any_name(tmp_path: Path) -> None:
    async with serving(tmp_path, DEFINITION, management=True) as server:
        pod = {"Host": "10.1.2.3:9000"}
        healthy = [
            await server.management.send("GET", path, None, pod)
            for path in ("/healthz", "/readyz", "/health")
        ]
        hidden = [
            await server.management.send(method, path, body, pod)
            for method, path, body in (
                ("GET", "/status", None),
                ("POST", "/ofrep/v1/evaluate/flags/static", {}),
                ("GET", "/sync/v1/events", None),
                ("POST", "/admin/v1/explain", {"key": "static"}),
            )
        ]
    assert [reply.status for reply in healthy] == [200, 200, 200]
    assert [(reply.status, reply.json["errorCode"]) for reply in hidden] == [(404, "GENERAL")] * 4


@pytest.mark.parametrize(
    ("bound", "host", "served"),
    [
        ("10.0.0.5", "10.0.0.5:8016", True),
        ("0.0.0.0", "0.0.0.0:8016", False),
        ("::1", "[::1]:8016", True),
        ("fd00::5", "[fd00::5]:8016", True),
        ("::", "[::]:8016", False),
    ],
)
def test_an_address_that_is_listened_on_is_a_host(bound: str, host: str, served: bool) -> None:
    assert (AccessRules([(bound, 8016)]).refusal({"Host": host}) is None) is served


def test_on_port_80_the_port_may_be_left_out() -> None:
    assert AccessRules([("127.0.0.1", 80)]).refusal({"Host": "localhost"}) is None
