"""A definition that is saved over and over, and everyone who is to notice."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from openfeature.event import EventDetails, ProviderEvent
from watchfiles import watch

from harness import clients
from harness.documents import PLACEHOLDER, SAVED

LONGEST = 20.0
"""Seconds after which a save that nobody noticed ends the benchmark."""

ASKED_EVERY = 0.001
"""Seconds between two evaluations while the new value is waited for."""

DEBOUNCE_MS, STEP_MS = 50, 10
"""Of the bare watcher: those that the daemon's own watch has."""


class Seen(NamedTuple):
    """Milliseconds from the end of a save (the rename, or the closing of the file).

    Attributes:
        watcher: until watchfiles, watching the directory in this process, woke its caller.
        handler: until the application's handler of PROVIDER_CONFIGURATION_CHANGED ran.
        evaluation: until an evaluation had given the new value.
    """

    watcher: float
    handler: float
    evaluation: float


class SavedDefinition:
    """A definition file, its watcher and a client of the daemon that serves it.

    Args:
        path: of the file, which is there.
        content: its bytes, with the placeholder in them.
        client: of the daemon.
    """

    def __init__(self, path: Path, content: bytes, client: clients.Client) -> None:
        self._path = path
        self._before, self._after = content.split(PLACEHOLDER.encode())
        self._client = client
        self._saves = 0
        self._watcher = _Moment()
        self._handler = _Moment()

    @contextmanager
    def noticed(self) -> Iterator[None]:
        """Listen while the block runs."""
        # Never removed: the SDK forgets all handlers when it is shut down, and raises if asked to then.
        client, stop = self._client.client, threading.Event()
        client.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, self._changed)
        standing = threading.Event()
        thread = threading.Thread(target=self._watch, args=(stop, standing), daemon=True)
        thread.start()
        standing.wait(LONGEST)
        try:
            yield
        finally:
            stop.set()
            thread.join(LONGEST)

    def save(self, *, rename: bool) -> Seen:
        """Save the next value and wait until everyone has seen it.

        Args:
            rename: write another file and rename it over this one; otherwise write into this one.
        """
        self._saves += 1
        value = f"save-{self._saves:06d}"
        content = self._before + value.encode() + self._after
        aside = self._path.parent.parent / "aside"
        if rename:
            # Flushed, or else the rename itself would wait for the disk after everyone was told of it.
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        self._watcher.clear()
        self._handler.clear()
        if rename:
            os.replace(aside, self._path)
        else:
            self._path.write_bytes(content)
        saved = time.perf_counter()
        evaluated = self._wait_for_value(value)
        return Seen(*(1e3 * (at - saved) for at in (self._watcher.wait(), self._handler.wait(), evaluated)))

    def _wait_for_value(self, value: str) -> float:
        context = clients.evaluation_context()
        until = time.perf_counter() + LONGEST
        while self._client.client.get_string_value(SAVED, "", context) != value:
            if time.perf_counter() > until:
                raise RuntimeError(f"{self._path}: nobody saw {value} within {LONGEST:g} s")
            time.sleep(ASKED_EVERY)
        return time.perf_counter()

    def _changed(self, details: EventDetails) -> None:
        if details.flags_changed is None or SAVED in details.flags_changed:
            self._handler.set()

    def _watch(self, stop: threading.Event, standing: threading.Event) -> None:
        for changes in watch(
            self._path.parent,
            watch_filter=None,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            rust_timeout=50,
            yield_on_timeout=True,
            recursive=False,
            stop_event=stop,
        ):
            if changes:
                self._watcher.set()
            standing.set()


class _Moment:
    """When something happened first since it was cleared."""

    def __init__(self) -> None:
        self._happened = threading.Event()
        self._at = 0.0

    def clear(self) -> None:
        self._happened.clear()

    def set(self) -> None:
        if not self._happened.is_set():
            self._at = time.perf_counter()
            self._happened.set()

    def wait(self) -> float:
        if not self._happened.wait(LONGEST):
            raise RuntimeError(f"a save went unnoticed for {LONGEST:g} s")
        return self._at
