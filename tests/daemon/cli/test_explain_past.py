"""`burgee explain` of what was served before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.daemon import RunningDaemon, run_command, running_daemon

FLAGS = "flags:\n  beta: {defaultVariant: off}\n"


def explained(daemon: RunningDaemon, *options: object) -> Any:
    ended = run_command("explain", "beta", "customer=c-1", "--socket", daemon.socket, "--json", *options)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_explain_tells_what_was_served_after_a_revision_and_at_a_time(tmp_path: Path) -> None:
    flags = tmp_path / "flags.yaml"
    flags.write_text(FLAGS)
    with running_daemon(tmp_path, "up", flags) as daemon:
        daemon.wait_ready()
        answer = daemon.request("PUT", "/admin/v1/overrides/customer/c-1/beta?reason=x", {"variant": "on"})
        assert answer.status == 200
        assert explained(daemon)["answer"]["variant"] == "on"
        before, after = explained(daemon, "--revision", 0), explained(daemon, "--revision", 1)
        assert (before["answer"]["variant"], after["answer"]["variant"]) == ("off", "on")
        assert after["past"] == {"at": after["past"]["at"], "revision": 1, "exact": True}
        assert explained(daemon, "--at", "+1m")["past"]["revision"] == 1
        told = run_command("explain", "beta", "--socket", daemon.socket, "--revision", 0)
        assert "after revision 0" in told.stdout


def test_explain_of_the_past_is_of_a_daemon(tmp_path: Path) -> None:
    flags = tmp_path / "flags.yaml"
    flags.write_text(FLAGS)
    ended = run_command("explain", "beta", "--source", flags, "--revision", 1)
    assert ended.returncode == 2 and "--now sets the time" in ended.stderr
