"""The real daemon as a process of its own, always ended; and the real command, run to its end."""

from __future__ import annotations

import http.client
import json
import os
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from tests.support.warm_process import WarmProcess, is_possible

REPOSITORY = Path(__file__).resolve().parents[2]

LONGEST_START = 60.0
"""Seconds until the daemon's line of JSON must have come; generous, since tests share two cores."""

_CLOCKED = Path(__file__).with_name("clocked_daemon.py")


class Response(NamedTuple):
    """What the daemon answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass
class RunningDaemon:
    """A daemon that serves.

    Attributes:
        line: its line of JSON.
        socket: the Unix socket's path.
        http: ``http://HOST:PORT`` or ``https://HOST:PORT``, None where it listens on the socket alone.
        management: the same for health only.
        pid: of the process that serves.
        log_path: what it writes to standard error.
    """

    process: subprocess.Popen[bytes] | WarmProcess
    line: dict[str, Any]
    log_path: Path

    @property
    def socket(self) -> str:
        return str(self.line["socket"])

    @property
    def http(self) -> str | None:
        return self.line["http"]  # type: ignore[no-any-return]

    @property
    def management(self) -> str | None:
        return self.line["management"]  # type: ignore[no-any-return]

    @property
    def pid(self) -> int:
        return int(self.line["pid"])

    @property
    def log(self) -> str:
        """What it has written to standard error so far."""
        return self.log_path.read_text()

    def connect(
        self, *, over: str | None = None, timeout: float = 10.0, tls: ssl.SSLContext | None = None
    ) -> http.client.HTTPConnection:
        """A connection over the Unix socket, or to an ``http://HOST:PORT`` or ``https://HOST:PORT``."""
        if over is None:
            return connect_to_unix_socket(self.socket, timeout)
        host, _, port = over.rpartition("//")[2].rpartition(":")
        if over.startswith("https://"):
            return http.client.HTTPSConnection(host.strip("[]"), int(port), timeout=timeout, context=tls)
        return http.client.HTTPConnection(host.strip("[]"), int(port), timeout=timeout)

    def request(
        self,
        method: str,
        path: str,
        message: object | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        over: str | None = None,
        timeout: float = 10.0,
        tls: ssl.SSLContext | None = None,
    ) -> Response:
        """One exchange; ``message`` is sent as JSON."""
        connection = self.connect(over=over, timeout=timeout, tls=tls)
        try:
            body = None if message is None else json.dumps(message).encode()
            sent = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, body, {**sent, **(headers or {})})
            response = connection.getresponse()
            return Response(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def evaluate(self, key: str, context: Mapping[str, Any] | None = None, **how: Any) -> Any:
        """The body of a single evaluation's answer."""
        path = f"/ofrep/v1/evaluate/flags/{key}"
        return self.request("POST", path, {"context": dict(context or {})}, **how).document

    def status(self) -> Any:
        """The body of ``/status``."""
        return self.request("GET", "/status").document

    def wait_ready(self, seconds: float = LONGEST_START) -> None:
        """Wait until evaluations are answered."""
        self.wait_until(lambda: self.request("GET", "/readyz").status == 200, seconds)

    def wait_until(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        """Wait until something holds; an AssertionError with the daemon's log where it does not in time."""
        wait_until(condition, seconds, lambda: self.log)

    def signal(self, number: int) -> None:
        """Send a signal to it."""
        os.kill(self.pid, number)

    def wait(self, seconds: float = 12.0) -> int:
        """Wait for its end and return the exit code."""
        return self.process.wait(seconds)


def connect_to_unix_socket(path: str, timeout: float) -> http.client.HTTPConnection:
    """HTTP over a Unix socket, which is connected to with the first request."""
    return _UnixConnection(path, timeout)


def wait_until(
    condition: Callable[[], object], seconds: float = 20.0, explain: Callable[[], str] = str
) -> None:
    """Wait until something holds; an AssertionError where it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"it did not come about within {seconds} s\n{explain()}"
        time.sleep(0.01)


def clean_environment(**variables: str) -> dict[str, str]:
    """This process's environment without anything that the daemon or the command would follow."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("BURGEE_", "XDG_"))}
    return {**kept, **variables}


@contextmanager
def running_daemon(
    tmp_path: Path,
    *arguments: object,
    clock_file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    states_directory: bool = True,
    fresh: bool = False,
) -> Iterator[RunningDaemon]:
    """Run a daemon while the block runs, on a socket and a free port of its own.

    Args:
        tmp_path: for its socket, its state and its log; one daemon at a time.
        arguments: of `burgee`; without `up` or `serve` in front, of `burgee serve`. ``--socket``,
            ``--listen`` and ``--state-dir`` are added where they are not stated.
        clock_file: Unix seconds as text, which the daemon takes for the time; see clocked_daemon.
        environment: of the process; a clean one where there is none.
        states_directory: whether ``--state-dir`` is among what is added.
        fresh: whether its interpreter has to be a new one; see `tests.support.warm_process`.
    """
    stated = [str(argument) for argument in arguments]
    command = [] if stated[:1] in (["up"], ["serve"]) else ["serve"]
    for option, value in (
        ("--socket", str(tmp_path / "burgee.sock")),
        ("--listen", "127.0.0.1:0"),
        ("--state-dir", str(tmp_path / "state")),
    ):
        if option == "--state-dir" and not states_directory:
            continue
        if not any(argument.split("=")[0] == option for argument in stated):
            stated += [option, value]
    log_path = tmp_path / "daemon.log"
    with log_path.open("ab") as log:
        process = _start(
            [*_program(clock_file), *command, *stated],
            environment,
            stdout=subprocess.PIPE,
            stderr=log,
            fresh=fresh,
        )
    try:
        yield RunningDaemon(process, _read_line(process, log_path), log_path)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _program(clock_file: Path | None) -> list[str]:
    return ["-m", "burgeed.cli"] if clock_file is None else [str(_CLOCKED), str(clock_file)]


def _start(
    arguments: Sequence[str],
    environment: Mapping[str, str] | None,
    *,
    stdout: IO[bytes] | int,
    stderr: IO[bytes],
    cwd: Path | None = None,
    fresh: bool = False,
) -> subprocess.Popen[bytes] | WarmProcess:
    environment = clean_environment() if environment is None else dict(environment)
    if not fresh and is_possible(environment):
        return WarmProcess(arguments, environment=environment, stdout=stdout, stderr=stderr, cwd=cwd)
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        env=environment,
        cwd=cwd,
    )


def _read_line(process: subprocess.Popen[bytes] | WarmProcess, log_path: Path) -> dict[str, Any]:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], LONGEST_START)
    line = process.stdout.readline() if ready else b""
    assert line, f"the daemon did not say that it serves\n{log_path.read_text()}"
    return json.loads(line)  # type: ignore[no-any-return]


def run_command(
    *arguments: object,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    seconds: float = 60.0,
    clock_file: Path | None = None,
    fresh: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run `burgee` to its end, its output kept in files."""
    program = [*_program(clock_file), *map(str, arguments)]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = _start(program, environment, stdout=output, stderr=errors, cwd=cwd, fresh=fresh)
        try:
            code = process.wait(seconds)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        said = []
        for file in (output, errors):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess(program, code, *said)
