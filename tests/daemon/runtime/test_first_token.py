"""The real command: who is admin of a new store, and who may what by the options."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from burgeed.authority.token import parse
from tests.support.daemon import RunningDaemon, running_daemon

WHO = "/admin/v1/whoami"
FLAGS = "/admin/v1/flags"


def shown(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def who(daemon: RunningDaemon, token: str | None = None, *, tcp: bool = False) -> Any:
    headers = None if token is None else shown(token)
    return daemon.request("GET", WHO, None, headers, over=daemon.http if tcp else None)


def test_the_first_start_prints_a_token_once_and_keeps_only_its_hash(tmp_path: Path, flags: Path) -> None:
    with running_daemon(tmp_path, "up", flags) as daemon:
        token = daemon.line["adminToken"]
        answer = who(daemon, token, tcp=True)
        assert answer.status == 200
        assert answer.document["scopes"] == [
            "audit",
            "break-glass",
            "evaluate",
            "read",
            "tokens",
            "write",
        ]
        assert daemon.request("GET", FLAGS, None, shown(token), over=daemon.http).status == 200
        assert daemon.request("GET", FLAGS, over=daemon.http).status == 401
        kept = [path.read_bytes() for path in (tmp_path / "state").iterdir() if path.is_file()]
    credential = parse(token.encode())
    assert credential is not None
    kept += [path.read_bytes() for path in (tmp_path / "state").iterdir() if path.is_file()]
    kept.append((tmp_path / "daemon.log").read_bytes())
    for content in kept:
        assert token.partition(".")[2].encode() not in content and credential.secret not in content
    assert any(credential.id.encode() in content for content in kept)

    with running_daemon(tmp_path, "up", flags) as daemon:
        assert "adminToken" not in daemon.line
        assert who(daemon, token, tcp=True).status == 200


def test_serve_makes_no_token_and_its_own_user_is_admin_on_the_socket(tmp_path: Path, flags: Path) -> None:
    store = f"sqlite:{tmp_path / 'store.db'}"
    with running_daemon(tmp_path, "--source", flags, "--store", store) as daemon:
        assert "adminToken" not in daemon.line
        assert who(daemon).document["name"] == f"uid:{os.geteuid()}"
        made = daemon.request("POST", "/admin/v1/tokens", {"name": "ci", "scopes": ["read"]})
        assert made.status == 201
        assert (
            daemon.request("GET", FLAGS, None, shown(made.document["token"]), over=daemon.http).status == 200
        )


@pytest.mark.parametrize(("role", "status"), [("none", 403), ("reader", 200)])
def test_the_role_of_a_peer_is_what_the_option_says(
    tmp_path: Path, flags: Path, role: str, status: int
) -> None:
    store = f"sqlite:{tmp_path / 'store.db'}"
    peer = f"{os.geteuid()}={role}"
    with running_daemon(tmp_path, "--source", flags, "--store", store, "--admin-peer", peer) as daemon:
        assert daemon.request("GET", FLAGS).status == status
        assert daemon.request("POST", "/admin/v1/tokens", {"name": "ci", "scopes": ["read"]}).status == 403


def test_evaluation_asks_for_a_token_where_the_option_says_so(tmp_path: Path, flags: Path) -> None:
    with running_daemon(tmp_path, "up", flags, "--evaluation", "token") as daemon:
        token = daemon.line["adminToken"]
        path = "/ofrep/v1/evaluate/flags/a"
        assert daemon.request("POST", path, {}, over=daemon.http).status == 401
        assert daemon.request("POST", path, {}, shown(token), over=daemon.http).status == 200
        assert daemon.request("POST", path, {}, {"X-API-Key": token}, over=daemon.http).status == 200
        assert daemon.request("POST", path, {}).status == 200
        assert daemon.request("POST", path, {}, shown("wrong")).status == 401
