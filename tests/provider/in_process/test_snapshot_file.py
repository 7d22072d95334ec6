"""The snapshot as the daemon's file: which are believed, and that nothing about them is taken on trust."""

from __future__ import annotations

import gc
import mmap
import os
import threading
from pathlib import Path

import pytest
from openfeature.contrib.provider.burgee.shared.file_system import FileSystems
from openfeature.contrib.provider.burgee.shared.place import Refused, SharedPlace
from openfeature.contrib.provider.burgee.shared.snapshot_file import current_generation, current_snapshot

from burgee.generation import Generation
from tests.provider.in_process.test_head import DOCUMENT, AnothersPlace, a_process
from tests.support.runtime_directory import EPOCH, RuntimeDirectory, snapshot_bytes


@pytest.fixture
def shared(tmp_path: Path) -> RuntimeDirectory:
    made = RuntimeDirectory(tmp_path / "run")
    made.publish(DOCUMENT)
    return made


def refusal(place: SharedPlace) -> Refused:
    with pytest.raises(Refused) as refused:
        current_snapshot(place, FileSystems())
    assert str(place.current) in str(refused.value)
    return refused.value


def test_it_is_mapped_where_it_is_local_and_copied_where_it_is_not(
    shared: RuntimeDirectory, tmp_path: Path
) -> None:
    place = SharedPlace(shared.path)
    local = current_snapshot(place, FileSystems())
    remote = current_snapshot(place, a_process(tmp_path / "proc", "virtiofs"))
    assert isinstance(local.data.obj, mmap.mmap) and isinstance(remote.data.obj, bytes)
    for file in (local, remote):
        assert file.snapshot.generation == Generation(EPOCH, 1)
        assert file.data == shared.current.read_bytes()
    assert current_generation(place, FileSystems()) == Generation(EPOCH, 1)


@pytest.mark.parametrize(
    ("altered", "fault", "says"),
    [
        (lambda data: b"NOSNAPSH" + data[8:], "magic", "no snapshot"),
        (lambda data: data[: len(data) // 2], "truncated", "ends after"),
        (lambda data: data + b"x", "trailing", ""),
        (lambda data: data[:20] + bytes([data[20] ^ 1]) + data[21:], "checksum", "checksum"),
        (lambda data: b"", "magic", "no snapshot"),
    ],
)
def test_a_damaged_one_is_refused_for_what_is_wrong(
    shared: RuntimeDirectory, altered: object, fault: str, says: str
) -> None:
    shared.publish_bytes(altered(snapshot_bytes(DOCUMENT, 2)))  # type: ignore[operator]
    refused = refusal(SharedPlace(shared.path))
    assert refused.fault == fault and says in str(refused)


def test_one_of_another_user_is_refused(shared: RuntimeDirectory) -> None:
    assert refusal(AnothersPlace(shared.path)).fault == "owner"


def test_one_that_others_may_write_to_is_refused(shared: RuntimeDirectory) -> None:
    shared.publish_bytes(snapshot_bytes(DOCUMENT, 2), mode=0o620)
    refused = refusal(SharedPlace(shared.path))
    assert refused.fault == "mode" and "mode 0620" in str(refused)


def test_a_directory_in_its_place_and_a_link_to_nowhere_are_refused(shared: RuntimeDirectory) -> None:
    shared.current.unlink()
    assert refusal(SharedPlace(shared.path)).fault == "absent"
    shared.current.symlink_to("gone.snapshot")
    assert refusal(SharedPlace(shared.path)).fault == "absent"
    shared.current.unlink()
    shared.current.mkdir()
    assert refusal(SharedPlace(shared.path)).fault in ("kind", "access")


def test_a_link_is_followed_again_where_its_file_went_in_between(shared: RuntimeDirectory) -> None:
    """Each new file takes the old one's place at once, which no daemon does: only the link's race is left."""
    place, ended = SharedPlace(shared.path), threading.Event()
    one, other = (snapshot_bytes(DOCUMENT, number) for number in (2, 3))

    def publish() -> None:
        before = shared.current.resolve()
        while not ended.is_set():
            for data in (one, other):
                path = shared.publish_bytes(data)
                before.unlink()
                before = path

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        for _ in range(300):
            assert current_generation(place, FileSystems()).epoch == EPOCH
    finally:
        ended.set()
        thread.join(10)


def test_a_file_that_is_deleted_serves_on(shared: RuntimeDirectory) -> None:
    file = current_snapshot(SharedPlace(shared.path), FileSystems())
    for path in shared.snapshots.iterdir():
        path.unlink()
    assert "flag" in file.snapshot.flag_sets[""].flags


def test_no_descriptor_is_left_behind(shared: RuntimeDirectory) -> None:
    place = SharedPlace(shared.path)

    def count() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    file = current_snapshot(place, FileSystems())
    before = count()
    for _ in range(20):
        file = current_snapshot(place, FileSystems())
        current_generation(place, FileSystems())
    assert count() <= before
    shared.publish_bytes(b"nonsense", mode=0o600)
    for _ in range(20):
        refusal(place)
    assert count() <= before
    assert file.snapshot.generation.number == 1
