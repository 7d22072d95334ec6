"""Whatever is done to a stored log is found, with the verdict that it deserves."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from burgeed.audit.chain import Broken, Chain, StoredEntry
from burgeed.audit.checkpoint import read_note
from burgeed.audit.entry import EntryHeader, entry_hash
from burgeed.audit.entry_encryption import place_of, seal, sealed_length
from burgeed.audit.keys import MasterKeys
from burgeed.audit.log_database import open_sqlite_log
from burgeed.audit.merkle import Peaks
from burgeed.audit.payload import Named, compose_payload
from burgeed.audit.segments import purpose_of, segment_key
from burgeed.audit.verdict import Verdict
from tests.daemon.audit.logs import event, fixed_keys, last_note, make_log, tamper, verified

KEYS = fixed_keys()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 short entries."""
    short = {"level": "", "scope": "", "reason": "", "had_old": False, "old": None, "request_id": ""}
    return make_log(tmp_path_factory.mktemp("small") / "b.db", 200, keys=KEYS, most_entries=45, fields=short)


def test_a_log_that_nobody_touched_is_ok(original: Path) -> None:
    note = last_note(original)
    found = verified(original, [note], public_key=KEYS.signing.public, masters=KEYS.masters)
    assert (found.verdict, found.first, found.last, found.segments) == (Verdict.OK, 1, 200, 5)
    assert (found.checkpointed, found.anchored, found.decrypted, found.remarks) == (200, 200, 200, ())


def test_every_single_bit_flip_of_each_third_entry_is_detected_at_that_entry(small: Path) -> None:
    log = open_sqlite_log(small)
    identity, segments = log.identity(), {each.segment_id: each for each in log.segments()}
    assert identity is not None
    chain = Chain(identity.log_id)
    undetected = flips = 0
    for stored in log.entries():
        segment = segments[stored.segment]
        for column in ("encoded", "hash") if stored.seq % 3 == 0 else ():
            for flipped in _flipped(stored, column):
                flips += 1
                try:
                    chain.check(flipped, segment)
                    undetected += 1
                except Broken as broken:
                    assert broken.seq == stored.seq
        chain.check(stored, segment)
        chain.advance(stored)
    log.close()
    assert undetected == 0 and flips > 66 * 400 * 8


