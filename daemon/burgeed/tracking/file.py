"""A file of tracked events, one JSON object a line, written by a thread of its own.

Nobody waits for the disk: what the thread cannot write in time, or not at all, is counted and given up. The
file is not synced; it is a statistic, and no audit.
"""

from __future__ import annotations

import logging
import os
import stat
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from burgee.wire.tracking import TrackedEvent, write_event

MOST_WAITING = 50_000
"""Events that may wait for the disk; further ones are given up."""
LONGEST_CLOSE = 2.0
"""Seconds that ``close`` waits for the disk."""

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
_LONGEST_WAIT = 60.0

_log = logging.getLogger(__name__)


class EventFileUnusable(Exception):
    """The file cannot be opened for writing; the text, for a person, has its path."""


class EventFile:
    """Appends events to a file.

    Args:
        path: of a regular file, made where there is none, or of a device. Its mode is 0600, since it shows
            who did what.

    Raises:
        EventFileUnusable: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = _open(path)
        self._changed = threading.Condition()
        self._waiting: deque[Sequence[TrackedEvent]] = deque()
        self._size = 0
        self._reopening = False
        self._closing = False
        self._written = 0
        self._dropped = 0
        self._failed = 0
        self._error: str | None = None
        self._torn = False
        self._thread = threading.Thread(target=self._run, name="tracked-events", daemon=True)
        self._thread.start()

    def put(self, events: Sequence[TrackedEvent]) -> None:
        """Queue events; gives them up where too many wait already."""
        with self._changed:
            if self._closing or self._size + len(events) > MOST_WAITING:
                self._dropped += len(events)
                return
            self._waiting.append(events)
            self._size += len(events)
            self._changed.notify()

    def reopen(self) -> None:
        """Open the path anew, after what waits is written: a rotation moved the file away."""
        with self._changed:
            self._reopening = True
            self._changed.notify()

    def close(self) -> None:
        """Write what waits, for a while, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(LONGEST_CLOSE)
        if self._thread.is_alive():
            _log.warning("the file of tracked events is slow: the last ones are lost", extra=self._where())

    def report(self, *, full: bool) -> dict[str, Any]:
        """This as JSON has it; in full with the path and what is the matter."""
        with self._changed:
            report: dict[str, Any] = {
                "state": "writing" if self._error is None else "failing",
                "written": self._written,
                "waiting": self._size,
                "dropped": self._dropped,
                "failed": self._failed,
            }
            if full:
                report |= {"path": str(self._path), "why": self._error or ""}
            return report

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._is_wanted, _LONGEST_WAIT)
                waiting, self._waiting = self._waiting, deque()
                reopening, self._reopening = self._reopening, False
                closing = self._closing
            for events in waiting:
                self._write(events)
            if reopening:
                self._open_anew()
            if closing:
                break
        os.close(self._descriptor)

    def _is_wanted(self) -> bool:
        return bool(self._waiting) or self._reopening or self._closing

    def _write(self, events: Sequence[TrackedEvent]) -> None:
        try:
            lines = b"".join(write_event(event) + b"\n" for event in events)
            # What broke off in the middle of a line must not take the next one with it.
            left = memoryview(b"\n" + lines if self._torn else lines)
            while left:
                count = os.write(self._descriptor, left)
                left = left[count:]
                self._torn = bool(left)
        except Exception as error:
            self._settle(events, f"{self._path}: {getattr(error, 'strerror', None) or error}")
        else:
            self._torn = False
            self._settle(events, None)

    def _settle(self, events: Sequence[TrackedEvent], error: str | None) -> None:
        with self._changed:
            self._size -= len(events)
            if error is None:
                self._written += len(events)
            else:
                self._failed += len(events)
            before, self._error = self._error, error
        if error is not None and before is None:
            _log.error("tracked events cannot be written and are lost", extra={"why": error})
        elif error is None and before is not None:
            _log.info("tracked events are written again", extra=self._where())

    def _open_anew(self) -> None:
        try:
            descriptor = _open(self._path)
        except EventFileUnusable as error:
            _log.error(
                "the file of tracked events is not opened again: the old one is used on",
                extra={"why": str(error)},
            )
            return
        os.close(self._descriptor)
        self._descriptor, self._torn = descriptor, False

    def _where(self) -> dict[str, str]:
        return {"path": str(self._path)}


def _open(path: Path) -> int:
    try:
        descriptor = os.open(path, _FLAGS, 0o600)
    except OSError as error:
        raise EventFileUnusable(f"{path} cannot be opened for writing ({error.strerror})") from error
    mode = os.fstat(descriptor).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISCHR(mode)):
        os.close(descriptor)
        raise EventFileUnusable(f"{path} is neither a file nor a device")
    return descriptor
