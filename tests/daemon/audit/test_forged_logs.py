"""Logs that were shortened, rewritten, exchanged or put back: found by a checkpoint, or not at all."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from burgeed.audit.checkpoint import read_note
from burgeed.audit.entry import decode, entry_hash
from burgeed.audit.log_database import open_sqlite_log
from burgeed.audit.merkle import Peaks
from burgeed.audit.segments import Segment
from burgeed.audit.verdict import Verdict
from tests.daemon.audit.logs import event, fixed_keys, last_note, log_at, make_log, tamper, verified

KEYS = fixed_keys()


@pytest.mark.parametrize("with_shared_memory", [True, False])
async def test_the_files_of_a_daemon_that_was_killed_are_verified_and_left_as_they_are(
    tmp_path: Path, with_shared_memory: bool
) -> None:
    killed = tmp_path / "killed"
    killed.mkdir()
    async with log_at(tmp_path / "b.db", keys=KEYS) as log:
        await log.fill(20)
        await log.checkpoints.make()
        for end in ("", "-wal", *(["-shm"] if with_shared_memory else [])):
            shutil.copy2(tmp_path / f"b.db{end}", killed / f"b.db{end}")
    before = {name: (killed / name).read_bytes() for name in ("b.db", "b.db-wal")}
    found = verified(killed / "b.db", masters=KEYS.masters)
    assert (found.verdict, found.last, found.decrypted) == (Verdict.OK, 20, 20)
    assert {name: (killed / name).read_bytes() for name in before} == before


async def test_a_daemon_that_begins_to_write_while_the_log_is_read_is_noticed(path: Path) -> None:
    log = open_sqlite_log(path)
    assert not log.is_disturbed()
    async with log_at(path, keys=KEYS) as other:
        await other.append(event(1))
        assert log.is_disturbed()
    log.close()


def test_truncation_is_found_by_a_checkpoint_of_the_log_or_of_an_anchor(path: Path) -> None:
    note = last_note(path)
    tamper(path, "DELETE FROM audit_entries WHERE seq > 190")
    assert verified(path).verdict is Verdict.TRUNCATED
    _mend_the_end(path)
    found = verified(path, [note])
    assert (found.verdict, found.last) == (Verdict.TRUNCATED, 190)


def test_truncation_that_mends_all_it_leaves_is_undetectable_without_an_anchor(path: Path) -> None:
    tamper(path, "DELETE FROM audit_entries WHERE seq > 190")
    _mend_the_end(path)
    found = verified(path)
    assert found.verdict is Verdict.OK and any("outside" in remark for remark in found.remarks)


def test_truncation_is_found_by_the_logs_own_account_of_its_end(path: Path) -> None:
    tamper(path, "DELETE FROM audit_entries WHERE seq > 190", "DELETE FROM audit_checkpoints")
    found = verified(path)
    assert found.verdict is Verdict.TRUNCATED and "own account" in found.why


def test_a_chain_made_anew_by_who_has_no_key_is_found_by_the_first_signature_behind_it(path: Path) -> None:
    log = open_sqlite_log(path)
    entries = list(log.entries())
    log.close()
    head, peaks = entries[8].hash, Peaks()
    made: list[tuple[bytes, bytes, int]] = []
    for stored in entries[9:]:
        entry = decode(stored.encoded)
        ciphertext = entry.ciphertext if stored.seq > 10 else bytes(len(entry.ciphertext))
        header = replace(entry.header, prev_hash=head)
        encoded = replace(entry, header=header, ciphertext=ciphertext).encode()
        head = entry_hash(encoded)
        made.append((encoded, head, stored.seq))
    tamper(path, "DELETE FROM audit_checkpoints")
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany("UPDATE audit_entries SET entry = ?, hash = ? WHERE seq = ?", made)
        connection.commit()
    for digest in [*(stored.hash for stored in entries[:9]), *_hashes(path)[9:]]:
        peaks.add(digest)
    tamper(path, "UPDATE audit_head SET hash = ?, peaks = ?", parameters=(head, peaks.encode()))
    found = verified(path)
    assert (found.verdict, found.first_bad) == (Verdict.TAMPERED, 45)


def test_an_emptied_log_is_truncated_against_an_anchor(path: Path) -> None:
    note = last_note(path)
    tamper(
        path,
        *(f"DELETE FROM {table}" for table in ("audit_log", "audit_head", "audit_entries", "audit_segments")),
    )
    assert verified(path, [note]).verdict is Verdict.TRUNCATED
    assert verified(path, public_key=KEYS.signing.public).verdict is Verdict.TRUNCATED
    assert verified(path).verdict is Verdict.UNPROVEN


def test_a_log_put_in_place_of_another_is_a_fork(path: Path, tmp_path: Path) -> None:
    other = make_log(tmp_path / "other.db", 200, keys=KEYS)
    assert verified(other, [last_note(path)]).verdict is Verdict.FORKED
    assert verified(path, public_key=fixed_keys(signing=5).signing.public).verdict is Verdict.FORKED


async def test_a_tail_rewritten_by_who_holds_the_keys_is_found_by_an_anchor_alone(path: Path) -> None:
    note = last_note(path)
    tamper(path, "DELETE FROM audit_entries WHERE seq > 190")
    _mend_the_end(path)
    for count, verdict in ((5, Verdict.TRUNCATED), (5, Verdict.FORKED), (5, Verdict.FORKED)):
        async with log_at(path, keys=KEYS, most_entries=45) as log:
            await log.append(*(event(n, actor="mallory") for n in range(count)))
            await log.checkpoints.make()
        assert verified(path, masters=KEYS.masters).verdict is Verdict.OK
        assert verified(path, [note]).verdict is verdict


async def test_an_older_copy_put_back_is_truncated_and_once_it_goes_on_forked(
    path: Path, tmp_path: Path
) -> None:
    older = Path(shutil.copy2(path, tmp_path / "older.db"))
    async with log_at(path, keys=KEYS) as log:
        await log.fill(10)
        note = await log.checkpoints.make()
    assert note is not None and verified(path, [note]).verdict is Verdict.OK
    assert verified(older, [note]).verdict is Verdict.TRUNCATED
    async with log_at(older, keys=KEYS) as log:
        await log.fill(10)
        await log.checkpoints.make()
    assert verified(older, [note]).verdict is Verdict.FORKED


def test_an_anchors_checkpoint_under_another_signature_makes_the_log_a_fork(path: Path) -> None:
    forged = read_note(last_note(path)).sign(fixed_keys(signing=9).signing)
    assert verified(path, [forged]).verdict is Verdict.FORKED


def _hashes(path: Path) -> list[bytes]:
    log = open_sqlite_log(path)
    found = [stored.hash for stored in log.entries()]
    log.close()
    return found


def _mend_the_end(path: Path) -> None:
    """Make everything that tells of the end tell of entry 190, as a thorough attacker would."""
    log, peaks = open_sqlite_log(path), Peaks()
    entries = list(log.entries())
    last_segment: Segment = list(log.segments())[-1]
    log.close()
    for stored in entries:
        peaks.add(stored.hash)
    parameters = (entries[-1].seq, entries[-1].hash, peaks.encode(), last_segment.segment_id)
    tamper(path, "UPDATE audit_head SET seq = ?, hash = ?, peaks = ?, segment = ?", parameters=parameters)
    tamper(path, "DELETE FROM audit_checkpoints WHERE size > 190")
