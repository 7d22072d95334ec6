"""Killed at any moment, a daemon leaves what can be read, and the next one goes on where its readers are."""

from __future__ import annotations

import mmap
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from burgee.generation import Generation
from burgee.snapshot_bytes import read
from burgee.wire.head import HEAD_SIZE, MAGIC, VERSION
from tests.support.daemon import REPOSITORY, clean_environment

PROGRAM = REPOSITORY / "tests" / "support" / "publishing_process.py"


def publish_and_kill(directory: Path, after: float) -> bool:
    """Let a daemon publish for ``after`` seconds beyond its first generation; before it, where negative.

    Returns:
        Whether it said that its first generation can be read.
    """
    environment = clean_environment(PYTHONPATH=str(REPOSITORY))
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), str(directory)], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        if after < 0:
            seen = newest(directory)
            until = time.monotonic() + 30
            while newest(directory) == seen and not list((directory / "snapshots").glob("*.new")):
                assert process.poll() is None and time.monotonic() < until
        else:
            assert process.stdout.readline() == b"published\n"
            time.sleep(after)
        process.kill()
    return after >= 0


def newest(directory: Path) -> Generation | None:
    """The generation that a reader would find; an exception where it would find something broken."""
    try:
        data = (directory / "snapshots" / "current").read_bytes()
    except FileNotFoundError:
        assert not (directory / "snapshots" / "current").is_symlink()
        return None
    return read(data, whole=True).generation


def check_head(directory: Path) -> memoryview:
    """The head's words, mapped, of a page that a reader would take."""
    with (directory / "head").open("rb") as file:
        page = mmap.mmap(file.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ)
        assert os.fstat(file.fileno()).st_blocks * 512 >= HEAD_SIZE
    words = memoryview(page).cast("Q")
    assert len(page) == HEAD_SIZE and page[16:24] == MAGIC and words[3] == VERSION
    return words


def kill_often(directory: Path, times: int, seed: int) -> None:
    chance = random.Random(seed)
    publish_and_kill(directory, 0.0)
    words = check_head(directory)
    generation = newest(directory)
    assert generation is not None
    for _ in range(times):
        sequence, before = words[0], generation
        told = publish_and_kill(directory, chance.choice([-1.0, 0.0, chance.uniform(0.0, 0.05)]))
        generation = newest(directory)
        assert generation is not None and generation.epoch == before.epoch
        assert generation.number >= before.number and words[0] >= sequence
        if told:
            assert generation.number > before.number and words[0] > sequence
        check_head(directory)
        assert len(list((directory / "snapshots").glob("*.snapshot"))) <= 5
    sequence = words[0]
    publish_and_kill(directory, 0.0)
    assert words[0] > sequence and (directory / "head").stat().st_size == HEAD_SIZE
    assert len(list((directory / "snapshots").glob("*.new"))) <= 1


def test_a_dozen_kills_leave_a_readable_snapshot_and_a_sound_head_each(tmp_path: Path) -> None:
    kill_often(tmp_path, 12, seed=20_261_121)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(2))
def test_hundreds_of_kills_leave_a_readable_snapshot_and_a_sound_head_each(tmp_path: Path, seed: int) -> None:
    kill_often(tmp_path, 150, seed)
