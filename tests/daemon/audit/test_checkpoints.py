"""Checkpoints: made in time, signed so that others can read them, and handed to the anchors."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import socket
import stat
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from burgeed.audit.anchor import FileAnchor, SyslogAnchor, anchor_of, read_anchored, read_latest_anchored
from burgeed.audit.checkpoint import (
    Checkpoint,
    CheckpointMalformed,
    is_note_signed,
    read_note,
    verifier_key,
)
from burgeed.audit.errors import AnchorFailed, AuditError
from burgeed.audit.merkle import Peaks
from burgeed.audit.modes import STANDARD, STRICT
from burgeed.signing.keys import read_public_key
from tests.daemon.audit.logs import Log, event, fixed_keys, log_at, verified

KEYS = fixed_keys()
CHECKPOINT = Checkpoint(bytes(range(16)), 200, b"r" * 32, b"h" * 32)


class Memory:
    """An anchor that keeps notes, fails or hangs as told."""

    uri = "memory:"

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.failing = False
        self.hanging = threading.Event()
        self.hanging.set()

    def sizes(self) -> list[int]:
        """What it was given, each once: one whose keeping was not noted before the end is given again."""
        return list(dict.fromkeys(read_note(note).size for note in self.notes))

    def put(self, note: str, size: int) -> None:
        assert self.hanging.wait(30)
        if self.failing:
            raise AnchorFailed("memory fails")
        self.notes.append(note)


def test_a_note_is_what_c2sp_says_read_by_other_means() -> None:
    note = CHECKPOINT.sign(KEYS.signing)
    text, _, signatures = note.partition("\n\n")
    origin, size, root, extension = text.split("\n")
    assert (origin, size) == ("burgee-audit/000102030405060708090a0b0c0d0e0f", "200")
    assert (
        base64.b64decode(root) == b"r" * 32 and extension == "chain " + base64.b64encode(b"h" * 32).decode()
    )
    dash, name, signature = signatures.rstrip("\n").split(" ")
    raw = base64.b64decode(signature)
    expected = hashlib.sha256(name.encode() + b"\n\x01" + KEYS.signing.public.encoded).digest()[:4]
    assert dash == "\N{EM DASH}" and name == origin and raw[:4] == expected
    Ed25519PublicKey.from_public_bytes(KEYS.signing.public.encoded).verify(raw[4:], (text + "\n").encode())


def test_every_changed_character_of_a_note_is_noticed() -> None:
    note = CHECKPOINT.sign(KEYS.signing)
    assert is_note_signed(note, KEYS.signing.public) and read_note(note) == CHECKPOINT
    for at, character in enumerate(note):
        for other in {"0", "A", "\n", " ", chr(ord(character) ^ 1)} - {character}:
            changed = note[:at] + other + note[at + 1 :]
            assert not is_note_signed(changed, KEYS.signing.public), (at, other)
    for changed in (note + "\n", note[:-1], note + note, "", "\n\n", note.replace("200", "0200")):
        assert not is_note_signed(changed, KEYS.signing.public)
    assert not is_note_signed(note, fixed_keys(signing=9).signing.public)


def test_a_note_without_signature_or_with_another_text_is_refused() -> None:
    note = CHECKPOINT.sign(KEYS.signing)
    for changed in (note.split("\u2014")[0], "x" * 5000, note.replace("chain", "train")):
        with pytest.raises(CheckpointMalformed):
            read_note(changed)


def test_the_public_key_is_written_as_signed_notes_write_it() -> None:
    key = verifier_key(CHECKPOINT.log_id, KEYS.signing.public)
    assert read_public_key(key) == read_public_key(KEYS.signing.public.encoded.hex()) == KEYS.signing.public


def test_the_tree_is_that_of_rfc_6962() -> None:
    def root_of(leaves: list[bytes]) -> bytes:
        if not leaves:
            return hashlib.sha256(b"").digest()
        if len(leaves) == 1:
            return leaves[0]
        half = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(b"\x01" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()

    leaves, peaks = [hashlib.sha256(b"\x00%d" % n).digest() for n in range(70)], Peaks()
    for count in range(71):
        assert peaks.root() == root_of(leaves[:count])
        assert Peaks.read(count, peaks.encode()).root() == peaks.root()
        if count < 70:
            peaks.add(leaves[count])
    with pytest.raises(ValueError, match="peaks"):
        Peaks.read(3, bytes(32))


async def running(log: Log, until: object) -> None:
    """Run the checkpoints until a condition holds."""
    log.checkpoints._interval = 0.01
    task = asyncio.create_task(log.checkpoints.run())
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        while not until():  # type: ignore[operator]
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_one_is_made_after_a_hundred_entries_and_after_a_minute_and_at_the_end(tmp_path: Path) -> None:
    anchor = Memory()
    async with log_at(tmp_path / "b.db", anchors=[anchor]) as log:
        await log.append(event(0))
        await log.checkpoints.make()
        await log.append(*(event(n) for n in range(100)))
        log.checkpoints._interval = 0.01
        task = asyncio.create_task(log.checkpoints.run())
        async with asyncio.timeout(20):
            # Before it is ended, which would make one too.
            while anchor.sizes() != [1, 101]:
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await log.append(event(101))
        log.clock.time += 60
        await running(log, lambda: anchor.sizes() == [1, 101, 102])
        await log.append(event(102))
        await running(log, lambda: True)
        assert anchor.sizes() == [1, 101, 102, 103]
        assert await log.checkpoints.latest() == anchor.notes[-1]
    found = verified(tmp_path / "b.db", anchor.notes)
    assert (found.anchored, found.checkpoints) == (103, 4)


async def test_a_new_log_has_its_first_checkpoint_at_once(tmp_path: Path) -> None:
    anchor = Memory()
    async with log_at(tmp_path / "b.db", anchors=[anchor]) as log:
        await log.append(event(1))
        await running(log, lambda: anchor.notes)
        assert anchor.sizes() == [1]


async def test_an_anchor_that_fails_is_tried_again_and_its_lag_is_known(tmp_path: Path) -> None:
    anchor = Memory()
    anchor.failing = True
    async with log_at(tmp_path / "b.db", anchors=[anchor], mode=STRICT) as log:
        await log.append(event(1))
        await log.checkpoints.make()
        assert not await log.checkpoints.anchored()
        log.clock.time += 250
        await running(log, lambda: log.checkpoints.report()["anchorLag"] == 250)
        assert log.checkpoints.report()["anchors"] == [{"uri": "memory:", "why": "memory fails"}]
        assert list(log.audit.degraded()) == [
            "an anchor does not take the audit's checkpoints",
            "no anchor covers the audit's last 250 s",
        ]
        anchor.failing = False
        log.clock.time += 61
        await running(log, lambda: anchor.notes)
        assert await log.checkpoints.anchored()
        await running(log, lambda: not list(log.audit.degraded()))
        await log.append(event(2))


async def test_one_anchor_that_hangs_holds_up_neither_the_others_nor_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("burgeed.audit.checkpoints.ANCHOR_DEADLINE", 0.05)
    hanging, good = Memory(), Memory()
    hanging.hanging.clear()
    before = set(threading.enumerate())
    async with log_at(tmp_path / "b.db", anchors=[hanging, good]) as log:
        for number in range(3):
            await log.append(event(number))
            assert await log.checkpoints.make() is not None
        assert len(good.notes) == 3 and not await log.checkpoints.anchored()
        assert len(set(threading.enumerate()) - before) < 20
        hanging.hanging.set()


async def test_there_is_none_of_an_empty_log_and_one_of_each_size(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        assert await log.checkpoints.make() is None and await log.audit.checkpoint() is None
        await log.append(event(1))
        assert await log.checkpoints.make() == await log.checkpoints.make() == await log.audit.checkpoint()


def test_an_anchors_file_is_appended_to_and_never_followed(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    notes = [Checkpoint(bytes(16), size, b"r" * 32, b"h" * 32).sign(KEYS.signing) for size in (1, 2, 3)]
    anchor = anchor_of(f"file:{path}")
    anchor.put(notes[0], 1)
    with path.open("a") as file:
        file.write(notes[1][:50])
    anchor.put(notes[2], 3)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(read_anchored(path)) == [notes[0], notes[2]]
    (tmp_path / "link").symlink_to(path)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "missing/anchor"):
        with pytest.raises(AnchorFailed):
            FileAnchor(tmp_path / name).put(notes[0], 1)
    with pytest.raises(AuditError, match="no checkpoint"):
        list(read_anchored(Path(__file__).with_name("__init__.py")))


def test_reading_an_anchors_file_of_one_long_line_takes_no_time_to_speak_of(tmp_path: Path) -> None:
    # Quadratic time would be minutes, in which a daemon that starts answers nobody.
    path = tmp_path / "anchor"
    path.write_text("burgee-audit/" * 80_000)
    assert list(read_latest_anchored(path)) == []


def test_an_anchors_file_is_on_disk_when_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    real = os.fsync

    def recorded(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", recorded)
    for size in (1, 2):
        FileAnchor(tmp_path / "anchor").put(CHECKPOINT.sign(KEYS.signing), size)
    # The file each time, and its name in the directory once.
    assert synced == [False, True, False]


def test_syslog_gets_one_line_that_is_read_back_from_its_file(tmp_path: Path) -> None:
    note = CHECKPOINT.sign(KEYS.signing)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.settimeout(10)
        syslog.bind(str(tmp_path / "log"))
        SyslogAnchor(tmp_path / "log").put(note, 200)
        line = syslog.recv(10_000).decode()
    assert line.startswith("<85>burgee-audit: checkpoint 200 ") and "\n" not in line
    (tmp_path / "auth.log").write_text(f"Nov 21 10:00:00 host {line.removeprefix('<85>')}\n")
    assert list(read_anchored(tmp_path / "auth.log")) == [note]
    with pytest.raises(AnchorFailed):
        SyslogAnchor(tmp_path / "nobody").put(note, 200)


@pytest.mark.parametrize("uri", ["", "file:", "s3://bucket", "/path"])
def test_what_is_no_anchor_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="anchor"):
        anchor_of(uri)


async def test_a_clock_that_is_not_synchronised_is_told_in_the_modes_that_record_it(tmp_path: Path) -> None:
    for number, (mode, told) in enumerate(
        [(STANDARD, []), (STRICT, ["the machine's clock is not synchronised"])]
    ):
        async with log_at(tmp_path / f"{number}.db", mode=mode, synchronised=lambda: False) as log:
            assert list(log.audit.degraded()) == told
