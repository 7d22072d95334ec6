"""An interpreter that has imported modules ahead, and becomes one program after another by forking.

Run as ``warm_interpreter.py DESCRIPTOR MODULE...``; the descriptor is a Unix socket of sequenced packets.
Each is a request: JSON of the fields of :class:`Program`, with four descriptors, which become the program's
standard input, output and error, and the pipe on which its process id and then its exit code are reported, a
line each. It ends when nobody holds the socket's other end any more.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from pathlib import Path
from typing import NamedTuple

REQUEST_SIZE = 1 << 17
"""Bytes of one request at most."""


class Program(NamedTuple):
    """What to become.

    Attributes:
        module: the name after ``-m``; empty for a script.
        arguments: of the process, a script's path first.
        environment: the whole of it.
        directory: to work in.
    """

    module: str
    arguments: list[str]
    environment: dict[str, str]
    directory: str


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    for name in sys.argv[2:]:
        # A module that cannot be imported fails in the programs that need it, and says so there.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    # What is there stays: collecting it in each program anew would only copy its pages.
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    program = _until_forked(control)
    if program is not None:
        _run(program)


def _until_forked(control: socket.socket) -> Program | None:
    """Start a process for each request and report how each ends.

    Returns:
        In each process that is started, what it is to run; here, None when there is no more to do.
    """
    running: dict[int, tuple[int, int]] = {}
    waiting = select.poll()
    waiting.register(control, select.POLLIN)
    while True:
        for descriptor, _ in waiting.poll():
            if descriptor in running:
                waiting.unregister(descriptor)
                _report_end(descriptor, *running.pop(descriptor))
                continue
            message, descriptors, _, _ = socket.recv_fds(control, REQUEST_SIZE, 4)
            if not message:
                return None
            *standard, report = descriptors
            pid = os.fork()
            if not pid:
                control.detach()
                for number, descriptor in enumerate(standard):
                    os.dup2(descriptor, number)
                os.closerange(3, os.sysconf("SC_OPEN_MAX"))
                return Program(**json.loads(message))
            for descriptor in standard:
                os.close(descriptor)
            os.write(report, f"{pid}\n".encode())
            end = os.pidfd_open(pid)
            running[end] = pid, report
            waiting.register(end, select.POLLIN)


def _report_end(end: int, pid: int, report: int) -> None:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(end)
    with contextlib.suppress(BrokenPipeError):
        os.write(report, f"{code}\n".encode())
    os.close(report)


def _run(program: Program) -> None:
    """What Python does with a command line; the program's end is this process's."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(program.directory)
    os.environ.clear()
    os.environ.update(program.environment)
    sys.argv[:] = ["-m", *program.arguments] if program.module else program.arguments
    if program.module:
        sys.path[0] = program.directory
        runpy.run_module(program.module, run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(program.arguments[0]).resolve().parent)
        runpy.run_path(program.arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
