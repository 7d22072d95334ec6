"""Generations: no number is ever given twice within an epoch, whatever ends the daemon."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from burgee.generation import Generation
from burgeed.store.directory import DirectoryUnusable, OwnedDirectory
from burgeed.store.generations import FILE, GenerationCounter


@pytest.fixture
def owned(tmp_path: Path) -> Iterator[OwnedDirectory]:
    directory = OwnedDirectory(tmp_path / "state")
    yield directory
    directory.release()


def test_a_new_directory_begins_a_random_epoch(tmp_path: Path) -> None:
    epochs = {GenerationCounter(OwnedDirectory(tmp_path / name)).epoch for name in "abc"}
    assert len(epochs) == 3 and "" not in epochs


def test_numbers_go_on_after_an_orderly_end(owned: OwnedDirectory) -> None:
    first = GenerationCounter(owned)
    last = [first.next() for _ in range(3)][-1]
    first.close()
    assert GenerationCounter(owned).next() == Generation(last.epoch, last.number + 1)


def test_a_killed_daemons_numbers_are_never_given_again(owned: OwnedDirectory) -> None:
    killed = GenerationCounter(owned)
    given = {killed.next() for _ in range(2500)}
    successor = GenerationCounter(owned)
    following = [successor.next() for _ in range(2500)]
    assert successor.epoch == killed.epoch and given.isdisjoint(following)
    assert min(following).number > max(given).number


def test_a_publication_costs_no_write_but_once_in_a_thousand(
    owned: OwnedDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[str] = []
    real = OwnedDirectory.write

    def counted(self: OwnedDirectory, name: str, content: bytes) -> None:
        writes.append(name)
        real(self, name, content)

    monkeypatch.setattr(OwnedDirectory, "write", counted)
    counter = GenerationCounter(owned)
    for _ in range(1001):
        counter.next()
    assert writes == [FILE, FILE]


def test_a_directory_that_fails_ends_the_epoch(owned: OwnedDirectory) -> None:
    counter = GenerationCounter(owned)
    before = counter.epoch
    (owned.path / f"{FILE}.new").mkdir()
    assert counter.next().epoch != before


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"epoch": "a"}', b'{"epoch": "", "number": 1}', b'{"epoch": "a", "number": -1}']
)
def test_a_damaged_file_is_refused_by_its_name(owned: OwnedDirectory, content: bytes) -> None:
    (owned.path / FILE).write_bytes(content)
    with pytest.raises(DirectoryUnusable, match=str(owned.path / FILE)):
        GenerationCounter(owned)


def test_without_a_directory_each_process_has_its_own_epoch() -> None:
    assert GenerationCounter(None).next().epoch != GenerationCounter(None).next().epoch


def test_a_directory_has_one_owner_at_a_time(tmp_path: Path) -> None:
    first = OwnedDirectory(tmp_path)
    with pytest.raises(DirectoryUnusable, match="another daemon"):
        OwnedDirectory(tmp_path)
    first.release()
    OwnedDirectory(tmp_path).release()


def test_a_directory_that_cannot_be_made_says_which(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DirectoryUnusable, match=str(tmp_path / "file" / "state")):
        OwnedDirectory(tmp_path / "file" / "state")


def test_a_lock_that_is_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    os.symlink(tmp_path / "elsewhere", tmp_path / "burgee.lock")
    with pytest.raises(DirectoryUnusable):
        OwnedDirectory(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_new_directory_is_its_owners_alone(tmp_path: Path) -> None:
    directory = OwnedDirectory(tmp_path / "state")
    directory.write("a", b"x")
    assert [path.stat().st_mode & 0o777 for path in (directory.path, directory.path / "a")] == [0o700, 0o600]
    directory.release()
