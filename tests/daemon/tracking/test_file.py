"""The file of tracked events, written by the real daemon, on disks that are good, full and rotated."""

from __future__ import annotations

import json
import os
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from burgee.wire.tracking import TrackedEvent
from burgeed.tracking import file as tracked_file
from burgeed.tracking.file import EventFile, EventFileUnusable
from tests.support.daemon import RunningDaemon, run_command, running_daemon, wait_until

TRACK = "/sync/v1/track"


def event(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "time": "2026-11-21T12:00:00Z", **fields}


@contextmanager
def tracking_daemon(tmp_path: Path, path: Path | str) -> Iterator[RunningDaemon]:
    (tmp_path / "flags.yaml").write_text("flags: {f: {defaultVariant: on}}\n")
    with running_daemon(tmp_path, "--source", tmp_path / "flags.yaml", "--track", path) as running:
        running.wait_ready()
        yield running


def send(daemon: RunningDaemon, *names: str, **fields: Any) -> None:
    reply = daemon.request("POST", TRACK, {"events": [event(name, **fields) for name in names]})
    assert (reply.status, reply.document) == (202, {"accepted": len(names)})


def told(daemon: RunningDaemon) -> Any:
    return daemon.status()["tracking"]["file"]


def names(path: Path) -> list[str]:
    return [json.loads(line)["name"] for line in path.read_text().splitlines()]


def test_events_are_appended_one_a_line_to_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with tracking_daemon(tmp_path, path) as daemon:
        fields = {"value": 2, "attributes": {"text": "a\nb"}, "context": {"targetingKey": "u", "plan": "pro"}}
        send(daemon, "one", "two", **fields)
        daemon.wait_until(lambda: told(daemon)["written"] == 2)
        assert told(daemon)["path"] == str(path)
    first, second = path.read_text().splitlines()
    assert json.loads(second)["name"] == "two"
    assert json.loads(first) == event(
        "one", value=2, attributes={"text": "a\nb"}, context={"plan": "pro"}
    ) | {"targetingKey": "u"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with tracking_daemon(tmp_path, path) as daemon:
        send(daemon, "three")
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
    assert names(path) == ["one", "two", "three"]


def test_sighup_lets_a_rotated_file_go(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with tracking_daemon(tmp_path, path) as daemon:
        send(daemon, "one")
        daemon.wait_until(lambda: path.read_text())
        path.rename(tmp_path / "events.1")
        send(daemon, "two")
        daemon.wait_until(lambda: len(names(tmp_path / "events.1")) == 2)
        daemon.signal(signal.SIGHUP)
        daemon.wait_until(path.exists)
        send(daemon, "three")
        daemon.wait_until(lambda: path.read_text())
    assert (names(tmp_path / "events.1"), names(path)) == (["one", "two"], ["three"])


def test_a_full_disk_is_counted_and_logged_once_and_outlived(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.symlink_to("/dev/full")
    with tracking_daemon(tmp_path, path) as daemon:
        for _ in range(3):
            send(daemon, "lost", "too")
        daemon.wait_until(lambda: told(daemon)["failed"] == 6)
        assert told(daemon)["state"] == "failing" and "No space left" in told(daemon)["why"]
        assert daemon.evaluate("f")["value"] is True
        path.unlink()
        daemon.signal(signal.SIGHUP)
        daemon.wait_until(path.exists)
        send(daemon, "kept")
        daemon.wait_until(lambda: told(daemon)["written"] == 1)
        assert told(daemon)["state"] == "writing"
        assert daemon.log.count("cannot be written") == 1
        assert daemon.log.count("are written again") == 1
    assert names(path) == ["kept"]


def test_a_rotation_that_fails_keeps_the_old_file(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    folder.mkdir()
    with tracking_daemon(tmp_path, folder / "a.jsonl") as daemon:
        folder.rename(tmp_path / "moved")
        daemon.signal(signal.SIGHUP)
        daemon.wait_until(lambda: "is not opened again" in daemon.log)
        send(daemon, "one")
        daemon.wait_until(lambda: told(daemon)["written"] == 1)
    assert names(tmp_path / "moved" / "a.jsonl") == ["one"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: os.mkfifo(path), "No such device"),
        (lambda path: path.symlink_to("/nowhere/else"), "No such file"),
    ],
    ids=["directory", "pipe", "no directory"],
)
def test_a_file_that_cannot_be_written_is_an_error_at_the_start(
    tmp_path: Path, make: Any, message: str
) -> None:
    (tmp_path / "flags.yaml").write_text("flags: {}\n")
    path = tmp_path / "events"
    make(path)
    ended = run_command(
        *("serve", "--source", tmp_path / "flags.yaml", "--track", path),
        *("--socket", tmp_path / "s.sock", "--listen", "none", "--state-dir", tmp_path / "state"),
    )
    assert ended.returncode == 2
    assert f"--track: {path} cannot be opened for writing ({message}" in ended.stderr


def test_standard_output_is_no_file_for_events(tmp_path: Path) -> None:
    ended = run_command("serve", "--source", tmp_path / "flags.yaml", "--track", "-")
    assert ended.returncode == 2
    assert "--track (from the command line): standard output is taken" in ended.stderr


def tracked(name: str) -> TrackedEvent:
    return TrackedEvent(name, 1.0)


def test_a_disk_that_hangs_holds_nobody_up_and_what_is_too_much_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, writing = threading.Event(), threading.Event()
    write = os.write

    def hang(descriptor: int, data: Any) -> int:
        writing.set()
        assert release.wait(20)
        return write(descriptor, data)

    monkeypatch.setattr(tracked_file.os, "write", hang)
    monkeypatch.setattr(tracked_file, "MOST_WAITING", 10)
    file = EventFile(tmp_path / "events")
    file.put([tracked("first")])
    assert writing.wait(10)
    for number in range(12):
        file.put([tracked(f"n-{number}")])
    report = file.report(full=False)
    assert (report["waiting"], report["dropped"], report["written"]) == (10, 3, 0)
    release.set()
    file.close()
    assert names(tmp_path / "events") == ["first", *(f"n-{number}" for number in range(9))]


def test_a_line_that_broke_off_takes_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    room = [9]

    def run_full(descriptor: int, data: Any) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        count = write(descriptor, data[: room[0]])
        room[0] -= count
        return count

    monkeypatch.setattr(tracked_file.os, "write", run_full)
    file = EventFile(tmp_path / "events")
    file.put([tracked("broken")])
    wait_until(lambda: file.report(full=False)["failed"] == 1)
    room[0] = 10_000
    file.put([tracked("whole")])
    file.close()
    torn, whole = (tmp_path / "events").read_text().splitlines()
    assert (torn, json.loads(whole)["name"]) == ('{"name":"', "whole")


def test_a_device_may_be_written_to_and_a_pipe_not(tmp_path: Path) -> None:
    file = EventFile(Path("/dev/null"))
    file.put([tracked("one")])
    file.close()
    assert file.report(full=False)["written"] == 1
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(EventFileUnusable, match="neither a file nor a device"):
            EventFile(pipe)
    finally:
        os.close(reader)
