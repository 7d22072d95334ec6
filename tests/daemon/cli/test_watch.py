"""`burgee watch`: what is changed, as it happens; after a loss too."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.daemon.cli.controlling import Operator, controlled_daemon
from tests.daemon.cli.running import Ended, without_colour
from tests.daemon.cli.terminal import Terminal
from tests.support.daemon import RunningDaemon, clean_environment, wait_until
from tests.support.event_server import control_event, event_server


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    with controlled_daemon(tmp_path_factory.mktemp("control")) as running:
        yield running


@pytest.fixture
def operator(burgee: Callable[..., Ended], daemon: RunningDaemon) -> Operator:
    return Operator(burgee, daemon)


class Watching:
    """A watch in a process of its own, its output in files."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.output, self.errors = folder / "output", folder / "errors"
        with self.output.open("wb") as output, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "burgeed.cli", "watch", *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=clean_environment(),
            )

    def lines(self) -> list[str]:
        return self.output.read_text().splitlines()

    def wait_for(self, number: int) -> list[str]:
        """The first lines, once there are so many."""
        wait_until(lambda: len(self.lines()) >= number, 30, lambda: self.errors.read_text())
        return self.lines()

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def test_each_change_is_one_line_with_who_and_why(operator: Operator, tmp_path: Path) -> None:
    arguments = ["--socket", operator.daemon.socket, "--flag", "new-checkout", "--type", "override.set"]
    with Watching(tmp_path, *arguments, "--count", "1") as watching:
        assert "from here on" in watching.wait_for(1)[0]
        operator.says("override", "set", "customer", "c-1", "editor", "plain")
        operator.says("override", "set", "customer", "c-42", "new-checkout", "on", "--reason", "they asked")
        assert watching.process.wait(30) == 0
        fields = watching.lines()[-1].split("\t")
    assert fields[1] == "override.set" and fields[3] == "new-checkout for customer c-42"
    assert fields[4] == 'variant: none -> "on"' and fields[6] == "they asked"


def test_as_json_each_is_one_document(operator: Operator, tmp_path: Path) -> None:
    with Watching(
        tmp_path, "--socket", operator.daemon.socket, "--json", "--level", "organization"
    ) as watching:
        assert json.loads(watching.wait_for(1)[0])["type"] == "reset"
        operator.says("override", "set", "organization", "globex", "editor", "plain")
        event = json.loads(watching.wait_for(2)[1])
        watching.process.send_signal(signal.SIGINT)
        assert watching.process.wait(30) == 130
    assert (event["type"], event["scope"], event["data"]["after"]) == (
        "override.set",
        "globex",
        {"variant": "plain"},
    )


def test_on_a_terminal_it_is_coloured(operator: Operator) -> None:
    with Terminal(
        "watch", "--socket", operator.daemon.socket, "--type", "flag.killed", "--count", "1"
    ) as terminal:
        terminal.read_until(lambda output: "from here on" in output)
        operator.says("kill", "legacy-export", "off", "--yes")
        assert terminal.end() == 0
        assert "\x1b[1;31mflag.killed" in terminal.output
        assert "flag legacy-export" in without_colour(terminal.output)


def test_after_a_loss_it_goes_on_where_it_was(tmp_path: Path) -> None:
    with event_server(tmp_path) as server:
        with Watching(tmp_path, "--address", server.tcp, "--json") as watching:
            watching.wait_for(1)
            server.append(control_event(flag_key="first"))
            assert json.loads(watching.wait_for(2)[1])["flag"] == "first"
            server.do(server.events.end)
            server.append(control_event(flag_key="second"), control_event(flag_key="third"))
            told = [json.loads(line) for line in watching.wait_for(4)[2:]]
        assert [each.get("flag") for each in told] == ["second", "third"]
        assert "trying again" in watching.errors.read_text()


def test_a_refused_stream_ends_with_1(burgee: Callable[..., Ended], daemon: RunningDaemon) -> None:
    ended = burgee("watch", "--address", daemon.http)
    assert ended.returncode == 1 and "token" in ended.stderr
