"""The servers that are measured, each a process of its own, always ended."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from harness import documents, raw_client
from harness.machine import on_core

LONGEST_START = 30.0
BENCH = Path(__file__).resolve().parent.parent


class Server(NamedTuple):
    """A server that answers.

    Attributes:
        unix: ``unix://`` and a path.
        http: ``http://`` with host and port.
        pid: of its process.
    """

    unix: str
    http: str
    pid: int


@contextmanager
def daemon(
    definition: Path,
    folder: Path,
    *,
    core: int | None = None,
    arguments: Sequence[str] = (),
    tree: Path | None = None,
) -> Iterator[Server]:
    """Run `burgee serve` on a definition while the block runs.

    Args:
        folder: for its socket, its state and its log.
        core: the one that it may run on; None leaves it free.
        arguments: further ones.
        tree: a checkout whose daemon is run; None takes the one that is installed.
    """
    folder.mkdir(exist_ok=True)
    command = ["-m", "burgeed.cli", "serve", "--source", str(definition), "--listen", "127.0.0.1:0"]
    command += ["--socket", str(folder / "burgee.sock"), "--state-dir", str(folder / "state"), *arguments]
    paths = () if tree is None else (tree.resolve() / "daemon", tree.resolve() / "provider")
    with _running(command, folder / "daemon.log", core, paths) as server:
        _wait_until_ready(server, folder / "daemon.log")
        yield server


@contextmanager
def constant_server(single: bytes, bulk: bytes, folder: Path, *, core: int | None = None) -> Iterator[Server]:
    """Run the bare aiohttp application while the block runs.

    Args:
        single: body of the answer about any one flag.
        bulk: body of the answer about all.
    """
    (folder / "single.json").write_bytes(single)
    (folder / "bulk.json").write_bytes(bulk)
    command = ["-m", "harness.constant_server", "--socket", str(folder / "constant.sock")]
    command += ["--single", str(folder / "single.json"), "--bulk", str(folder / "bulk.json")]
    with _running(command, folder / "constant.log", core) as server:
        yield server


@contextmanager
def bare_fan_out(folder: Path, *, core: int | None = None) -> Iterator[Server]:
    """Run the bare aiohttp application that tells its subscribers what it is told, while the block runs."""
    command = ["-m", "harness.bare_fan_out", "--socket", str(folder / "fan_out.sock")]
    with _running(command, folder / "fan_out.log", core) as server:
        yield server


@contextmanager
def _running(
    command: Sequence[str], log_path: Path, core: int | None, paths: Sequence[Path] = ()
) -> Iterator[Server]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("BURGEE_", "XDG_"))}
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (*map(str, paths), str(BENCH), kept.get("PYTHONPATH"))))
    with log_path.open("wb") as log, on_core(core):
        process = subprocess.Popen(
            [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=kept
        )
    assert process.stdout is not None and process.stdin is not None
    try:
        ready, _, _ = select.select([process.stdout], [], [], LONGEST_START)
        line = process.stdout.readline() if ready else b""
        if not line:
            raise RuntimeError(f"{command} did not say that it serves\n{_end_of(log_path)}")
        said = json.loads(line)
        yield Server(f"unix://{said['socket']}", said["http"], said["pid"])
    finally:
        process.stdin.close()
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _end_of(log_path: Path) -> str:
    return log_path.read_text(errors="replace")[-2_000:]


def _wait_until_ready(server: Server, log_path: Path) -> None:
    until = time.monotonic() + LONGEST_START
    connection = raw_client.RawConnection(server.unix)
    while connection.exchange(raw_client.request("GET", server.unix, "/readyz")).status != 200:
        if time.monotonic() > until:
            raise RuntimeError(f"the daemon is not ready\n{_end_of(log_path)}")
        time.sleep(0.02)
    connection.close()


def answers(server: Server, targeting_key: str) -> tuple[bytes, bytes]:
    """What a daemon answers about the one flag and about all of them."""
    context = {"targetingKey": targeting_key, **documents.CONTEXT}
    connection = raw_client.RawConnection(server.unix)
    bodies = []
    for path in (f"{raw_client.EVALUATE}/{documents.ASKED}", raw_client.EVALUATE):
        answer = connection.exchange(raw_client.evaluation(server.unix, path, context))
        if answer.status != 200:
            raise RuntimeError(f"the daemon answered {answer.status}: {answer.body[:200]!r}")
        bodies.append(answer.body)
    connection.close()
    return bodies[0], bodies[1]
