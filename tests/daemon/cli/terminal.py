"""Running `burgee` as a person does, on a terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.support.daemon import clean_environment

COLUMNS = 160


class Terminal:
    """A command on a pseudo-terminal; what it has written there so far is ``output``."""

    def __init__(
        self,
        *arguments: object,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        program: Sequence[str] = (sys.executable, "-m", "burgeed.cli"),
    ) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (50, COLUMNS))
        variables = clean_environment(
            **{"TERM": "xterm-256color", "HOME": "/nonexistent", **(environment or {})}
        )
        for name in ("NO_COLOR", "COLUMNS", "LINES"):
            variables.pop(name, None)
        self.process = subprocess.Popen(
            [*program, *map(str, arguments)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env=variables,
            start_new_session=True,
        )
        os.close(slave)
        self.output = ""

    @classmethod
    def shell(cls, command: str, *, cwd: Path, environment: Mapping[str, str]) -> Terminal:
        """A line that a shell takes, `burgee` among its commands."""
        return cls(command, cwd=cwd, environment=environment, program=("bash", "-c"))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    def read_until(self, condition: Callable[[str], bool], seconds: float = 30.0) -> str:
        """Read until the output is as it should be or the command has ended; AssertionError if late."""
        until = time.monotonic() + seconds
        while not condition(self.output):
            assert time.monotonic() < until, f"it did not come about within {seconds} s:\n{self.output}"
            ready, _, _ = select.select([self._master], [], [], 0.1)
            if not ready:
                continue
            try:
                received = os.read(self._master, 65536)
            except OSError:
                break
            if not received:
                break
            self.output += received.decode()
        return self.output

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self._master, text.encode())

    def end(self) -> int:
        """Read everything, wait for the command's end and return its exit code."""
        self.read_until(lambda output: False)
        return self.process.wait(10)
