"""How long content has to stand where the writers are unknown, by a clock that the test moves."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from burgeed.sources import settling, taking
from burgeed.sources.lease import Writer
from burgeed.sources.settling import QUIET, SettlingFile
from burgeed.sources.taking import Taken

PAUSES = (0.0, 0.01, QUIET / 2, QUIET - 0.001, QUIET, 1.5 * QUIET)
ROUNDING = 1e-9


class SlowlyTaken:
    """A file that somebody writes line by line, at any time, also while it is being taken.

    Attributes:
        now: the time.
        stood: for how long what was taken last had stood there by then.
    """

    def __init__(self, path: Path, chance: Random) -> None:
        self.now = 100.0
        self.stood = 0.0
        self._path = path
        self._chance = chance
        self._written_at = self.now
        self._path.write_text("")

    def let_time_pass(self) -> None:
        """Wait, and perhaps write."""
        self.now += self._chance.choice(PAUSES)
        if self._chance.random() < 0.3:
            with self._path.open("a") as file:
                file.write("line\n")
            self._written_at = self.now
            self.now += self._chance.choice(PAUSES)

    def take(self, path: str, limit: int) -> Taken | None:
        """Take it, however long it has to wait for a thread before and after."""
        self.let_time_pass()
        taken = taking.take(path, limit)
        self.stood = self.now - self._written_at
        self.let_time_pass()
        return taken


@pytest.mark.parametrize("seed", range(20))
def test_what_unknown_writers_wrote_is_whole_only_after_it_stood_for_the_settling_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    slowly = SlowlyTaken(tmp_path / "flags.yaml", Random(seed))
    monkeypatch.setattr(taking, "writer_of", lambda _: Writer.UNKNOWN)
    monkeypatch.setattr(settling, "take", slowly.take)
    file = SettlingFile(str(tmp_path / "flags.yaml"), 10_000, lambda: slowly.now)
    taken_over = 0
    for _ in range(200):
        slowly.let_time_pass()
        before = file.content
        file.look()
        if file.content is not None and (before is None or before.digest != file.content.digest):
            taken_over += 1
            assert slowly.stood >= QUIET - ROUNDING
    assert taken_over > 5
