"""The real daemon on a store that is older than what it remembers: it evaluates, and takes no write."""

from __future__ import annotations

import shutil
from pathlib import Path

from burgeed.audit.remembered import RememberedCheckpoint, remembered_path
from burgeed.control.schema import MIGRATIONS
from tests.daemon.audit.logs import last_note, log_at
from tests.support.daemon import run_command, running_daemon

FLAGS = '{"flags": {"beta": {"defaultVariant": "on"}}}'
OVERRIDE = "/admin/v1/overrides/customer/c-1/beta?reason=pilot"


async def test_an_older_store_is_evaluated_from_and_takes_writes_once_somebody_accepts_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "flags.json").write_text(FLAGS)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    path = state / "burgee.db"
    async with log_at(path, migrations=MIGRATIONS) as log:
        await log.fill(10)
    shutil.copy2(path, tmp_path / "older.db")
    async with log_at(path, migrations=MIGRATIONS) as log:
        await log.fill(10)
        await log.checkpoints.make()
    store = f"sqlite:{path}"
    RememberedCheckpoint(remembered_path(state, store)).write(last_note(path))
    shutil.copy2(tmp_path / "older.db", path)
    with running_daemon(
        tmp_path, "serve", "--source", tmp_path / "flags.json", "--store", store, "--state-dir", state
    ) as daemon:
        daemon.wait_ready()
        refused = daemon.request("PUT", OVERRIDE, {"variant": "off"})
        assert refused.status == 503 and "ends with entry 10" in refused.document["detail"]
        assert daemon.evaluate("beta")["value"] is True
        assert daemon.request("GET", "/readyz").status == 200
        degraded = daemon.request("GET", "/health").document["degraded"]
        assert "the audit is not the one that was signed: nothing can be set at run time" in degraded
        status = daemon.status()
        assert "burgee audit accept" in status["audit"]["distrust"] and status["degraded"] == degraded
        assert "the audit is not the one that was signed" in daemon.log
    ended = run_command(
        "audit", "accept", "--state-dir", state, "--store", store, "--reason", "backup of noon", "--yes"
    )
    assert ended.returncode == 0 and "entry 11 tells of it" in ended.stdout, ended.stderr
    async with log_at(path, migrations=MIGRATIONS) as log:
        [row] = await log.rows("SELECT action FROM audit_entries WHERE seq = 11")
        assert row == ("audit.accept",)
    assert RememberedCheckpoint(remembered_path(state, store)).read() == last_note(path)
