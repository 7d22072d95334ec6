"""The real daemon and its files: what a process beside it finds, through every kind of end and beginning."""

from __future__ import annotations

import json
import mmap
import os
import resource
import signal
import stat
import time
from pathlib import Path

import pytest

from burgee.evaluation import evaluate
from burgee.snapshot import Snapshot
from burgee.snapshot_bytes import read
from tests.daemon.runtime.definitions import write
from tests.support.country_database import write_database
from tests.support.daemon import RunningDaemon, running_daemon, wait_until


def current(directory: Path) -> Snapshot:
    return read((directory / "snapshots" / "current").read_bytes(), whole=True)


def head(directory: Path) -> memoryview:
    """The counters as another process sees them."""
    with (directory / "head").open("rb") as file:
        page = mmap.mmap(file.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ)
    return memoryview(page).cast("Q")


def beats_within(words: memoryview, seconds: float) -> bool:
    before, until = words[1], time.monotonic() + seconds
    while words[1] == before and time.monotonic() < until:
        time.sleep(0.01)
    return words[1] != before


def test_when_it_says_that_it_serves_its_snapshot_is_there(tmp_path: Path, daemon: RunningDaemon) -> None:
    assert str(current(tmp_path).generation) == daemon.line["generation"]
    report = daemon.status()["snapshot"]
    assert report["generation"] == daemon.line["generation"] and report["files"]["state"] == "shared"
    path = Path(report["files"]["file"])
    assert path.samefile(tmp_path / "snapshots" / "current") and path.stat().st_size == report["bytes"]
    assert str(path) in daemon.log


def test_an_edit_is_current_before_the_stream_tells_of_it(
    tmp_path: Path, daemon: RunningDaemon, flags: Path
) -> None:
    words = head(tmp_path)
    sequence = words[0]
    connection = daemon.connect()
    connection.request("GET", "/sync/v1/events")
    stream = connection.getresponse()
    received = b""
    write(flags, a="off")
    while b'"reason":"change"' not in received:
        received += stream.read1(65536)
    found = current(tmp_path)
    connection.close()
    assert evaluate(found, "a", {}, now=0.0).value is False and words[0] == sequence + 1
    assert str(found.generation) in received.decode()


def test_a_daemon_that_is_killed_falls_silent_and_the_next_one_moves_the_same_page(
    tmp_path: Path, flags: Path
) -> None:
    with running_daemon(tmp_path, "--source", flags) as first:
        words = head(tmp_path)
        alive = beats_within(words, 2)
        first.signal(signal.SIGKILL)
        first.wait()
        generation, sequence = current(tmp_path).generation, words[0]
        silent = not beats_within(words, 0.7)
    with running_daemon(tmp_path, "--source", flags) as second:
        second.wait_until(lambda: words[0] > sequence)
        assert beats_within(words, 2)
        again = current(tmp_path).generation
    assert alive and silent
    assert again.epoch == generation.epoch and again.number > generation.number


def test_a_daemon_that_hangs_falls_silent(tmp_path: Path, daemon: RunningDaemon) -> None:
    words = head(tmp_path)
    daemon.signal(signal.SIGSTOP)
    beats_within(words, 0.1)
    hung = not beats_within(words, 0.8)
    daemon.signal(signal.SIGCONT)
    assert hung and beats_within(words, 2)


def test_after_a_clean_end_everything_lies_there_and_nothing_moves(
    tmp_path: Path, daemon: RunningDaemon
) -> None:
    words = head(tmp_path)
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    assert str(current(tmp_path).generation) == daemon.line["generation"] and not beats_within(words, 0.7)
    assert not list((tmp_path / "snapshots").glob("*.new"))


def test_who_may_connect_may_read_and_nobody_else(tmp_path: Path, flags: Path) -> None:
    runtime = tmp_path / "run" / "shared"
    arguments = ["--source", flags, "--socket-mode", "0660", "--runtime-dir", runtime]
    group = 4242 if os.geteuid() == 0 else os.getgroups()[-1]
    with running_daemon(tmp_path, *arguments, "--socket-group", group):
        found = [runtime, runtime / "head", runtime / "snapshots", runtime / "snapshots" / "current"]
        modes = [stat.S_IMODE(path.stat().st_mode) for path in found]
        groups = {path.stat().st_gid for path in found}
    assert modes == [0o750, 0o640, 0o750, 0o640] and groups == {group}


def test_a_later_daemon_with_another_mode_changes_what_is_there(tmp_path: Path, flags: Path) -> None:
    paths = [tmp_path / "head", tmp_path / "snapshots", tmp_path / "snapshots" / "current"]
    modes = []
    for mode in ("0666", "0600"):
        with running_daemon(tmp_path, "--source", flags, "--socket-mode", mode):
            modes.append([stat.S_IMODE(path.stat().st_mode) for path in paths])
    assert modes == [[0o644, 0o755, 0o644], [0o600, 0o700, 0o600]]


