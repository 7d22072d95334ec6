"""The last snapshot on disk, kept up to date for the next start."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from pathlib import Path
from typing import Final

from burgee.errors import SnapshotError
from burgee.generation import Generation
from burgee.snapshot import Snapshot
from burgee.snapshot_bytes import HEADER_LIMIT

from .clock import Clock, Random
from .evaluator import read, read_header
from .shared.place import Refused, open_trusted

SPREAD: Final = 0.5
"""Seconds within which the processes of one application write: most then find that another one has."""
REST: Final = 10.0
"""Seconds between two writings."""
JOIN_TIME: Final = 1.0

_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class LastSnapshot:
    """One file, written whole or not at all, by a thread that ends when there is nothing left to write.

    Args:
        path: of the file; its directory has to be there.
        clock: for the pauses.
        random: for jitter.
    """

    def __init__(self, path: Path, clock: Clock, random: Random) -> None:
        self._path = path
        self._clock = clock
        self._random = random
        self._lock = threading.Lock()
        self._kept: Generation | None = None
        self._pending: tuple[memoryview, Generation] | None = None
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._logged = ""

    def read(self) -> Snapshot | None:
        """The snapshot on disk; None where there is none, or, with a line in the log, no usable one."""
        try:
            descriptor = self._open()
            with os.fdopen(descriptor, "rb") as file:
                return read(memoryview(file.read()), whole=True)
        except Refused as refusal:
            if refusal.fault != "absent":
                self._log(f"last_snapshot {refusal}: it is not used")
        except (SnapshotError, OSError) as error:
            self._log(f"last_snapshot {self._path} is not used: {error}")
        return None

    def keep(self, data: memoryview, generation: Generation) -> None:
        """Have a newer snapshot written soon, by a thread of its own."""
        with self._lock:
            if generation == self._kept:
                return
            self._pending = (data, generation)
            if self._thread is None:
                self._closing.clear()
                self._thread = threading.Thread(target=self._run, name="burgee-last-snapshot", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Write at once what is still to be written."""
        self._closing.set()
        thread = self._thread
        if thread is not None:
            thread.join(JOIN_TIME)

    def after_fork(self) -> None:
        """In a forked child: the parent writes what it was about to write."""
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = None
        self._pending = None

    def _run(self) -> None:
        pause = self._random.uniform(0, SPREAD)
        while True:
            self._clock.wait(self._closing, pause)
            with self._lock:
                pending, self._pending = self._pending, None
                if pending is None:
                    self._thread = None
                    return
            self._write(*pending)
            pause = REST

    def _write(self, data: memoryview, generation: Generation) -> None:
        try:
            if self._generation_on_disk() != generation:
                self._replace(data)
            self._kept = generation
            self._logged = ""
        except OSError as error:
            self._log(f"last_snapshot {self._path} cannot be written: {error.strerror or error}")

    def _replace(self, data: memoryview) -> None:
        descriptor, aside = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                written = 0
                while written < len(data):
                    written += file.write(data[written:])
                os.fsync(descriptor)
            Path(aside).replace(self._path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise

    def _generation_on_disk(self) -> Generation | None:
        try:
            descriptor = self._open()
            with os.fdopen(descriptor, "rb") as file:
                return read_header(memoryview(file.read(HEADER_LIMIT))).generation
        except (Refused, SnapshotError):
            return None

    def _open(self) -> int:
        """Open the file, which the superuser too may have put there."""
        try:
            return open_trusted(self._path, os.geteuid())[0]
        except Refused as refusal:
            if refusal.fault != "owner":
                raise
            return open_trusted(self._path, 0)[0]

    def _log(self, message: str) -> None:
        if message != self._logged:
            self._logged = message
            _logger.warning("%s", message)
