"""A customer is erased where a daemon runs, and where it has ended: nothing has the name any more."""

from __future__ import annotations

import io
import json
import signal
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from burgeed.cli import main
from tests.support.daemon import RunningDaemon, running_daemon
from tests.support.erasing_store import bytes_about

ERASE = "/admin/v1/audit/erase?reason=request+7"


def customer(daemon: RunningDaemon, name: str, directory: Path) -> None:
    """Set something for a customer until a shared snapshot has it, and take it back."""
    path = f"/admin/v1/overrides/customer/{name}"
    assert daemon.request("PUT", f"{path}/a?reason=for+{name}", {"variant": "on"}).status == 200
    assert daemon.evaluate("a", {"customer": name})["value"] is True
    daemon.wait_until(lambda: name.encode() in bytes_about(directory / "snapshots"))
    body = {"kind": "customer", "name": name, "legalBasis": "GDPR Art. 17"}
    refused = daemon.request("POST", ERASE, body)
    assert (refused.status, refused.document["type"]) == (409, "/problems/in-force")
    assert f"`burgee override unset customer {name}`" in refused.document["detail"]
    assert daemon.request("DELETE", f"{path}?reason=bye", None).status == 200


def audit(name: str, *arguments: str) -> str:
    out, error = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        code = main(["audit", name, *arguments])
    assert code == 0, error.getvalue()
    return out.getvalue()


def test_no_file_has_the_name_of_who_was_erased(tmp_path: Path) -> None:
    source = tmp_path / "flags.json"
    source.write_text(json.dumps({"flags": {"a": {"defaultVariant": "off"}}}))
    store = f"sqlite:{tmp_path}/state/burgee.db"
    with running_daemon(tmp_path, "--source", source, "--store", store) as daemon:
        daemon.wait_ready()
        for name in ("kunde-one", "kunde-two"):
            customer(daemon, name, tmp_path)
        assert b"kunde-one" in bytes_about(tmp_path / "state")
        assert b"kunde-one" in bytes_about(tmp_path / "snapshots")
        body = {"kind": "customer", "name": "kunde-one", "legalBasis": "GDPR Art. 17"}
        outcome = daemon.request("POST", ERASE, body).document
        assert (outcome["found"], outcome["revisions"], outcome["left"]) == (True, 2, [])
        assert outcome["pseudonym"].startswith("erased-")
        revisions = daemon.request("GET", "/admin/v1/revisions").document["items"]
        assert [each["changes"][0]["scope"] for each in revisions] == [
            "kunde-two", "kunde-two", outcome["pseudonym"], outcome["pseudonym"],
        ]  # fmt: skip
        assert b"kunde-one" not in bytes_about(tmp_path)
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
    assert b"kunde-two" in bytes_about(tmp_path / "state")
    state = ("--state-dir", str(tmp_path / "state"), "--store", store)
    options = (
        "--runtime-dir",
        str(tmp_path),
        "--legal-basis",
        "GDPR Art. 17",
        "--reason",
        "request 8",
        "--yes",
    )
    told = audit("erase", "customer", "kunde-two", *state, *options)
    assert "customer kunde-two is erased, in" in told and "2 revisions" in told
    assert b"kunde-" not in bytes_about(tmp_path)
    assert "ok" in audit("verify", *state)
