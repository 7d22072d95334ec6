"""The real daemon in the mode strict: reasons, one person each, an anchor that has to be there."""

from __future__ import annotations

import json
import signal
import ssl
from pathlib import Path

from burgeed.audit.sealing_key import take_first_key
from tests.support.bundles import Signer
from tests.support.certificates import Authority
from tests.support.daemon import RunningDaemon, run_command, running_daemon

FLAGS = "flags:\n  beta: {defaultVariant: off}\n"
OVERRIDE = "/admin/v1/overrides/customer/c-1/beta"


def put(daemon: RunningDaemon, query: str = "", headers: dict[str, str] | None = None) -> int:
    return daemon.request("PUT", OVERRIDE + query, {"variant": "on"}, headers).status


def test_strict_wants_reasons_persons_and_an_anchor(tmp_path: Path) -> None:
    (tmp_path / "flags.yaml").write_text(FLAGS)
    anchor = tmp_path / "anchors" / "burgee"
    anchor.parent.mkdir(mode=0o700)
    signer = Signer(tmp_path)
    signer.sign(tmp_path / "flags.yaml", 1)
    authority = Authority(tmp_path)
    speaks = ("--tls-certificate", authority.issue("server").in_one_file())
    strict = ("--audit-mode", "strict", "--source-key", signer.path, "--audit-anchor", f"file:{anchor}")
    arguments = ("up", tmp_path / "flags.yaml", *strict, *speaks)
    with running_daemon(tmp_path, *arguments) as daemon:
        daemon.wait_ready()
        shared = daemon.request(
            "POST", "/admin/v1/tokens?reason=ci", {"name": "ci", "scopes": ["read", "write"]}
        )
        assert shared.status == 201
        bearer = {"Authorization": f"Bearer {shared.document['token']}"}
        assert put(daemon) == 403
        assert daemon.request("POST", "/admin/v1/tokens", {"name": "x", "scopes": ["read"]}).status == 403
        how = {"over": daemon.http, "tls": ssl.create_default_context(cafile=authority.certificate_path)}
        over_tcp = daemon.request("PUT", f"{OVERRIDE}?reason=x", {"variant": "on"}, bearer, **how)
        assert (over_tcp.status, over_tcp.document["type"]) == (403, "/problems/not-allowed")
        assert put(daemon, "?reason=pilot") == 200
        # Whether this machine's clock is synchronised is not this test's matter.
        clock = {"the machine's clock is not synchronised"}
        assert set(daemon.request("GET", "/health").document["degraded"]) <= clock
        assert daemon.status()["audit"]["mode"] == "strict"
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
    assert "burgee-audit/" in anchor.read_text()
    state = ("--state-dir", tmp_path / "state", "--store", f"sqlite:{tmp_path / 'state' / 'burgee.db'}")
    take_first_key(tmp_path / "state", tmp_path / "auditor.key")
    sealed = ("--anchor", anchor, "--seal-key", tmp_path / "auditor.key", "--json")
    whole = run_command("audit", "verify", *state, *sealed)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    found = json.loads(whole.stdout)
    assert found["sealed"] == found["anchored"] == found["last"] > 0


def test_strict_does_not_start_without_an_anchor(tmp_path: Path) -> None:
    (tmp_path / "flags.yaml").write_text(FLAGS)
    where = ("--state-dir", tmp_path / "state", "--socket", tmp_path / "b.sock", "--listen", "none")
    ended = run_command("up", tmp_path / "flags.yaml", "--audit-mode", "strict", *where)
    assert ended.returncode == 2
    assert "asks for 1 external anchor(s), not 0: name them with --audit-anchor" in ended.stderr
