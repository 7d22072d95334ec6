"""Many random lives of a file, against what may be seen of it and how soon."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.sources.following import SOON, Following, eventually, followed
from tests.daemon.sources.schedules import Schedule

from burgeed.reading.process import ReaderProcess
from burgeed.sources import taking
from burgeed.sources.following import GONE_AFTER
from burgeed.sources.lease import Writer
from burgeed.sources.settling import QUIET

LANES = 12
"""How many lives go on at once."""

SEED = int(os.environ.get("BURGEE_TEST_SEED", "0"))


class Expectations:
    """What must hold of one life."""

    def __init__(self, schedule: Schedule, following: Following) -> None:
        self._schedule = schedule
        self._given = following.reader.given
        self._sink = following.sink
        self._stood_still = -1

    async def hold(self) -> float:
        """Check the end of the life; return the seconds until its last content was served."""
        content = self._schedule.content
        expected = self._schedule.documents.get(content) if content is not None else None
        if expected is not None:
            return await self._sink.serves(expected)
        await eventually(lambda: self._sink.state in self._refusals(content), SOON + GONE_AFTER)
        assert self._last_served() >= self._stood_still, "what stood for a second is not served any more"
        return 0.0

    async def after_standing_still(self) -> None:
        """What is at the path has been there for a second, and nothing happens until it is served."""
        content = self._schedule.content
        expected = self._schedule.documents.get(content) if content is not None else None
        if expected is not None:
            await self._sink.serves(expected)
            self._stood_still = self._last_served()

    def only_whole_documents_were_read(self) -> None:
        """No content that was not there as a whole at one time."""
        halves = {file.content for files in self._given for file in files} - set(self._schedule.documents)
        assert not halves, f"half a document: {halves}"

    def _refusals(self, content: bytes | None) -> set[str]:
        if content is None and not self._schedule.path.is_dir():
            return {"absent"}
        return {"rejected", "absent"} if content == b"" else {"rejected"}

    def _last_served(self) -> int:
        return max((int(str(mark)[1:]) for mark in self._sink.served.values()), default=-1)


async def live(base: Path, seed: int, reader: Any, longest_pause: float) -> tuple[float, Schedule]:
    """Let one life go by, and check it; return how soon its end was served.

    Args:
        longest_pause: where a half stood so many seconds or longer, it may have been taken for whole.
    """
    schedule = Schedule(base, seed)
    async with followed(schedule.followed, reader) as following:
        expectations = Expectations(schedule, following)
        try:
            await schedule.live(expectations.after_standing_still)
            took = await expectations.hold()
            if schedule.longest_pause < longest_pause:
                expectations.only_whole_documents_were_read()
        except AssertionError as failure:
            story = ", ".join(schedule.log)
            raise AssertionError(
                f"BURGEE_TEST_SEED={seed} ({schedule.layout}: {story}): {failure}"
            ) from failure
    shutil.rmtree(base)
    return took, schedule


async def live_all(
    base: Path, count: int, reader: Any, longest_pause: float = float("inf")
) -> list[tuple[float, Schedule]]:
    """Let many lives go by, several at once."""
    lanes = asyncio.Semaphore(LANES)

    async def in_lane(seed: int) -> tuple[float, Schedule]:
        async with lanes:
            return await live(base / str(seed), seed, reader, longest_pause)

    lives = await asyncio.gather(*(in_lane(SEED + number) for number in range(count)), return_exceptions=True)
    failures = [life for life in lives if isinstance(life, BaseException)]
    if failures:
        told = "\n".join(str(failure)[:2000] for failure in failures[:5])
        raise AssertionError(f"{len(failures)} of {count} lives went wrong:\n{told}") from failures[0]
    return [life for life in lives if not isinstance(life, BaseException)]


def report(lives: list[tuple[float, Schedule]], start: float) -> None:
    took = sorted(seconds for seconds, _ in lives if seconds)
    deeds = sum(len(schedule.log) for _, schedule in lives)
    median, most, worst = took[len(took) // 2], took[len(took) * 99 // 100], took[-1]
    print(f"{len(lives)} lives from seed {SEED}, {deeds} deeds, {time.monotonic() - start:.0f} s;")
    print(f"the last was served after: median {median:.3f} s, 99 % {most:.3f} s, worst {worst:.3f} s")


@pytest.mark.timeout(300)
async def test_only_whole_documents_are_read_and_the_last_is_soon_served(
    tmp_path: Path, reader: ReaderProcess
) -> None:
    start = time.monotonic()
    report(await live_all(tmp_path, 80, reader), start)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_only_whole_documents_are_read_in_many_more_lives(
    tmp_path: Path, reader: ReaderProcess
) -> None:
    start = time.monotonic()
    report(await live_all(tmp_path, 400, reader), start)


@pytest.mark.long  # writers have to keep their pace, which other tests beside them would spoil
@pytest.mark.timeout(300)
async def test_the_same_holds_where_the_writers_are_unknown(
    tmp_path: Path, reader: ReaderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "writer_of", lambda _: Writer.UNKNOWN)
    start = time.monotonic()
    lives = await live_all(tmp_path, 60, reader, QUIET)
    report(lives, start)
    # On a machine so slow that writers pause longer than they mean to, nothing would be left to check.
    assert sum(schedule.longest_pause < QUIET for _, schedule in lives) > 30
