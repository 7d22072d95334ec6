"""docs/guides/operating.md, run line by line on a terminal against the daemon that it starts."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from burgeed.cli.command_line import burgee
from burgeed.cli.commands import NAMES
from tests.daemon.cli.guide import comparable, steps
from tests.daemon.cli.running import without_colour
from tests.daemon.cli.terminal import Terminal
from tests.support.clocked_daemon import set_clock
from tests.support.daemon import REPOSITORY, RunningDaemon, running_daemon
from tests.support.vectors import NOON, seconds

GUIDE = REPOSITORY / "docs" / "guides" / "operating.md"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[RunningDaemon]:
    """What the guide's first line starts."""
    first = shlex.split(steps(GUIDE.read_text())[0].command)
    assert first[:2] == ["burgee", "up"]
    clock_file = tmp_path / "clock"
    # The sample's rules begin and end; in the guide it is the same noon for ever.
    set_clock(clock_file, seconds(NOON))
    files = [REPOSITORY / each for each in first[2:]]
    with running_daemon(tmp_path, "up", *files, clock_file=clock_file) as running:
        running.wait_ready()
        yield running


def test_every_line_does_and_says_what_the_guide_shows(daemon: RunningDaemon, tmp_path: Path) -> None:
    environment = {
        "BURGEE_SOCKET": daemon.socket,
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
    }
    watching: list[tuple[Terminal, list[str]]] = []
    for step in steps(GUIDE.read_text())[1:]:
        terminal = Terminal.shell(step.command, cwd=tmp_path, environment=environment)
        if step.command.startswith("burgee watch"):
            terminal.read_until(lambda output: "from here on" in output)
            watching.append((terminal, step.output))
            continue
        with terminal:
            terminal.end()
            shown = without_colour(terminal.output).splitlines()
        assert comparable(shown) == comparable(step.output), step.command
    for terminal, output in watching:
        with terminal:
            assert terminal.end() == 0
            assert comparable(without_colour(terminal.output).splitlines()) == comparable(output)


def test_it_names_no_option_that_is_not_there() -> None:
    known = {"--help", "--source"}
    waiting = [burgee.get_command(click.Context(burgee), name) for name in NAMES]
    while waiting:
        command = waiting.pop()
        assert command is not None
        known |= {option for each in command.params for option in each.opts}
        if isinstance(command, click.Group):
            waiting += [command.get_command(click.Context(command), name) for name in command.commands]
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", GUIDE.read_text()))
    assert named <= known, named - known