def test_a_flipped_bit_whose_kept_hash_was_mended_is_found_by_the_chain(path: Path) -> None:
    stored = _entry(path, 17)
    found = []
    for at in range(0, len(stored.encoded) * 8, 97):
        encoded = bytearray(stored.encoded)
        encoded[at // 8] ^= 1 << at % 8
        parameters = (bytes(encoded), entry_hash(bytes(encoded)))
        tamper(path, "UPDATE audit_entries SET entry = ?, hash = ? WHERE seq = 17", parameters=parameters)
        verification = verified(path)
        assert verification.verdict is Verdict.TAMPERED and verification.first_bad in (17, 18)
        found.append(verification.first_bad)
    # It is told where it is where the header gives it away, else where the chain breaks.
    assert set(found) == {17, 18}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("audit_segments", column)
        for column in (
            "commitment",
            "root",
            "peaks",
            "head",
            "signature",
            "kid",
            "size",
            "first_seq",
            "opened",
        )
    ]
    + [("audit_checkpoints", column) for column in ("root", "head", "note", "size")]
    + [("audit_head", column) for column in ("hash", "seq", "peaks", "segment")]
    + [("audit_entries", column) for column in ("at", "action", "actor_id", "segment")]
    + [("audit_log", "log_id"), ("audit_log", "public_key")],
)
def test_a_flipped_bit_of_what_lies_beside_the_entries_is_detected(
    path: Path, table: str, column: str
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        [value] = connection.execute(f"SELECT {column} FROM {table} ORDER BY rowid LIMIT 1").fetchone()
    changed = value ^ 1 if isinstance(value, int) else _changed(value)
    where = f"WHERE rowid = (SELECT MIN(rowid) FROM {table})"
    tamper(path, f"UPDATE {table} SET {column} = ? {where}", parameters=(changed,))
    assert verified(path).verdict is not Verdict.OK


@pytest.mark.parametrize(
    ("statements", "first_bad"),
    [
        (["DELETE FROM audit_entries WHERE seq = 60"], 60),
        (["DELETE FROM audit_entries WHERE seq = 1"], 1),
        (["DELETE FROM audit_entries WHERE seq <= 45"], 1),
        (["UPDATE audit_entries SET seq = 999 WHERE seq = 60",
          "UPDATE audit_entries SET seq = 60 WHERE seq = 61",
          "UPDATE audit_entries SET seq = 61 WHERE seq = 999"], 60),
        (["UPDATE audit_entries SET (entry, hash) = (SELECT entry, hash FROM audit_entries WHERE seq = 70)"
          " WHERE seq = 71"], 71),
        (["INSERT INTO audit_entries SELECT 201, segment, at, action, actor_id, hash, entry"
          " FROM audit_entries WHERE seq = 200"], 201),
        (["UPDATE audit_entries SET segment = 1 WHERE seq = 100"], 100),
        (["UPDATE audit_entries SET entry = 'text' WHERE seq = 9"], 9),
    ],
    ids=["drop", "drop-first", "drop-segment", "swap", "copy", "duplicate", "other-segment", "text"],
)  # fmt: skip
def test_dropping_swapping_and_duplicating_break_the_chain(
    path: Path, statements: list[str], first_bad: int
) -> None:
    tamper(path, *statements)
    found = verified(path)
    assert (found.verdict, found.first_bad) == (Verdict.TAMPERED, first_bad)
    assert ("is missing" in found.why) == any(each.startswith("DELETE") for each in statements)


def _resealed(path: Path, at: int, kid_of: int, key_of: int, **changes: Any) -> None:
    """Entry ``at`` anew, naming one segment's key and sealed under another's; all after it as it was."""
    log = open_sqlite_log(path)
    segments = {each.segment_id: each for each in log.segments()}
    stored, before = _entry(path, at), _entry(path, at - 1)
    identity = log.identity()
    assert identity is not None
    key = segment_key(KEYS.masters, identity.log_id, segments[key_of])
    plain = compose_payload(event(666), Named(None, None, None), place_of(identity.log_id, at))
    header = EntryHeader(
        identity.log_id, 1, at, segments[kid_of].kid, before.hash, 1000, 1, bytes(16), bytes(16), "kill",
        sealed_length(plain),
    )  # fmt: skip
    encoded = seal(replace(header, **changes), key, plain)
    log.close()
    parameters = (encoded, entry_hash(encoded), at)
    tamper(path, "UPDATE audit_entries SET entry = ?, hash = ? WHERE seq = ?", parameters=parameters)
    tamper(
        path,
        f"UPDATE audit_entries SET at = 1, action = 'kill', actor_id = zeroblob(16) WHERE seq = {at}",
        f"UPDATE audit_head SET hash = ?, peaks = ? WHERE seq = {at}",
        parameters=(entry_hash(encoded), _peaks(path)),
    )
    assert stored.encoded != encoded


def _peaks(path: Path) -> bytes:
    """Of the log as it stands."""
    peaks = Peaks()
    with closing(sqlite3.connect(path)) as connection:
        for [digest] in connection.execute("SELECT hash FROM audit_entries ORDER BY seq"):
            peaks.add(digest)
    return peaks.encode()


def test_an_entry_under_a_later_segments_key_is_refused(path: Path) -> None:
    _resealed(path, 100, kid_of=4, key_of=4)
    found = verified(path)
    assert (found.verdict, found.first_bad) == (Verdict.TAMPERED, 100)


def test_an_entry_that_names_its_segments_key_and_uses_another_is_refused_with_keys(
    tmp_path: Path,
) -> None:
    path = make_log(tmp_path / "b.db", 50, keys=KEYS, most_entries=45, checkpoint=False)
    # The last one, so that neither chain nor checkpoint speaks for it: only the key does.
    _resealed(path, 50, kid_of=2, key_of=1)
    assert verified(path).verdict is Verdict.OK
    found = verified(path, masters=KEYS.masters)
    assert (found.verdict, found.first_bad) == (Verdict.TAMPERED, 50)


@pytest.mark.parametrize(
    "changes",
    [{"seq": 51}, {"log_id": bytes(16)}, {"epoch": 2}, {"kid": bytes(16)}, {"prev_hash": bytes(32)}],
)
def test_a_last_entry_that_claims_another_place_is_refused_without_keys(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    path = make_log(tmp_path / "b.db", 50, keys=KEYS, most_entries=45, checkpoint=False)
    _resealed(path, 50, kid_of=2, key_of=2, **changes)
    found = verified(path)
    assert (found.verdict, found.first_bad) == (Verdict.TAMPERED, 50)


def test_a_segment_that_is_closed_takes_no_entry(tmp_path: Path) -> None:
    path = make_log(tmp_path / "b.db", 50, keys=KEYS, most_entries=45, checkpoint=False)
    _resealed(path, 50, kid_of=1, key_of=1)
    tamper(path, "UPDATE audit_entries SET segment = 1 WHERE seq = 50")
    found = verified(path)
    assert (found.verdict, found.first_bad) == (Verdict.TAMPERED, 50)


def test_a_wrapped_key_that_was_swapped_for_another_segments_opens_nothing(path: Path) -> None:
    tamper(
        path,
        "UPDATE audit_segments SET wrapped_key ="
        " (SELECT wrapped_key FROM audit_segments WHERE id = 3) WHERE id = 2",
    )
    assert verified(path).verdict is Verdict.OK
    found = verified(path, masters=KEYS.masters)
    assert found.verdict is Verdict.UNDECRYPTABLE and "segment 2" in found.why


def test_a_segments_key_that_is_not_the_one_its_header_commits_to_is_not_used(path: Path) -> None:
    log = open_sqlite_log(path)
    identity, [_, second, *_] = log.identity(), list(log.segments())
    log.close()
    assert identity is not None
    wrapped = KEYS.master.wrap(b"k" * 32, purpose_of(identity.log_id, second.kid))
    tamper(path, "UPDATE audit_segments SET wrapped_key = ? WHERE id = 2", parameters=(wrapped,))
    found = verified(path, masters=KEYS.masters)
    assert found.verdict is Verdict.UNDECRYPTABLE and "not the one" in found.why


def test_a_checkpoint_that_says_the_truth_under_another_signature_is_refused(path: Path) -> None:
    forged = read_note(last_note(path)).sign(fixed_keys(signing=9).signing)
    tamper(path, "UPDATE audit_checkpoints SET note = ?", parameters=(forged,))
    found = verified(path)
    assert found.verdict is Verdict.TAMPERED and "signed" in found.why
    assert verified(path, [forged]).verdict is not Verdict.OK


def test_another_master_key_decrypts_nothing_and_tampering_outranks_that(path: Path) -> None:
    wrong: MasterKeys = fixed_keys(master=9).masters
    found = verified(path, masters=wrong)
    assert (found.verdict, found.decrypted) == (Verdict.UNDECRYPTABLE, 0)
    tamper(path, "DELETE FROM audit_entries WHERE seq = 60")
    assert verified(path, masters=wrong).verdict is Verdict.TAMPERED


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("audit_segments", "size"),
        ("audit_segments", "closed"),
        ("audit_segments", "kid"),
        ("audit_segments", "peaks"),
        ("audit_log", "public_key"),
        ("audit_checkpoints", "size"),
        ("audit_entries", "seq"),
    ],
)
def test_a_value_of_another_type_is_tampering_and_no_crash(path: Path, table: str, column: str) -> None:
    for value in ("x", b"x", 1.5, 2**62, -5):
        spoilt = Path(shutil.copy2(path, path.with_suffix(".spoilt")))
        where = f"WHERE rowid = (SELECT MIN(rowid) FROM {table})"
        tamper(spoilt, f"UPDATE {table} SET {column} = ? {where}", parameters=(value,))
        assert verified(spoilt).verdict is Verdict.TAMPERED


