"""The head: which ones are believed, and what they tell of the daemon without asking it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from openfeature.contrib.provider.burgee.address import TcpAddress, UnixAddress
from openfeature.contrib.provider.burgee.head_and_stream import HeadAndStream
from openfeature.contrib.provider.burgee.shared.file_system import FileSystems
from openfeature.contrib.provider.burgee.shared.head import open_head
from openfeature.contrib.provider.burgee.shared.place import Refused, SharedPlace, shared_places
from openfeature.contrib.provider.burgee.shared.watch import HeadWatch

from burgee.generation import Generation
from burgee.wire.head import HEAD_SIZE, MAGIC_OFFSET, VERSION_OFFSET
from tests.provider.in_process.clocks import StandingClock
from tests.support.runtime_directory import EPOCH, RuntimeDirectory

DOCUMENT = {"flags": {"flag": {"defaultVariant": "on"}}}
FIRST, SECOND = Generation(EPOCH, 1), Generation(EPOCH, 2)


class AnothersPlace(SharedPlace):
    """Belongs to the user after this one, as far as the socket says."""

    def owner(self) -> int:
        return os.geteuid() + 1


@pytest.fixture
def shared(tmp_path: Path) -> RuntimeDirectory:
    made = RuntimeDirectory(tmp_path / "run")
    made.publish(DOCUMENT)
    return made


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def watch(shared: RuntimeDirectory, clock: StandingClock) -> HeadWatch:
    return HeadWatch([SharedPlace(shared.path)], clock)


def refusal(place: SharedPlace, file_systems: FileSystems | None = None) -> Refused:
    with pytest.raises(Refused) as refused:
        open_head(place, file_systems or FileSystems())
    assert str(place.head) in str(refused.value)
    return refused.value


def overwrite(shared: RuntimeDirectory, offset: int, data: bytes) -> None:
    with shared.head.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def a_process(folder: Path, kind: str) -> FileSystems:
    """What the kernel says, were every file on a file system of this kind."""
    descriptors = folder / "fdinfo"
    descriptors.mkdir(parents=True)
    for descriptor in range(256):
        (descriptors / str(descriptor)).write_text("pos:\t0\nflags:\t0100000\nmnt_id:\t31\nino:\t3\n")
    (folder / "mountinfo").write_text(
        f"24 27 0:6 / /dev rw - devtmpfs devtmpfs rw\n31 27 0:50 / /run rw,shared:2 - {kind} host:/x rw\n"
    )
    return FileSystems(str(folder))


def test_a_sound_head_is_mapped_and_moves_as_the_daemon_does(shared: RuntimeDirectory) -> None:
    head = open_head(SharedPlace(shared.path), FileSystems())
    before = (head.sequence, head.heartbeat)
    shared.beat(3)
    shared.move()
    assert (head.sequence, head.heartbeat) == (before[0] + 1, before[1] + 3)
    with pytest.raises(TypeError):
        head.counters[0] = 5  # type: ignore[index]


@pytest.mark.parametrize(
    ("offset", "data", "fault", "says"),
    [
        (MAGIC_OFFSET, b"BURGHEAX", "magic", "does not carry the mark of one"),
        (VERSION_OFFSET, (2).to_bytes(8, "little"), "version", "version 2, this provider reads 1"),
        (HEAD_SIZE, b"x", "size", "has 4097 bytes, a head has 4096"),
    ],
)
def test_a_head_that_is_none_is_refused_for_what_it_is(
    shared: RuntimeDirectory, offset: int, data: bytes, fault: str, says: str
) -> None:
    overwrite(shared, offset, data)
    refused = refusal(SharedPlace(shared.path))
    assert refused.fault == fault and says in str(refused)


def test_a_head_of_another_user_is_refused(shared: RuntimeDirectory) -> None:
    refused = refusal(AnothersPlace(shared.path))
    assert refused.fault == "owner"
    assert f"belongs to user {os.geteuid()}, the daemon is user {os.geteuid() + 1}" in str(refused)


@pytest.mark.parametrize(("mode", "refused"), [(0o644, False), (0o640, False), (0o660, True), (0o606, True)])
def test_a_head_that_others_may_write_to_is_refused(
    shared: RuntimeDirectory, mode: int, refused: bool
) -> None:
    shared.head.chmod(mode)
    if not refused:
        assert open_head(SharedPlace(shared.path), FileSystems()).sequence == 1
    else:
        found = refusal(SharedPlace(shared.path))
        assert found.fault == "mode" and f"mode {mode:04o}" in str(found)


def test_a_pipe_in_its_place_is_refused_and_holds_nobody_up(shared: RuntimeDirectory) -> None:
    shared.head.unlink()
    os.mkfifo(shared.head, 0o600)
    assert refusal(SharedPlace(shared.path)).fault == "kind"


def test_off_a_local_file_system_a_head_would_be_late(shared: RuntimeDirectory, tmp_path: Path) -> None:
    refused = refusal(SharedPlace(shared.path), a_process(tmp_path / "proc", "nfs4"))
    assert refused.fault == "file system" and "nfs4" in str(refused)
    assert open_head(SharedPlace(shared.path), a_process(tmp_path / "proc2", "tmpfs")).sequence == 1
    assert refusal(SharedPlace(shared.path), FileSystems(str(tmp_path))).fault == "file system"


def test_a_head_of_another_daemon_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    shared = RuntimeDirectory(tmp_path, socket_name="theirs.sock")
    refused = refusal(SharedPlace(shared.path, tmp_path / "ours.sock"))
    assert refused.fault == "socket" and "theirs.sock, not ours.sock" in str(refused)
    assert open_head(SharedPlace(shared.path, tmp_path / "theirs.sock"), FileSystems()).sequence == 0
    assert open_head(SharedPlace(shared.path), FileSystems()).sequence == 0


def test_the_sockets_owner_is_believed_and_without_a_socket_the_directorys(tmp_path: Path) -> None:
    asked: list[Path] = []

    class Socket(type(tmp_path)):  # type: ignore[misc]
        def stat(self, **how: bool) -> os.stat_result:
            asked.append(self)
            found: os.stat_result = super().stat(**how)
            return found

    there = Socket(tmp_path / "there.sock")
    there.touch()
    asked.clear()
    assert SharedPlace(tmp_path, there).owner() == os.geteuid() and asked == [there]
    assert SharedPlace(tmp_path, tmp_path / "gone.sock").owner() == tmp_path.stat().st_uid
    with pytest.raises(Refused, match="does not exist"):
        SharedPlace(tmp_path / "nowhere").owner()


def test_files_are_looked_for_beside_the_sockets_unless_another_place_is_named() -> None:
    addresses = [UnixAddress("/a/x.sock"), UnixAddress("/b/y.sock"), TcpAddress("127.0.0.1", 8016)]
    assert [(place.directory, place.socket) for place in shared_places(addresses, None)] == [
        (Path("/a"), Path("/a/x.sock")),
        (Path("/b"), Path("/b/y.sock")),
    ]
    [named] = shared_places(addresses, "/c")
    assert (named.directory, named.socket) == (Path("/c"), None)
    [named] = shared_places(addresses[:1], "/c")
    assert (named.directory, named.socket) == (Path("/c"), Path("/a/x.sock"))
    assert shared_places(addresses[2:], None) == ()


def test_a_head_that_was_never_seen_to_move_tells_nothing(
    watch: HeadWatch, shared: RuntimeDirectory, clock: StandingClock
) -> None:
    assert watch.generation() is None
    clock.move(0.5)
    assert watch.generation() is None
    shared.beat()
    assert watch.generation() == FIRST


def test_a_publication_is_seen_at_once(watch: HeadWatch, shared: RuntimeDirectory) -> None:
    assert watch.generation() is None
    shared.beat()
    assert watch.generation() == FIRST
    shared.publish(DOCUMENT)
    assert watch.generation() == SECOND


@pytest.mark.parametrize(("seconds", "expected"), [(1.49, FIRST), (1.5, None)])
def test_the_daemon_is_silent_when_the_heart_stands_still_for_so_long(
    watch: HeadWatch, shared: RuntimeDirectory, clock: StandingClock, seconds: float, expected: object
) -> None:
    watch.generation()
    shared.beat()
    assert watch.generation() == FIRST
    clock.move(seconds)
    assert watch.generation() == expected
    shared.beat()
    assert watch.generation() == FIRST


@pytest.mark.parametrize(("beats", "alive"), [(120, True), (110, True), (60, False), (1, False)])
def test_after_a_long_time_without_a_look_the_number_of_beats_tells_whether_they_stopped(
    watch: HeadWatch, shared: RuntimeDirectory, clock: StandingClock, beats: int, alive: bool
) -> None:
    watch.generation()
    shared.beat()
    assert watch.generation() == FIRST
    clock.move(60)
    shared.beat(beats)
    assert watch.generation() == (FIRST if alive else None)
    clock.move(0.3)
    shared.beat()
    assert watch.generation() == FIRST


def test_a_new_head_in_the_place_of_one_that_stands_still_is_found(
    watch: HeadWatch, shared: RuntimeDirectory, clock: StandingClock
) -> None:
    watch.generation()
    shared.beat()
    assert watch.generation() == FIRST
    shared.make_head()
    shared.publish(DOCUMENT)
    clock.move(1.6)
    assert watch.generation() is None
    clock.move(0.3)
    shared.beat()
    assert watch.generation() == SECOND


def test_a_daemon_that_comes_later_is_found(tmp_path: Path, clock: StandingClock) -> None:
    watch = HeadWatch([SharedPlace(tmp_path / "run")], clock)
    assert watch.generation() is None
    shared = RuntimeDirectory(tmp_path / "run")
    shared.publish(DOCUMENT)
    clock.move(0.3)
    assert watch.generation() == FIRST


def test_of_two_places_the_one_whose_heart_beats_is_believed(tmp_path: Path, clock: StandingClock) -> None:
    dead, alive = RuntimeDirectory(tmp_path / "dead", epoch="dead"), RuntimeDirectory(tmp_path / "alive")
    dead.publish(DOCUMENT)
    alive.publish(DOCUMENT)
    watch = HeadWatch([SharedPlace(dead.path), SharedPlace(alive.path)], clock)
    assert watch.generation() is None
    clock.move(0.3)
    alive.beat()
    assert watch.generation() == FIRST
    assert watch.snapshot().snapshot.generation == FIRST


def test_while_it_is_silent_places_are_looked_at_four_times_a_second(
    watch: HeadWatch, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches: list[float] = []
    monkeypatch.setattr(watch, "_search", lambda now: searches.append(now))
    monkeypatch.setattr(watch, "_search_at", clock.now + 0.25)
    for _ in range(10):
        watch.generation()
    clock.move(0.25)
    watch.generation()
    assert searches == [clock.now]


def test_what_the_event_stream_says_vouches_for_the_head_at_once(
    watch: HeadWatch, shared: RuntimeDirectory
) -> None:
    assert watch.generation() is None
    assert watch.vouch(FIRST)
    assert watch.generation() == FIRST


@pytest.mark.parametrize("generation", [Generation("another", 1), SECOND])
def test_nobody_vouches_for_the_head_of_another_daemon_or_of_one_that_lags(
    watch: HeadWatch, generation: Generation
) -> None:
    assert not watch.vouch(generation)
    assert watch.generation() is None


def test_a_refused_head_is_told_in_the_log_once(
    watch: HeadWatch, shared: RuntimeDirectory, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    shared.head.chmod(0o666)
    for _ in range(5):
        watch.generation()
        clock.move(0.3)
    assert [record.getMessage() for record in caplog.records] == [
        f"what the daemon shares on this machine is not used: {shared.head} can be written to by others than "
        "its owner (mode 0666)"
    ]


def test_any_number_of_threads_may_ask_while_the_daemon_publishes(shared: RuntimeDirectory) -> None:
    clock = StandingClock()
    watch = HeadWatch([SharedPlace(shared.path)], clock)
    assert watch.vouch(FIRST)
    ended = threading.Event()
    seen: list[set[Generation | None]] = []

    def ask() -> None:
        mine: set[Generation | None] = set()
        seen.append(mine)
        while not ended.is_set():
            mine.add(watch.generation())
        mine.add(watch.generation())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        last = shared.publish(DOCUMENT)
    ended.set()
    for thread in threads:
        thread.join(10)
    assert all(None not in mine and last in mine for mine in seen)


def test_a_forked_child_reads_the_same_head(watch: HeadWatch, shared: RuntimeDirectory) -> None:
    assert watch.vouch(FIRST)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            watch.after_fork()
            os.read(reading, 1)
            os._exit(0 if watch.generation() == SECOND else 1)
        finally:
            os._exit(2)
    shared.publish(DOCUMENT)
    os.write(writing, b"x")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class Heard:
    """What an event stream says."""

    def __init__(self, generation: Generation | None) -> None:
        self.said = generation

    def generation(self) -> Generation | None:
        return self.said

    def hangs(self) -> bool:
        return False


def test_where_no_file_may_be_opened_a_publication_is_unknown_until_somebody_vouches(
    shared: RuntimeDirectory, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = HeadWatch([SharedPlace(shared.path)], clock, reads=False)
    heard = Heard(FIRST)
    both = HeadAndStream(watch, heard)
    assert watch.vouch(FIRST)
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", lambda *_, **__: pytest.fail("a file was opened"))
        patched.setattr(os, "stat", lambda *_, **__: pytest.fail("a file was looked at"))
        assert (watch.generation(), both.generation()) == (FIRST, FIRST)
        clock.move(3)
        assert (watch.generation(), both.generation()) == (None, FIRST)
        shared.beat()
        assert (watch.generation(), both.generation()) == (None, FIRST)
        shared.beat()
        assert (watch.generation(), both.generation()) == (FIRST, FIRST)
        shared.move()
        assert (watch.generation(), both.generation()) == (None, None)
        heard.said = SECOND
        assert (watch.generation(), both.generation()) == (None, SECOND)
    shared.publish(DOCUMENT)
    assert watch.vouch(SECOND)
    assert (watch.generation(), both.generation()) == (SECOND, SECOND)


def test_a_daemon_taken_for_gone_is_not_made_alive_by_its_head_but_a_new_head_is_found_meanwhile(
    watch: HeadWatch, shared: RuntimeDirectory, clock: StandingClock
) -> None:
    heard = Heard(None)
    both = HeadAndStream(watch, heard)
    assert watch.vouch(FIRST)
    assert (both.generation(), both.is_alive()) == (FIRST, True)
    both.fall_silent()
    shared.beat()
    assert (both.generation(), both.is_alive()) == (None, False)
    shared.make_head()
    for _ in range(3):
        clock.move(1)
        shared.beat()
        assert not both.is_alive()
    assert watch.is_beating()
    heard.said = FIRST
    assert (both.generation(), both.is_alive()) == (FIRST, True)
    heard.said = None
    both.speak_again()
    assert (both.generation(), both.is_alive()) == (FIRST, True)
