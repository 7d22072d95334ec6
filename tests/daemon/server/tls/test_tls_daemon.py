"""The real daemon under mutual TLS, from its first line to its end."""

from __future__ import annotations

import signal
import ssl
from pathlib import Path

from tests.support.certificates import Authority
from tests.support.daemon import run_command, running_daemon

FLAGS = "flags:\n  beta: {defaultVariant: off}\n"
OVERRIDE = "/admin/v1/overrides/customer/c-1/beta"


def test_it_serves_writes_reloads_and_ends_under_mutual_tls(tmp_path: Path) -> None:
    (tmp_path / "flags.yaml").write_text(FLAGS)
    authority = Authority(tmp_path)
    issued, ann = authority.issue("server"), authority.issue("ann", organization="acme")
    tls = ssl.create_default_context(cafile=authority.certificate_path)
    tls.load_cert_chain(ann.certificate_path, ann.key_path)
    options = (
        *("--tls-certificate", issued.certificate_path, "--tls-key", issued.key_path),
        *("--tls-client-ca", authority.certificate_path, "--listen", "0.0.0.0:0"),
    )
    with running_daemon(tmp_path, "up", tmp_path / "flags.yaml", *options) as daemon:
        daemon.wait_ready()
        assert daemon.http is not None and daemon.http.startswith("https://0.0.0.0:")
        over = daemon.http.replace("0.0.0.0", "127.0.0.1")
        assert daemon.evaluate("beta", over=over, tls=tls)["value"] is False
        made = daemon.request("POST", "/admin/v1/tokens", {"name": "of-ann", "scopes": ["read", "write"]})
        bearer = {"Authorization": f"Bearer {made.document['token']}"}
        answer = daemon.request("PUT", OVERRIDE, {"variant": "on"}, bearer, over=over, tls=tls)
        assert answer.status == 200
        assert daemon.request("PUT", OVERRIDE, {"variant": "off"}, over=over, tls=tls).status == 401
        kept = daemon.connect(over=over, tls=tls)
        kept.request("GET", "/healthz")
        assert kept.getresponse().read()
        authority.issue("server", days=60)
        daemon.signal(signal.SIGHUP)
        daemon.wait_until(lambda: daemon.status()["tls"]["daysLeft"] == 59)
        kept.request("GET", "/healthz")
        assert kept.getresponse().read()
        shown = daemon.request("GET", "/admin/v1/audit?limit=20").document["items"]
        told = {each["action"]: each["detail"].get("certificate") for each in shown}
        assert told["token.use"] == told["denied"] == "CN=ann,O=acme"
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
    assert "rror" not in daemon.log, daemon.log


def test_without_what_it_takes_it_does_not_start_and_says_what_that_is(tmp_path: Path) -> None:
    (tmp_path / "flags.yaml").write_text(FLAGS)
    issued = Authority(tmp_path).issue("server")
    issued.key_path.chmod(0o644)
    where = ("--state-dir", tmp_path / "state", "--socket", tmp_path / "b.sock", "--listen", "127.0.0.1:0")
    tls = ("--tls-certificate", issued.certificate_path, "--tls-key", issued.key_path)
    ended = run_command("up", tmp_path / "flags.yaml", *where, *tls)
    assert ended.returncode == 2
    assert "--tls-certificate: " in ended.stderr and "server.key holds a private key" in ended.stderr
