"""Evaluating from the daemon's last snapshot, and keeping that current: without input or output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from openfeature.contrib.provider.burgee.clock import Clock, Random
from openfeature.contrib.provider.burgee.download import DOWNLOAD_DEADLINE, download
from openfeature.contrib.provider.burgee.last_snapshot import LastSnapshot

from burgee.client.errors import Unreachable
from burgee.client.following import Progress, longest_pause
from burgee.client.steps import Ask, Pause, Steps, Tell
from burgee.context import Context
from burgee.errors import SnapshotError
from burgee.evaluation import function_for
from burgee.resolution import ErrorCode, Resolution
from burgee.selector import Selector
from burgee.snapshot import Snapshot
from burgee.snapshot_bytes import read

CONCERNS: Final = ("generation.published",)
"""The events after which there is another snapshot to hold, or the same one answers differently."""


class Evaluator:
    """The last snapshot, and answers from it.

    Args:
        selector: which flag set to see.
        last: where it is kept for the next start; None keeps it nowhere.

    Attributes:
        snapshot: None before the first.
        is_current: whether it was the daemon's when the daemon was last heard.
    """

    def __init__(self, selector: str, last: LastSnapshot | None, clock: Clock) -> None:
        self._selector = Selector.parse(selector)
        self._last = last
        self._clock = clock
        self.is_current = False
        self.snapshot: Snapshot | None = last.read() if last is not None else None

    def take(self, data: bytes) -> Snapshot:
        """Hold a snapshot. Raises SnapshotError."""
        buffer = memoryview(data)
        snapshot = self.snapshot = read(buffer, whole=True)
        if self._last is not None:
            self._last.keep(buffer, snapshot.generation)
        return snapshot

    def evaluate(self, flag_key: str, context: Context) -> Resolution:
        """Answer at once; never raises."""
        snapshot = self.snapshot
        if snapshot is None:
            return Resolution.error(flag_key, ErrorCode.PROVIDER_NOT_READY, "there is no snapshot yet")
        why = ""
        try:
            if flag_key not in snapshot.needs_daemon:
                return function_for(snapshot, flag_key, self._selector)(context, self._clock.wall())
        except SnapshotError as error:
            why = f": {error}"
        message = f"only the daemon can evaluate this flag{why}"
        return Resolution.error(flag_key, ErrorCode.PROVIDER_NOT_READY, message)

    def close(self) -> None:
        """Write what is still to be written."""
        if self._last is not None:
            self._last.close()


def keep_current(
    following: Steps,
    evaluator: Evaluator,
    progress: Progress,
    *,
    token: str,
    random: Random,
    became_current: Callable[[], None],
) -> Steps:
    """Follow, and download the snapshot whenever there is another one.

    Args:
        following: tells resets and publications; tells nobody else.
        became_current: called after each download.
    """
    outcome = None
    step = next(following)
    while True:
        if isinstance(step, Tell):
            evaluator.is_current = False
            yield from _renew(evaluator, progress, token, random)
            evaluator.is_current = True
            became_current()
            step = following.send(None)
            continue
        try:
            outcome = yield step
        except Unreachable as failure:
            step = following.throw(failure)
        else:
            step = following.send(outcome)


def _renew(evaluator: Evaluator, progress: Progress, token: str, random: Random) -> Steps:
    """Download until it is done."""
    failures = 0
    while True:
        held = evaluator.snapshot.generation if evaluator.snapshot is not None else None
        try:
            data = yield Ask(download(token, held), DOWNLOAD_DEADLINE)
            if data is not None:
                evaluator.take(data)
            return
        except (Unreachable, SnapshotError) as failure:
            progress.diagnosis = f"the snapshot cannot be had: {failure}"
        failures += 1
        yield Pause(random.uniform(0, longest_pause(failures)))
