"""Whether a child process is alive, and its end."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import Process
from contextlib import suppress
from typing import Final

_GRACE: Final = 1.0
"""Seconds that a process whose input has ended may take to end by itself."""


def end(process: Process) -> None:
    """Kill a process that is alive; let go of one that is not."""
    if is_alive(process):
        _kill(process)
    elif process.stdin is not None:
        process.stdin.close()


def is_alive(process: Process) -> bool:
    """Whether a process has not ended yet, though the event loop may not have noticed.

    Its exit status is left for the event loop: ``Process.kill`` would take it from an ended process.
    """
    if process.returncode is not None:
        return False
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False


async def gone(process: Process) -> int:
    """Wait until a process that should be ending has ended; returns its exit status."""
    try:
        async with asyncio.timeout(_GRACE):
            status = await process.wait()
    except TimeoutError:
        _kill(process)
        status = await process.wait()
    if process.stdout is not None:
        await _drain(process.stdout)
    return status


async def _drain(output: asyncio.StreamReader) -> None:
    """Read what nobody wants: asyncio keeps a pipe that is not read out open, beyond its loop's end."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_GRACE):
            while await output.read(65_536):
                pass


def _kill(process: Process) -> None:
    try:
        process.kill()
    except ProcessLookupError:
        pass