def test_a_segment_taken_away_without_a_signed_pruning_is_tampering(path: Path) -> None:
    tamper(
        path, "DELETE FROM audit_entries WHERE seq <= 45", "UPDATE audit_segments SET pruned = 5 WHERE id = 1"
    )
    found = verified(path)
    assert found.verdict is Verdict.TAMPERED and "pruning" in found.why


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes()[:20_000]),
        lambda path: path.write_bytes(path.read_bytes().replace(b"audit_entries", b"audit_Xntries")),
    ],
    ids=["cut", "schema"],
)
def test_a_file_that_is_damaged_is_never_ok(path: Path, spoil: Callable[[Path], None]) -> None:
    from burgeed.audit.errors import AuditError

    spoil(path)
    try:
        assert verified(path).verdict is not Verdict.OK
    except AuditError as error:
        assert str(path) in str(error)


def _flipped(stored: StoredEntry, column: str) -> Iterator[StoredEntry]:
    changed = bytearray(stored.encoded if column == "encoded" else stored.hash)
    for at in range(len(changed) * 8):
        changed[at // 8] ^= 1 << at % 8
        if column == "encoded":
            yield StoredEntry(stored.seq, stored.segment, stored.hash, bytes(changed))
        else:
            yield StoredEntry(stored.seq, stored.segment, bytes(changed), stored.encoded)
        changed[at // 8] ^= 1 << at % 8


def _changed(value: bytes | str) -> bytes | str:
    if isinstance(value, str):
        return value.replace("A", "B", 1) if "A" in value else value[:-2] + "\n"
    return bytes([value[0] ^ 1]) + value[1:]


def _entry(path: Path, seq: int) -> StoredEntry:
    log = open_sqlite_log(path)
    [stored] = [each for each in log.entries() if each.seq == seq]
    log.close()
    return stored
