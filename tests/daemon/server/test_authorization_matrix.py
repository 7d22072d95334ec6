"""Every route, asked by everyone who could ask, over both transports.

What is expected is computed from :data:`RULES`, which is written by hand, and from nothing of the daemon's: a
route that is not in it fails, and so does a line without its route.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.daemon.server.authorizing import Authorized, asked_as, authorized
from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import Peer

from burgeed.server.route import Route
from burgeed.server.route_table import ROUTES
from burgeed.settings.model import EvaluationAccess, PeerRole

RULES = {
    "GET /healthz": "open",
    "GET /readyz": "open",
    "GET /health": "open",
    "GET /status": "details",
    "GET /openapi.json": "open",
    "POST /ofrep/v1/evaluate/flags/{key}": "evaluate",
    "POST /ofrep/v1/evaluate/flags": "evaluate",
    "POST /ofrep/v1/evaluate/flags/": "evaluate",
    "GET /ofrep/v1/sse": "evaluate",
    "GET /sync/v1/events": "evaluate",
    "POST /sync/v1/track": "evaluate",
    "GET /sync/v1/snapshot": "snapshot",
    "POST /admin/v1/explain": "explain",
    "POST /admin/v1/impact": "read",
    "GET /admin/v1/whoami": "evaluate",
    "GET /admin/v1/statistics": "read",
    "GET /admin/v1/events": "read",
    "GET /admin/v1/flags": "read",
    "POST /admin/v1/flags": "write",
    "GET /admin/v1/flags/{key}": "read",
    "PUT /admin/v1/flags/{key}": "write",
    "PATCH /admin/v1/flags/{key}": "write",
    "DELETE /admin/v1/flags/{key}": "write",
    "POST /admin/v1/flags/{key}/toggle": "write",
    "PUT /admin/v1/flags/{key}/rollout": "write",
    "DELETE /admin/v1/flags/{key}/rollout": "write",
    "POST /admin/v1/flags/{key}/kill": "write",
    "POST /admin/v1/flags/{key}/revive": "write",
    "GET /admin/v1/flags/{key}/overrides": "read",
    "GET /admin/v1/flags/{key}/history": "read",
    "POST /admin/v1/flags/{key}/rollback": "write",
    "GET /admin/v1/overrides": "read",
    "POST /admin/v1/overrides/batch": "write",
    "GET /admin/v1/overrides/{level}/{scope}": "read",
    "PATCH /admin/v1/overrides/{level}/{scope}": "write",
    "DELETE /admin/v1/overrides/{level}/{scope}": "write",
    "POST /admin/v1/overrides/{level}/{scope}/inherit": "write",
    "GET /admin/v1/overrides/{level}/{scope}/history": "read",
    "POST /admin/v1/overrides/{level}/{scope}/rollback": "write",
    "GET /admin/v1/overrides/{level}/{scope}/{key}": "read",
    "PUT /admin/v1/overrides/{level}/{scope}/{key}": "write",
    "PATCH /admin/v1/overrides/{level}/{scope}/{key}": "write",
    "DELETE /admin/v1/overrides/{level}/{scope}/{key}": "write",
    "POST /admin/v1/overrides/{level}/{scope}/{key}/inherit": "write",
    "GET /admin/v1/revisions": "read",
    "GET /admin/v1/revisions/{number}": "read",
    "GET /admin/v1/diff": "read",
    "POST /admin/v1/rollback": "write",
    "GET /admin/v1/audit": "audit",
    "GET /admin/v1/audit/export": "audit",
    "GET /admin/v1/audit/checkpoint": "audit",
    "POST /admin/v1/audit/prune": "audit",
    "POST /admin/v1/audit/erase": "audit",
    "GET /admin/v1/audit/holds": "audit",
    "POST /admin/v1/audit/holds": "audit",
    "DELETE /admin/v1/audit/holds/{name}": "audit",
    "POST /admin/v1/audit/rewrap": "audit",
    "GET /admin/v1/tokens": "tokens",
    "POST /admin/v1/tokens": "tokens",
    "DELETE /admin/v1/tokens/{id}": "tokens",
}

SCOPES = ("evaluate", "read", "write", "audit", "tokens", "break-glass")
NO_GOOD = ("expired", "revoked", "malformed", "wrong secret")
ROLES: dict[PeerRole, tuple[str, ...]] = {
    "none": (),
    "reader": ("evaluate", "read"),
    "writer": ("evaluate", "read", "write"),
    "auditor": ("evaluate", "read", "audit"),
    "admin": SCOPES,
}
NOBODY, SOMEBODY = "nobody", "somebody"

ADMITTED = 0
"""Stands for every status but 401, 403 and 500."""


@dataclass(frozen=True)
class Case:
    """One request, and who asks it.

    Attributes:
        shows: which of the server's tokens; None shows none.
        role: of the uid that asks over the Unix socket.
    """

    rule: str
    transport: str
    shows: str | None
    role: PeerRole
    evaluation: EvaluationAccess

    def expected(self) -> int:
        """What has to come of it."""
        unix = self.transport == "unix"
        if self.rule == "open":
            return ADMITTED
        if self.shows in NO_GOOD:
            return 401
        if self.rule == "details":
            return ADMITTED
        scopes: tuple[str, ...] = ROLES[self.role] if unix else ()
        if self.shows == "file":
            scopes = ("evaluate", "snapshot")
        elif self.shows is not None:
            scopes = (self.shows, "snapshot", "explain") if self.shows == "read" else (self.shows,)
        elif "read" in scopes:
            scopes = (*scopes, "snapshot", "explain")
        if self.rule in scopes:
            return ADMITTED
        if self.rule == "evaluate" and self.evaluation == "open":
            return ADMITTED
        may_evaluate = self.evaluation == "open" or "evaluate" in scopes
        if self.rule in ("snapshot", "explain") and unix and may_evaluate:
            return ADMITTED
        return 401 if self.shows is None and not unix else 403


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def path_of(name: str) -> str:
    path = name.partition(" ")[2]
    for parameter, value in (("key", "static"), ("level", "customer"), ("scope", "c-1"), ("number", "1")):
        path = path.replace(f"{{{parameter}}}", value)
    return re.sub(r"\{\w+\}", "0" * 24, path)


def request_of(server: Authorized, peer: Peer, name: str, shows: str | None) -> bytes:
    method = name.partition(" ")[0]
    headers = {} if shows is None else {"Authorization": f"Bearer {server.tokens[shows]}"}
    return peer.request(method, path_of(name), None if method == "GET" else b"{}", headers)


async def status_of(server: Authorized, case: Case, name: str) -> int:
    peer = server.peer(case.transport)
    async with await peer.open() as wire:
        wire.write(request_of(server, peer, name, case.shows))
        reply = await wire.reply()
    if reply.status == 401:
        assert reply.headers["www-authenticate"].startswith('Bearer realm="burgee"'), (name, case)
    return reply.status if reply.status in (401, 403, 500) else ADMITTED


def cases(rule: str, role: PeerRole, evaluation: EvaluationAccess) -> Iterator[Case]:
    for transport in ("unix", "tcp"):
        for shows in (None, *SCOPES, *NO_GOOD, "file"):
            if transport == "tcp" and role != "none":
                continue
            yield Case(rule, transport, shows, role, evaluation)


async def test_every_route_has_its_line_and_every_line_its_route(tmp_path: Path) -> None:
    async with authorized(tmp_path, DEFINITION) as server:
        routes = {name_of(route) for route in server.application[ROUTES]}
    assert routes - RULES.keys() == set(), "a route that nobody wrote a rule for"
    assert RULES.keys() - routes == set(), "a rule for a route that is not there"


async def test_nothing_is_answered_that_is_not_in_the_table(tmp_path: Path) -> None:
    async with authorized(tmp_path, DEFINITION) as server:
        table = {(route.method, route.path) for route in server.application[ROUTES]}
        routed = {
            (route.method, re.sub(r"\{(\w+):[^}]*\}", r"{\1}", resource.canonical))
            for resource in server.application.router.resources()
            for route in resource
        }
    assert {(method, path) for method, path in routed if method != "HEAD"} == table
    assert {path for method, path in routed if method == "HEAD"} <= {path for _, path in table}


@pytest.mark.parametrize("evaluation", ["open", "token"])
@pytest.mark.parametrize("role", ["none", "admin"])
async def test_whoever_asks_gets_what_the_table_says(
    tmp_path: Path, role: PeerRole, evaluation: EvaluationAccess
) -> None:
    wrong = []
    async with authorized(
        tmp_path, DEFINITION, evaluation=evaluation, roles=((os.geteuid(), role),)
    ) as server:
        for name, rule in RULES.items():
            # The rule of evaluation touches nothing else: those rows are not asked twice.
            if evaluation == "token" and rule in ("read", "write", "audit", "tokens"):
                continue
            for case in cases(rule, role, evaluation):
                found = await status_of(server, case, name)
                if found != case.expected():
                    wrong.append((name, case, found, case.expected()))
    assert wrong == []


@pytest.mark.parametrize("role", ["reader", "writer", "auditor"])
async def test_a_peer_may_what_its_role_says(tmp_path: Path, role: PeerRole) -> None:
    wrong = []
    async with authorized(tmp_path, DEFINITION, roles=((os.geteuid(), role),)) as server:
        for name, rule in RULES.items():
            case = Case(rule, "unix", None, role, "open")
            found = await status_of(server, case, name)
            if found != case.expected():
                wrong.append((name, case, found, case.expected()))
    assert wrong == []


async def test_head_is_guarded_like_get(tmp_path: Path) -> None:
    async with authorized(tmp_path, DEFINITION) as server:
        for name, rule in RULES.items():
            if not name.startswith("GET ") or rule in ("open", "details", "evaluate"):
                continue
            reply = await server.tcp.send("HEAD", path_of(name))
            assert reply.status in (401, 405), name


async def test_a_process_of_another_user_is_nobody_on_the_socket() -> None:
    """Where tests do not run as root no other uid can be had: the daemon is told that ours is another."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        path.chmod(0o755)
        root = os.geteuid() == 0
        uid = 4321 if root else os.geteuid()
        other_uid = 4322 if root else os.geteuid()
        async with authorized(
            path,
            DEFINITION,
            own_uid=os.geteuid() if root else 1,
            roles=((4322, "reader"),),
            socket_mode=0o666,
        ) as server:
            names = list(RULES)
            requests = [request_of(server, server.unix, name, None) for name in names]
            if root:
                found = await asked_as(uid, str(server.unix.where), requests)
                reader = await asked_as(other_uid, str(server.unix.where), requests)
            else:
                found = [
                    await status_of(server, Case("", "unix", None, "none", "open"), name) for name in names
                ]
                reader = []
        for who, statuses in (("none", found), ("reader", reader)):
            for name, status in zip(names, statuses, strict=not statuses or len(statuses) == len(names)):
                case = Case(RULES[name], "unix", None, who, "open")  # type: ignore[arg-type]
                assert (status if status in (401, 403) else ADMITTED) == case.expected(), (name, who, status)
        assert len(found) == len(names)
