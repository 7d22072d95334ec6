"""One real daemon for all fork tests, and applications that fork in front of it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import RunningDaemon, clean_environment, running_daemon
from tests.support.ports import reserved_port
from tests.support.talking_process import TalkingProcess, talking

APPLICATIONS = Path(__file__).with_name("applications")

TOKEN = "a-secret-of-sixteen-bytes-or-more"

WAYS = {
    "remote-socket": ("remote", "socket"),
    "remote-tcp": ("remote", "http"),
    "in-process": ("in-process", "socket"),
    "in-process-tcp": ("in-process", "http"),
}
"""How an application reaches the daemon: the resolver, and where it finds the daemon."""

every_way = pytest.mark.parametrize("way", WAYS)
some_ways = pytest.mark.parametrize(
    "way", [pytest.param(way, marks=pytest.mark.long) if way.endswith("-tcp") else way for way in WAYS]
)


def definition(phase: str) -> str:
    """The flags that :mod:`applications.following` evaluates."""
    mirrored = {f"c{number}": {"mirror": {"value": f"c{number}"}} for number in range(20)}
    flags = {
        "phase": {"variants": {"now": phase}, "defaultVariant": "now"},
        "mirror": {"variants": {"nobody": "none"}, "defaultVariant": "nobody"},
    }
    return json.dumps({"flags": flags, "overrides": {"customer": mirrored}})


@dataclass
class Sidecar:
    """A daemon and the file that it serves.

    Attributes:
        path: of the file.
        socket: path of the daemon's Unix socket.
        http: its address over TCP.
        start: starts the daemon.
    """

    path: Path
    socket: str
    http: str
    start: Callable[[], RunningDaemon]
    daemon: RunningDaemon | None = None

    def set_phase(self, phase: str) -> None:
        """Save as an editor does: beside, then renamed; the first time, start the daemon."""
        beside = self.path.with_suffix(".new")
        beside.write_text(definition(phase))
        beside.rename(self.path)
        self.daemon = self.daemon or self.start()

    def serve_phase(self, phase: str) -> None:
        """Save, and wait until it is served."""
        self.set_phase(phase)
        daemon = self.daemon
        assert daemon is not None
        daemon.wait_until(lambda: daemon.evaluate("phase").get("value") == phase)


@pytest.fixture(scope="session")
def shared_sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    with late_sidecar(tmp_path_factory.mktemp("forks")) as sidecar:
        sidecar.serve_phase("one")
        yield sidecar


@contextmanager
def late_sidecar(directory: Path) -> Iterator[Sidecar]:
    """A daemon that is not there before its first phase is set."""
    path = directory / "flags.json"
    token_file = directory / "token"
    token_file.write_text(TOKEN)
    token_file.chmod(0o600)
    with reserved_port() as port, ExitStack() as running:

        def start() -> RunningDaemon:
            options = ("--source", path, "--listen", f"127.0.0.1:{port}", "--sync-token-file", token_file)
            return running.enter_context(running_daemon(directory, *options))

        yield Sidecar(path, str(directory / "burgee.sock"), f"http://127.0.0.1:{port}", start)


@pytest.fixture
def sidecar(shared_sidecar: Sidecar) -> Sidecar:
    """A daemon that serves phase one."""
    shared_sidecar.serve_phase("one")
    return shared_sidecar


@dataclass
class Application:
    """A running application.

    Attributes:
        process: to be listened to.
        sidecar: its daemon.
        passed_over: what it said that nobody has waited for yet.
    """

    process: TalkingProcess
    sidecar: Sidecar
    passed_over: list[dict[str, Any]] = field(default_factory=list)

    def line(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 20.0) -> dict[str, Any]:
        """The next line of JSON that is wanted; others are kept, as processes speak in any order."""
        for told in self.passed_over:
            if wanted(told):
                self.passed_over.remove(told)
                return told
        while True:
            told = json.loads(self.process.line_where(lambda text: text.startswith("{"), seconds))
            if wanted(told):
                return told
            self.passed_over.append(told)

    def wait_for_phase(self, phase: str, roles: list[str]) -> float:
        """Wait until so many processes of each role saw a phase; the seconds that it took."""
        began = time.monotonic()
        missing = list(roles)
        while missing:
            told = self.line(lambda line: line.get("phase") == phase or "mixed" in line or "gave_up" in line)
            assert told.get("phase") == phase, told
            if told["role"] in missing:
                missing.remove(told["role"])
        return time.monotonic() - began

    def ends_well(self, seconds: float = 30.0) -> None:
        """It ends by itself, without any complaint."""
        assert self.process.process.wait(seconds) == 0, "\n".join(self.process.said)
        assert not [line for line in self.process.said if "Traceback" in line or "Warning" in line]


def environment(sidecar: Sidecar, way: str, **variables: str) -> dict[str, str]:
    """What an application finds in its environment."""
    resolver, place = WAYS[way]
    address = f"unix://{sidecar.socket}" if place == "socket" else sidecar.http
    return clean_environment(
        BURGEE_ADDRESS=address, BURGEE_RESOLVER=resolver, BURGEE_TOKEN=TOKEN, **variables
    )


@contextmanager
def application(sidecar: Sidecar, way: str, name: str, *arguments: str) -> Iterator[Application]:
    """Run one of the applications."""
    command = [sys.executable, "-W", "default", str(APPLICATIONS / f"{name}.py"), *arguments]
    with talking(command, environment=environment(sidecar, way)) as process:
        yield Application(process, sidecar)
