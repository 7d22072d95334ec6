"""The real daemon with a pinned key: what it serves, what it says, and what a restart does not forget."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from tests.daemon.runtime.definitions import write
from tests.support.bundles import Signer
from tests.support.daemon import RunningDaemon, running_daemon


def source(daemon: RunningDaemon) -> Any:
    [found] = daemon.status()["sources"]
    return found


def says(daemon: RunningDaemon, state: str, text: str = "") -> None:
    """Wait until the source stands so, and its faults say this."""
    daemon.wait_until(lambda: source(daemon)["state"] == state and text in str(source(daemon)["faults"]))


def test_only_what_is_signed_and_newer_is_served_across_a_restart(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    flags = write(tmp_path / "flags.json", beta="on")
    signer.sign(flags, 5)
    arguments = ("--source", flags, "--source-key", signer.path, "--listen", "none")
    with running_daemon(tmp_path, *arguments) as daemon:
        daemon.wait_ready()
        assert source(daemon)["bundle"] == {"name": "shop", "number": 5, "key": signer.key_id}
        write(flags, beta="off")
        says(daemon, "rejected", "the file is not what was signed")
        assert daemon.request("GET", "/readyz").status == 200
        assert daemon.evaluate("beta")["value"] is True
        signer.sign(flags, 6)
        says(daemon, "live")
        assert daemon.evaluate("beta")["value"] is False
        assert source(daemon)["bundle"]["number"] == 6
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
    assert "bundle=shop number=5" in daemon.log and "the last good one serves on" in daemon.log
    write(flags, beta="on")
    signer.sign(flags, 5)
    with running_daemon(tmp_path, *arguments) as daemon:
        says(daemon, "rejected", "it is number 5 of bundle shop, and number 6 was accepted before")
        assert daemon.request("GET", "/readyz").status == 503
        signer.sign(flags, 7)
        daemon.wait_ready()
        assert daemon.evaluate("beta")["value"] is True
