"""Setting flags and evaluating them while the source, the disk or the database is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import RunningDaemon, running_daemon
from tests.support.postgresql import PostgresqlServer
from tests.support.small_disk import enlarge, small_disk

FLAGS = """\
flags:
  export: {defaultVariant: on}
  beta: {defaultVariant: off}
"""
ACME = {"organization": "acme"}


@pytest.fixture
def flags(tmp_path: Path) -> Path:
    path = tmp_path / "flags.yaml"
    path.write_text(FLAGS)
    return path


def set_beta(daemon: RunningDaemon, variant: str, note: str = "") -> tuple[int, Any]:
    """Override `beta` for one organization; the status and the answer."""
    message = {"variant": variant, "note": note}
    answer = daemon.request("PUT", "/admin/v1/overrides/organization/acme/beta?reason=x", message)
    return answer.status, answer.document


def test_a_flag_is_killed_while_its_source_is_dead(tmp_path: Path, flags: Path) -> None:
    with running_daemon(tmp_path, "up", flags) as daemon:
        daemon.wait_ready()
        flags.unlink()
        daemon.wait_until(lambda: daemon.status()["sources"][0]["state"] == "absent", 30.0)
        answer = daemon.request("POST", "/admin/v1/flags/export/kill?reason=fire", {"variant": "off"})
        assert answer.status == 200
        assert daemon.evaluate("export")["value"] is False


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", "1m") as place:
        yield place


def test_a_full_disk_refuses_writes_loses_none_and_stops_no_evaluation(
    tmp_path: Path, flags: Path, disk: Path
) -> None:
    where = ("--source", flags, "--store", f"sqlite:{disk / 'burgee.db'}")
    with running_daemon(tmp_path, *where) as daemon:
        daemon.wait_ready()
        acknowledged, status, answer = "", 200, {}
        for number in range(2_000):
            variant = "on" if number % 2 else "off"
            status, answer = set_beta(daemon, variant, "x" * 2_000 + str(number))
            if status != 200:
                break
            acknowledged = variant
        assert (status, answer["type"]) == (507, "/problems/full"), answer
        assert daemon.evaluate("beta", ACME)["variant"] == acknowledged
        enlarge(disk, "16m")
        daemon.wait_until(lambda: set_beta(daemon, "on")[0] == 200, 15.0)
        assert daemon.evaluate("beta", ACME)["value"] is True
    with running_daemon(tmp_path, *where) as daemon:
        daemon.wait_ready()
        assert daemon.evaluate("beta", ACME)["value"] is True


def test_a_daemon_that_starts_while_its_database_is_away_serves_what_was_set_last(
    tmp_path: Path, flags: Path, postgresql_server: PostgresqlServer, postgresql_database: str
) -> None:
    where = ("--source", flags, "--store", postgresql_database)
    kept = tmp_path / "state" / "last-known-state.json"
    with running_daemon(tmp_path, *where) as daemon:
        daemon.wait_ready()
        assert set_beta(daemon, "on")[0] == 200
        daemon.wait_until(lambda: kept.exists() and b'"beta"' in kept.read_bytes())
    postgresql_server.stop()
    try:
        with running_daemon(tmp_path, *where) as daemon:
            daemon.wait_ready()
            assert daemon.evaluate("beta", ACME)["value"] is True
            assert set_beta(daemon, "off")[0] == 503
            postgresql_server.start()
            daemon.wait_until(lambda: set_beta(daemon, "off")[0] == 200, 40.0)
            assert daemon.evaluate("beta", ACME)["value"] is False
    finally:
        postgresql_server.start()
