"""Sharing: what readers find is the newest snapshot or none, and the heart beats only while that is so."""

from __future__ import annotations

import asyncio
import errno
import itertools
import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from burgee.generation import Generation
from burgeed.clock import SystemClock
from burgeed.store import sharing as module
from burgeed.store.directory import DirectoryUnusable
from burgeed.store.permissions import Permissions
from burgeed.store.shared_directory import SharedDirectory
from burgeed.store.sharing import Sharing

ONE, TWO = Generation("epoch", 1), Generation("epoch", 2)


class Shared:
    """A sharing over a real directory whose disk fails when it is told to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.opened: list[SharedDirectory] = []
        self.unusable = ""
        self.sharing = Sharing(self.open, SystemClock())

    def open(self) -> SharedDirectory:
        if self.unusable:
            raise DirectoryUnusable(self.unusable)
        self.opened.append(SharedDirectory(self.path, Permissions()))
        return self.opened[-1]

    @property
    def directory(self) -> SharedDirectory:
        return self.opened[-1]

    def current(self) -> bytes | None:
        path = self.path / "snapshots" / "current"
        return path.read_bytes() if path.is_symlink() else None

    def beats(self) -> bool:
        """Whether a beat is seen when there should be one."""
        before = self.directory.head.heartbeat
        self.sharing.beat()
        return self.directory.head.heartbeat != before


@pytest.fixture
async def shared(tmp_path: Path) -> Shared:
    shared = Shared(tmp_path)
    await shared.sharing.open()
    return shared


def full(*arguments: object, **options: object) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def test_a_shared_snapshot_is_current_before_the_head_moves(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes | None] = []
    move = shared.directory.head.move

    def looking() -> None:
        seen.append(shared.current())
        move()

    monkeypatch.setattr(shared.directory.head, "move", looking)
    before = shared.directory.head.sequence
    await shared.sharing.share(ONE, b"one")
    assert seen == [b"one"] and shared.directory.head.sequence == before + 1
    assert shared.sharing.state == "shared" and shared.sharing.report()["file"].endswith("epoch-1.snapshot")


async def test_the_heart_begins_to_beat_with_the_first_snapshot(shared: Shared) -> None:
    before = shared.beats()
    await shared.sharing.share(ONE, b"one")
    assert (before, shared.beats()) == (False, True)


async def test_the_heart_beats_twice_a_second(shared: Shared) -> None:
    await shared.sharing.share(ONE, b"one")
    head, loop = shared.directory.head, asyncio.get_running_loop()
    beating = asyncio.create_task(shared.sharing.keep_beating())
    times = []
    async with asyncio.timeout(10):
        for _ in range(4):
            seen = head.heartbeat
            while head.heartbeat == seen:
                await asyncio.sleep(0.005)
            times.append(loop.time())
    beating.cancel()
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[1:])]
    assert 0.25 < sum(gaps) / len(gaps) < 3


async def test_what_cannot_be_written_leaves_no_older_one_current_and_readers_are_told(
    shared: Shared, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await shared.sharing.share(ONE, b"one")
    before = shared.directory.head.sequence
    with monkeypatch.context() as patched:
        patched.setattr(shared.directory.files, "write", full)
        with caplog.at_level(logging.WARNING):
            await shared.sharing.share(TWO, b"two")
            await shared.sharing.look_after()
            await shared.sharing.look_after()
    assert shared.current() is None and shared.directory.head.sequence > before and shared.beats()
    assert shared.sharing.report()["why"] == "No space left on device" and shared.sharing.failing
    assert [record.getMessage() for record in caplog.records] == [
        "the snapshot is not shared, readers have to ask the daemon"
    ]


async def test_it_recovers_when_it_is_tried_again(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(shared.directory.files, "write", full)
        await shared.sharing.share(ONE, b"one")
    before = shared.directory.head.sequence
    await shared.sharing.look_after()
    assert shared.current() == b"one" and shared.directory.head.sequence == before + 1
    assert (shared.sharing.state, shared.sharing.failing) == ("shared", False)


async def test_it_recovers_with_the_next_snapshot(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(shared.directory.files, "write", full)
        await shared.sharing.share(ONE, b"one")
    await shared.sharing.share(TWO, b"two")
    assert shared.current() == b"two" and not shared.sharing.failing


async def test_the_heart_stops_where_an_old_snapshot_cannot_be_withdrawn(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shared.sharing.share(ONE, b"one")
    with monkeypatch.context() as patched:
        patched.setattr(shared.directory.files, "write", full)
        patched.setattr(shared.directory.files, "withdraw", full)
        await shared.sharing.share(TWO, b"two")
        stuck = (shared.current(), shared.beats())
    await shared.sharing.look_after()
    assert stuck == (b"one", False) and shared.current() == b"two" and shared.beats()


async def test_a_snapshot_without_bytes_withdraws_the_old_one(shared: Shared) -> None:
    await shared.sharing.share(ONE, b"one")
    await shared.sharing.share(TWO, None)
    assert shared.current() is None and shared.sharing.state == "failing"


async def test_a_directory_that_cannot_be_had_is_tried_again_and_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shared = Shared(tmp_path)
    shared.unusable = "there is no room"
    with caplog.at_level(logging.WARNING):
        await shared.sharing.open()
        await shared.sharing.share(ONE, b"one")
    assert [record.__dict__["why"] for record in caplog.records] == ["there is no room"]
    failing = shared.sharing.failing
    shared.unusable = ""
    await shared.sharing.look_after()
    assert failing and shared.current() == b"one" and not shared.sharing.failing


async def test_what_somebody_removed_is_shared_again_and_warned_of(
    shared: Shared, caplog: pytest.LogCaptureFixture
) -> None:
    await shared.sharing.share(ONE, b"one")
    shutil.rmtree(shared.path / "snapshots")
    before = shared.directory.head.sequence
    with caplog.at_level(logging.WARNING):
        await shared.sharing.look_after()
        await shared.sharing.look_after()
    assert shared.current() == b"one" and shared.directory.head.sequence == before + 1
    assert [record.getMessage() for record in caplog.records] == [
        "the shared snapshot was removed, and is shared again"
    ]


async def test_what_is_in_its_place_is_left_alone(shared: Shared) -> None:
    await shared.sharing.share(ONE, b"one")
    before = shared.directory.head.sequence
    await shared.sharing.look_after()
    assert shared.directory.head.sequence == before


class HungDisk:
    """A disk that does not answer until it is let go."""

    def __init__(self, write: Callable[[Generation, bytes], Path]) -> None:
        self.write_really = write
        self.let_go = threading.Event()

    def write(self, generation: Generation, data: bytes) -> Path:
        assert self.let_go.wait(30)
        return self.write_really(generation, data)


async def test_a_hung_disk_costs_a_bounded_wait_and_then_none(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_WRITE", 1.0)
    await shared.sharing.share(ONE, b"one")
    disk = HungDisk(shared.directory.files.write)
    monkeypatch.setattr(shared.directory.files, "write", disk.write)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await shared.sharing.share(TWO, b"two")
    waited = loop.time() - started
    started = loop.time()
    await shared.sharing.share(Generation("epoch", 3), b"three")
    waited_again = loop.time() - started
    silent = not shared.beats()
    disk.let_go.set()
    async with asyncio.timeout(10):
        while shared.sharing.failing:
            await shared.sharing.look_after()
            await asyncio.sleep(0.01)
    assert 0.9 < waited < 5 and waited_again < 0.8 and silent
    assert shared.current() == b"three" and shared.beats()


async def test_the_directory_stays_ours_while_a_write_in_it_is_under_way(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_WRITE", 0.05)
    disk = HungDisk(shared.directory.files.write)
    monkeypatch.setattr(shared.directory.files, "write", disk.write)
    await shared.sharing.share(ONE, b"one")
    await shared.sharing.close(0.05)
    with pytest.raises(DirectoryUnusable, match="another daemon"):
        SharedDirectory(shared.path, Permissions())
    disk.let_go.set()
    await shared.sharing.close(10)
    SharedDirectory(shared.path, Permissions()).close()


async def test_nothing_of_the_disk_is_touched_in_the_event_loops_thread(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set()
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        threads.add(threading.current_thread())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    await shared.sharing.share(ONE, b"one")
    await shared.sharing.share(TWO, None)
    assert threads and threading.current_thread() not in threads
