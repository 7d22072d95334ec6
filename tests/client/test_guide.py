"""The guide to live streams says what is so, and its examples run."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from burgee.client.conversations import Conversations
from burgee.client.following import SILENT_AFTER
from burgee.wire.control_events import HEARTBEAT, RESET, TYPES
from burgeed.control.event_history import BYTES_LIMIT, LENGTH
from burgeed.control.event_record import LARGEST_EVENT
from burgeed.server.control_event_filter import ONCE, REPEATED
from burgeed.server.limits import Limits
from tests.client.test_against_daemon import OVERRIDE
from tests.client.test_against_daemon import daemon as daemon
from tests.support.daemon import REPOSITORY, RunningDaemon, clean_environment

GUIDE = (REPOSITORY / "docs" / "guides" / "live-streams.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def section(name: str) -> str:
    return GUIDE.split(f"## {name}\n")[1].split("\n## ")[0]


def test_the_guide_names_every_type_and_no_other() -> None:
    rows = [line.split("|")[1] for line in section("Messages").splitlines() if line.startswith("| `")]
    assert re.findall(r"`([a-z_.]+)`", " ".join(rows)) == [*TYPES, RESET, HEARTBEAT]


def test_the_guide_names_every_filter_and_no_other() -> None:
    rows = [line.split("|")[1] for line in section("Filters").splitlines() if line.startswith("| `")]
    named = set(re.findall(r"`([a-z_]+)=", " ".join(rows)))
    assert named == {*ONCE, REPEATED} - {"last_event_id"}


def test_the_guide_names_every_option_of_the_client_and_no_other() -> None:
    named = re.findall(r"^\| `(\w+)` \|", section("The Python client"), re.MULTILINE)
    assert named == [
        name for name in inspect.signature(Conversations).parameters if name not in ("clock", "random")
    ]
    assert f"| `silence` | {SILENT_AFTER:g} |" in GUIDE


def test_the_figures_of_the_guide_are_those_of_the_daemon() -> None:
    limits = Limits()
    assert (LENGTH, BYTES_LIMIT, LARGEST_EVENT) == (10_000, 16 * 1024**2, 256 * 1024)
    assert "10,000 events, 16 MB at most" in GUIDE and "longer than 256 kB" in GUIDE
    assert (limits.stall, limits.subscribers, limits.client_frames, limits.client_frame) == (
        5,
        1000,
        100,
        1024,
    )
    assert limits.control_heartbeat == 15


@pytest.fixture
def streaming(daemon: RunningDaemon) -> Iterator[subprocess.Popen[str]]:
    code = EXAMPLES[0].replace("/run/burgee/burgee.sock", daemon.socket)
    assert daemon.socket in code
    process = subprocess.Popen(
        [sys.executable, "-uc", code], stdout=subprocess.PIPE, text=True, env=clean_environment()
    )
    yield process
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_the_example_of_the_blocking_client_runs(
    daemon: RunningDaemon, streaming: subprocess.Popen[str]
) -> None:
    assert streaming.stdout is not None
    assert streaming.stdout.readline().startswith("from revision ")
    path = OVERRIDE.replace("customer/c-42", "organization/acme")
    assert daemon.request("PUT", path, {"variant": "on"}).status in (200, 201)
    assert streaming.stdout.readline().startswith("override.set f organization acme ")


def test_the_example_of_the_asynchronous_client_runs(daemon: RunningDaemon, tmp_path: Path) -> None:
    code = EXAMPLES[1].replace("new-checkout", "other")
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=clean_environment(BURGEE_ADDRESS=f"unix://{daemon.socket}"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout.splitlines()) == (0, ["True", "True 0.0"]), ended.stderr