def test_two_daemons_with_sockets_in_one_directory_do_not_mix_their_flags(tmp_path: Path) -> None:
    first = write(tmp_path / "first.json", a="on")
    second = write(tmp_path / "second.json", a="off")
    with running_daemon(tmp_path, "--source", first):
        page = (tmp_path / "head").read_bytes()
        where = ["--socket", tmp_path / "second.sock", "--state-dir", tmp_path / "other"]
        with running_daemon(tmp_path, "--source", second, *where) as other:
            report = other.status()["snapshot"]["files"]
            assert other.evaluate("a")["value"] is False
        assert evaluate(current(tmp_path), "a", {}, now=0.0).value is True
    assert report["state"] == "failing" and "another daemon" in report["why"]
    assert page[40 : 40 + page[32]] == b"burgee.sock"
    assert "readers have to ask the daemon" in other.log


def test_a_directory_that_cannot_be_written_to_is_a_warning_and_flags_are_served(
    tmp_path: Path, flags: Path
) -> None:
    (tmp_path / "snapshots").touch()
    with running_daemon(tmp_path, "--source", flags) as daemon:
        assert daemon.evaluate("a")["value"] is True
        snapshot = daemon.request("GET", "/sync/v1/snapshot")
        assert daemon.status()["snapshot"]["files"]["state"] == "failing"
    assert snapshot.status == 200 and read(snapshot.body, whole=True).generation
    assert daemon.log.count("the snapshot is not shared") == 1


def test_a_full_disk_leaves_no_old_snapshot_current_and_heals_by_itself(
    tmp_path: Path, daemon: RunningDaemon, flags: Path
) -> None:
    words = head(tmp_path)
    sequence = words[0]
    # No file may grow beyond this: the log fits, the next snapshot does not.
    room = 40_000
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    large = {"variants": {"v": "x" * 2 * room}, "defaultVariant": "v"}
    aside = tmp_path / "aside"
    aside.write_text(json.dumps({"flags": {"a": {"defaultVariant": "off"}, "large": large}}))
    aside.rename(flags)
    daemon.wait_until(lambda: daemon.status()["snapshot"]["files"]["state"] == "failing")
    gone, moved = not (tmp_path / "snapshots" / "current").exists(), words[0] > sequence
    served, beating = daemon.evaluate("a")["value"], beats_within(words, 2)
    left = sorted(path.name for path in (tmp_path / "snapshots").glob("*.new"))
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    daemon.wait_until(lambda: (tmp_path / "snapshots" / "current").exists(), 15)
    assert (gone, moved, served, beating, left) == (True, True, False, True, [])
    assert evaluate(current(tmp_path), "a", {}, now=0.0).value is False
    assert daemon.log.count("the snapshot is not shared") == 1 and "File too large" in daemon.log


def test_flags_by_country_are_marked_where_there_is_a_database(tmp_path: Path) -> None:
    rule = {"when": {"country": "SE"}, "serve": "on"}
    document = {
        "flags": {"near": {"defaultVariant": "on"}, "far": {"defaultVariant": "off", "rules": [rule]}}
    }
    (tmp_path / "flags.json").write_text(json.dumps(document))
    database = write_database(tmp_path / "country.mmdb")
    with running_daemon(tmp_path, "--source", tmp_path / "flags.json", "--geoip", database):
        with_database = current(tmp_path).needs_daemon
    with running_daemon(tmp_path, "--source", tmp_path / "flags.json"):
        without = current(tmp_path).needs_daemon
    assert [("far" in found, "near" in found) for found in (with_database, without)] == [
        (True, False),
        (False, False),
    ]


def test_a_token_file_opens_the_snapshot_on_tcp(tmp_path: Path, flags: Path) -> None:
    token = tmp_path / "token"
    token.write_text("open-sesame\n")
    token.chmod(0o600)
    with running_daemon(tmp_path, "--source", flags, "--sync-token-file", token) as daemon:
        shown = {"Authorization": "Bearer open-sesame"}
        replies = [
            daemon.request("GET", "/sync/v1/snapshot", headers=headers, over=daemon.http)
            for headers in (shown, {})
        ]
    assert [reply.status for reply in replies] == [200, 401]
    assert str(read(replies[0].body, whole=True).generation) == daemon.line["generation"]
    assert "open-sesame" not in daemon.log


@pytest.mark.parametrize("content", [None, ""])
def test_a_token_file_without_a_token_is_wrong_usage(
    tmp_path: Path, flags: Path, content: str | None
) -> None:
    from tests.daemon.runtime.test_process import failed_start

    token = tmp_path / "token"
    if content is not None:
        token.write_text(content)
    said = failed_start(tmp_path, "--source", flags, "--sync-token-file", token, code=2)
    assert "--sync-token-file" in said and str(token) in said


def test_a_reader_of_the_directory_needs_only_the_files(tmp_path: Path, daemon: RunningDaemon) -> None:
    copied = {path.name for path in (tmp_path / "snapshots").iterdir()}
    wait_until(lambda: (tmp_path / "snapshots" / "current").is_symlink())
    name = os.readlink(tmp_path / "snapshots" / "current")
    assert name == f"{daemon.line['generation']}.snapshot" and name in copied
