"""Real gunicorn: every worker sees the next change, however and whenever the provider was set."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.provider.forks.conftest import APPLICATIONS, Sidecar, environment, late_sidecar, some_ways
from tests.support.daemon import connect_to_unix_socket
from tests.support.talking_process import TalkingProcess, talking

WORKERS = 2
SEEN_WITHIN = 15.0
"""Seconds from a change to the last worker that answers with it."""


@dataclass
class Gunicorn:
    """A running gunicorn with its workers.

    Attributes:
        process: the master, and what it logs.
        path: of the Unix socket that it serves.
    """

    process: TalkingProcess
    path: str

    def ask(self) -> dict[str, Any] | None:
        """Which worker answered, and the phase that it sees; None where nobody listens yet."""
        connection = connect_to_unix_socket(self.path, timeout=10)
        try:
            connection.request("GET", "/")
            return json.loads(connection.getresponse().read())  # type: ignore[no-any-return]
        except (FileNotFoundError, ConnectionError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def wait_for_phase(self, phase: str, seconds: float = 20.0, *, knows: bool = True) -> set[int]:
        """Ask until each worker answered with this phase, and return who they are.

        Args:
            knows: whether each has to follow the daemon itself by then.
        """
        until = time.monotonic() + seconds
        seen: dict[int, tuple[str, bool]] = {}
        while list(seen.values()).count((phase, knows)) < WORKERS:
            assert time.monotonic() < until, f"{phase!r} is not what the workers see: {seen}"
            answered = self.ask()
            if answered is None:
                time.sleep(0.02)
            else:
                seen[answered["pid"]] = answered["phase"], answered["knows"]
        return {pid for pid, told in seen.items() if told == (phase, knows)}

    def stop(self) -> None:
        """End it as a service manager does."""
        self.process.process.send_signal(signal.SIGTERM)
        assert self.process.process.wait(30) == 0


@contextmanager
def gunicorn(sidecar: Sidecar, way: str, directory: Path, *arguments: str, set_by: str) -> Iterator[Gunicorn]:
    """Run gunicorn while the block runs."""
    path = str(directory / "gunicorn.sock")
    serving = ["--bind", f"unix:{path}", "--workers", str(WORKERS), "--chdir", str(APPLICATIONS)]
    command = [sys.executable, "-m", "gunicorn", *serving, "--graceful-timeout", "5", *arguments]
    variables = environment(sidecar, way, BURGEE_TEST_SET=set_by)
    with talking([*command, "web:application"], environment=variables) as process:
        yield Gunicorn(process, path)


def check_changes(server: Gunicorn, sidecar: Sidecar) -> None:
    """Both workers see two changes, and are the same processes all the time; then the server ends."""
    workers = server.wait_for_phase("one")
    for phase in ("two", "three"):
        sidecar.set_phase(phase)
        assert server.wait_for_phase(phase, SEEN_WITHIN) == workers
    server.stop()


@some_ways
@pytest.mark.parametrize("set_by", ["waiting", "not waiting"])
def test_sync_workers_that_inherit_the_provider_see_the_next_change(
    sidecar: Sidecar, tmp_path: Path, way: str, set_by: str
) -> None:
    with gunicorn(sidecar, way, tmp_path, "--preload", set_by=set_by) as server:
        check_changes(server, sidecar)


@some_ways
@pytest.mark.parametrize("set_by", ["waiting", pytest.param("not waiting", marks=pytest.mark.long)])
def test_sync_workers_that_each_set_a_provider_see_the_next_change(
    sidecar: Sidecar, tmp_path: Path, way: str, set_by: str
) -> None:
    with gunicorn(sidecar, way, tmp_path, set_by=set_by) as server:
        check_changes(server, sidecar)


@some_ways
def test_workers_forked_while_the_provider_still_starts_become_ready(tmp_path: Path, way: str) -> None:
    with (
        late_sidecar(tmp_path) as sidecar,
        gunicorn(sidecar, way, tmp_path, "--preload", set_by="not waiting") as server,
    ):
        server.wait_for_phase("none", knows=False)
        sidecar.set_phase("one")
        check_changes(server, sidecar)


def test_threaded_workers_that_gunicorn_announces_see_the_next_change(
    sidecar: Sidecar, tmp_path: Path
) -> None:
    settings = str(APPLICATIONS / "gunicorn_hooks.py")
    threaded = ["--preload", "--worker-class", "gthread", "--threads", "4", "--config", settings]
    with gunicorn(sidecar, "remote-socket", tmp_path, *threaded, set_by="waiting") as server:
        check_changes(server, sidecar)


def test_a_worker_that_replaces_a_killed_one_sees_what_is_served_now(
    sidecar: Sidecar, tmp_path: Path
) -> None:
    with gunicorn(sidecar, "remote-socket", tmp_path, "--preload", set_by="waiting") as server:
        workers = server.wait_for_phase("one")
        sidecar.set_phase("two")
        killed = workers.pop()
        os.kill(killed, signal.SIGKILL)
        replaced = server.wait_for_phase("two")
        assert killed not in replaced
        assert workers < replaced
        server.stop()
