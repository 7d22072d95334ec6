"""Processes that need not import for a second first: forked from an interpreter that has done so.

Half of what the daemon takes to start, and nearly all that a command takes, is importing. Each is a process
of its own all the same, with its own descriptors, environment and directory, and no thread or event loop
is there before the fork. What a user types is proved by those tests that ask for a fresh interpreter.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

import burgeed.cli
from tests.support.warm_interpreter import Program

_PROGRAM = Path(__file__).with_name("warm_interpreter.py")

_READ_AT_START = ("PYTHON", "LD_", "LC_", "LANG", "TZ", "MALLOC_", "GLIBC_", "OPENSSL_", "SSL_", "AIOHTTP_")
"""What the variables begin with that an interpreter, its libraries or their import look at, once."""

_ENVIRONMENT = dict(os.environ)
"""Of the warm interpreter, before any test has changed this process's own."""

_LONGEST_FORK = 60.0
"""Seconds until a process must have been started; generous, since tests share two cores."""


def is_possible(environment: Mapping[str, str]) -> bool:
    """Whether a process with this environment may come from the warm interpreter, which has its own."""
    names = {name for name in {*environment, *_ENVIRONMENT} if name.startswith(_READ_AT_START)}
    return _has_pidfd() and all(environment.get(name) == _ENVIRONMENT.get(name) for name in names)


@cache
def _has_pidfd() -> bool:
    """Whether the interpreter can wait for several processes at once; some containers forbid it."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


class WarmProcess:
    """A running program; the part of `subprocess.Popen` that the tests use, with the same meaning.

    Args:
        arguments: of `python`: ``-m MODULE ARGUMENTS...`` or ``SCRIPT ARGUMENTS...``.
        environment: of the process; see :func:`is_possible`.
        stdout, stderr: files; PIPE for standard output makes the attribute `stdout` its other end.
        cwd: where it works; this process's directory where there is none.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        stdout: IO[bytes] | int,
        stderr: IO[bytes],
        cwd: Path | None = None,
    ) -> None:
        is_module = arguments[0] == "-m"
        program = Program(
            arguments[1] if is_module else "",
            list(arguments[2:] if is_module else arguments),
            dict(environment),
            str(cwd or Path.cwd()),
        )
        self.args = arguments
        self.returncode: int | None = None
        self.stdout: IO[bytes] | None = None
        with contextlib.ExitStack() as stack:
            null = stack.enter_context(Path(os.devnull).open("rb"))
            if isinstance(stdout, int):
                assert stdout == subprocess.PIPE
                reading, writing = os.pipe()
                self.stdout = os.fdopen(reading, "rb")
                stdout = stack.enter_context(os.fdopen(writing, "wb"))
            reading, writing = os.pipe()
            self._report = os.fdopen(reading, "rb", buffering=0)
            report = stack.enter_context(os.fdopen(writing, "wb"))
            _interpreter().start(program, [file.fileno() for file in (null, stdout, stderr, report)])
        line = self._line(_LONGEST_FORK)
        assert line, f"it was not started within {_LONGEST_FORK} s: {arguments}"
        self.pid = int(line)

    def poll(self) -> int | None:
        """Its exit code, less than zero for a signal; None while it runs."""
        if self.returncode is None:
            line = self._line(0)
            if line is not None:
                assert line, "the interpreter that it came from has ended"
                self.returncode = int(line)
                self._report.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return the exit code. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            self._ready(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL unless it has ended."""
        self.send_signal(signal.SIGKILL)

    def _ready(self, timeout: float | None) -> bool:
        return bool(select.select([self._report], [], [], timeout)[0])

    def _line(self, timeout: float) -> bytes | None:
        """The next line of the report; empty at its end, None where none has come in time."""
        return self._report.readline() if self._ready(timeout) else None


class _Interpreter:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        commands = [module.name for module in pkgutil.iter_modules(burgeed.cli.__path__, "burgeed.cli.")]
        commands.remove("burgeed.cli.__main__")
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, _PROGRAM, str(theirs.fileno()), *commands],
                stdin=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                pass_fds=[theirs.fileno()],
            )
        self._owner = os.getpid()
        atexit.register(self.close)

    def start(self, program: Program, descriptors: Sequence[int]) -> None:
        message = json.dumps(program._asdict()).encode()
        with self._lock:
            socket.send_fds(self._control, [message], descriptors)

    def close(self) -> None:
        if os.getpid() == self._owner:
            self._control.close()
            self._process.wait()


@cache
def _interpreter() -> _Interpreter:
    return _Interpreter()
