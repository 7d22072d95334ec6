"""Seals: made with keys that evolve one way, so that who takes the machine over rewrites no past."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import orjson
import pytest

from burgeed.audit import seals
from burgeed.audit.checkpoint import read_note
from burgeed.audit.errors import AuditUnavailable, KeyUnusable
from burgeed.audit.log_database import open_postgresql_log
from burgeed.audit.log_export import ExportLog
from burgeed.audit.modes import MODES
from burgeed.audit.records import AuditFilter, Requester
from burgeed.audit.remembered import RememberedCheckpoint
from burgeed.audit.sealing_key import (
    FIRST_SEAL_FILE,
    SEAL_FILE,
    FirstKey,
    Sealer,
    read_first_key,
    take_first_key,
)
from burgeed.audit.seals import keep_seal, keys_from, make_seal, next_key
from burgeed.audit.verdict import Verdict
from burgeed.audit.verify import verify
from burgeed.audit.witness import Witness
from burgeed.database.errors import DatabaseError
from burgeed.database.protocol import Transaction
from burgeed.signing.keys import PrivateKey
from tests.daemon.audit.logs import Log, fixed_keys, log_at, tamper, verified

KEYS = fixed_keys()
RUNS = 4


async def sealed_log(path: Path, state: Path, runs: int = RUNS) -> FirstKey:
    """Ten entries and a seal for each run."""
    for _ in range(runs):
        async with log_at(path, keys=KEYS, sealer=Sealer(state), most_entries=12) as log:
            await log.fill(10)
            await log.checkpoints.make()
    return read_first_key((state / FIRST_SEAL_FILE).read_text())


@pytest.fixture
async def first(tmp_path: Path) -> FirstKey:
    return await sealed_log(tmp_path / "b.db", tmp_path / "state")


async def test_every_seal_is_checked_and_says_how_far_it_reaches(tmp_path: Path, first: FirstKey) -> None:
    path = tmp_path / "b.db"
    assert MODES["strict"].sealed and MODES["defense"].sealed and not MODES["standard"].sealed
    found = verified(path, seal_keys=[first])
    assert (found.verdict, found.sealed) == (Verdict.OK, 40)
    async with log_at(path, keys=KEYS) as log:
        await log.fill(3)
        lines = [line async for line in log.audit.export(AuditFilter(), "jsonl")]
        (tmp_path / "export").write_text("".join(lines))
    found = verified(path, seal_keys=[first])
    assert found.sealed == 40 and any("no seal covers the last entries: 3" in each for each in found.remarks)
    assert verify(ExportLog(tmp_path / "export"), seal_keys=[first]).sealed == 40
    stranger = FirstKey(bytes(16), first.key)
    assert verified(path, seal_keys=[stranger]).verdict is Verdict.TRUNCATED
    assert verified(path, seal_keys=[FirstKey(first.sealer, bytes(32))]).verdict is Verdict.TAMPERED


@pytest.mark.parametrize(
    "statement",
    [
        *(
            f"UPDATE audit_seals SET {column} = CAST(zeroblob(16) || substr({column}, 17) AS BLOB)"
            " WHERE number = 2"
            for column in ("seal", "root", "head", "sealer")
        ),
        "UPDATE audit_seals SET size = 29 WHERE number = 2",
        "UPDATE audit_seals SET made = made + 1 WHERE number = 2",
        "UPDATE audit_seals SET number = 7 WHERE number = 3",
        "DELETE FROM audit_seals WHERE number = 0",
        "DELETE FROM audit_seals WHERE number = 2",
        "DELETE FROM audit_seals",
    ],
)
def test_a_seal_that_was_altered_or_taken_away_is_noticed(
    tmp_path: Path, first: FirstKey, statement: str
) -> None:
    tamper(tmp_path / "b.db", statement)
    found = verified(tmp_path / "b.db", seal_keys=[first])
    expected = Verdict.TRUNCATED if statement == "DELETE FROM audit_seals" else Verdict.TAMPERED
    assert found.verdict is expected, found.why
    if statement.startswith("DELETE FROM audit_seals WHERE number"):
        assert f"seal {statement[-1]} of sealer {first.sealer.hex()} is missing" in found.why
    assert verified(tmp_path / "b.db").verdict is Verdict.OK


@pytest.mark.parametrize(
    ("numbers", "with_their_keys", "verdict"),
    [
        # CVE-2023-31439: what is of an earlier key's time may not be sealed anew with a later one.
        ((1, 2, 3), False, Verdict.TAMPERED),
        ((4, 5, 6), False, Verdict.TAMPERED),
        ((), False, Verdict.OK),
        ((1, 2, 3), True, Verdict.OK),
    ],
    ids=["sealed-anew-with-the-key-found", "under-later-numbers", "not-sealed", "by-who-has-all-keys"],
)
async def test_who_finds_the_present_key_cannot_seal_a_past_that_they_rewrote(
    tmp_path: Path, numbers: tuple[int, ...], with_their_keys: bool, verdict: Verdict
) -> None:
    path, state = tmp_path / "b.db", tmp_path / "state"
    await sealed_log(path, state, runs=1)
    before = Path(shutil.copy2(path, tmp_path / "before.db"))
    first = await sealed_log(path, state, runs=3)
    keys = list(itertools.islice(keys_from(first.key), 10))
    assert _present_key(state) == keys[4]
    for number in numbers:
        key = keys[number] if with_their_keys else keys[max(number, 4)]
        async with log_at(before, keys=KEYS) as log:
            await log.fill(10, actor="mallory")
            note = await log.checkpoints.make()
            assert note is not None
            seal = make_seal(key, first.sealer, number, read_note(note), 1)
            await log.database.write(partial(keep_seal, seal=seal))
    found = verified(before, seal_keys=[first])
    assert found.verdict is verdict
    assert found.sealed == 10 * (1 + len(numbers)) or verdict is not Verdict.OK
    assert verified(before).verdict is Verdict.OK


async def test_genuine_seals_are_of_the_entries_that_they_were_made_over_and_of_no_others(
    tmp_path: Path,
) -> None:
    path, state = tmp_path / "b.db", tmp_path / "state"
    await sealed_log(path, state, runs=1)
    before = Path(shutil.copy2(path, tmp_path / "before.db"))
    first = await sealed_log(path, state, runs=1)
    async with log_at(before, keys=KEYS) as log:
        await log.fill(10, actor="mallory")
        await log.checkpoints.make()
    with closing(sqlite3.connect(before)) as connection:
        connection.execute("ATTACH ? AS genuine", (str(path),))
        connection.execute("INSERT INTO audit_seals SELECT * FROM genuine.audit_seals WHERE number = 1")
        connection.commit()
    found = verified(before, seal_keys=[first])
    assert (found.verdict, found.first_bad) == (Verdict.TAMPERED, 20) and "another history" in found.why


def _present_key(state: Path) -> bytes:
    return bytes.fromhex(orjson.loads((state / SEAL_FILE).read_bytes())["key"])


async def test_no_earlier_key_is_left_on_the_machine(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = await sealed_log(tmp_path / "b.db", state)
    assert take_first_key(state, tmp_path / "auditor") == first
    *earlier, present = itertools.islice(keys_from(first.key), RUNS + 1)
    assert _present_key(state) == present
    for file in (*state.iterdir(), *tmp_path.glob("b.db*")):
        content = file.read_bytes()
        assert not any(key in content or key.hex().encode() in content for key in earlier), file
    assert {stat.S_IMODE(each.stat().st_mode) for each in (state / SEAL_FILE, tmp_path / "auditor")} == {
        0o600
    }
    assert verified(tmp_path / "b.db", seal_keys=[first]).sealed == 10 * RUNS


async def test_the_former_keys_bytes_are_overwritten_before_it_goes(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db", keys=KEYS, sealer=Sealer(tmp_path / "state")) as log:
        await log.fill(1)
        held = os.open(tmp_path / "state" / SEAL_FILE, os.O_RDONLY)
        before = os.read(held, 4096)
        await log.checkpoints.make()
        assert os.pread(held, 4096, 0) == bytes(len(before))
        os.close(held)


def test_the_first_key_is_taken_once_and_into_a_new_file(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (tmp_path / "there").write_text("something")
    with pytest.raises(KeyUnusable, match="new file"):
        take_first_key(state, tmp_path / "there")
    taken = take_first_key(state, tmp_path / "auditor")
    assert read_first_key((tmp_path / "auditor").read_text()) == taken
    assert not (state / FIRST_SEAL_FILE).exists() and not Sealer(state).is_first_key_here
    with pytest.raises(KeyUnusable, match="before"):
        take_first_key(state, tmp_path / "again")
    for text in ("", "burgee-audit-seal 00 11", "burgee-audit-seal", f"x {'0' * 32} {'0' * 64}"):
        with pytest.raises(KeyUnusable):
            read_first_key(text)


def test_a_first_start_that_was_cut_short_goes_on_with_the_first_key_that_it_made(tmp_path: Path) -> None:
    sealer = Sealer(tmp_path).sealer
    (tmp_path / SEAL_FILE).unlink()
    assert Sealer(tmp_path).sealer == sealer
    assert take_first_key(tmp_path, tmp_path / "auditor").sealer == sealer


class _Crash(Exception):
    pass


async def _sealed_and_lost(log: Log) -> None:
    """The key and the seal are on disk, and the transaction is not."""

    def work(transaction: Transaction) -> None:
        log.checkpoints._store(transaction)
        raise _Crash

    with pytest.raises(_Crash):
        await log.database.write(work)


@pytest.mark.parametrize("goes_on", [True, False])
async def test_a_crash_between_the_key_and_the_database_loses_no_seal(tmp_path: Path, goes_on: bool) -> None:
    state = tmp_path / "state"
    for run in range(3):
        async with log_at(tmp_path / "b.db", keys=KEYS, sealer=Sealer(state)) as log:
            await log.fill(10)
            await _sealed_and_lost(log)
            assert await log.rows("SELECT COUNT(*) FROM audit_checkpoints") == [(run,)]
        async with log_at(tmp_path / "b.db", keys=KEYS, sealer=Sealer(state)) as log:
            if goes_on:
                await log.fill(5)
            await log.checkpoints.make()
    first = take_first_key(state, tmp_path / "auditor")
    found = verified(tmp_path / "b.db", seal_keys=[first])
    assert (found.verdict, found.sealed) == (Verdict.OK, 45 if goes_on else 30)
    assert found.remarks == verified(tmp_path / "b.db").remarks


async def test_a_key_that_cannot_be_replaced_makes_no_checkpoint_and_no_seal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with log_at(tmp_path / "b.db", keys=KEYS, sealer=Sealer(tmp_path)) as log:
        await log.fill(5)
        with monkeypatch.context() as patched:
            patched.setattr("burgeed.audit.sealing_key.write_durably", full)
            with pytest.raises(AuditUnavailable, match="No space left"):
                await log.checkpoints.make()
        await log.fill(5)
        await log.checkpoints.make()
    assert verified(tmp_path / "b.db", seal_keys=[take_first_key(tmp_path, tmp_path / "a")]).sealed == 10


async def test_seals_that_the_database_lost_stop_the_sealing_until_it_is_accepted(
    tmp_path: Path,
) -> None:
    state, path = tmp_path / "state", tmp_path / "b.db"
    await sealed_log(path, state, runs=2)
    older = Path(shutil.copy2(path, tmp_path / "older.db"))
    first = await sealed_log(path, state, runs=2)
    async with log_at(older, keys=KEYS, sealer=Sealer(state), witness=_nothing(state)) as log:
        await log.fill(5)
        with pytest.raises(AuditUnavailable, match="2 seals of this daemon, which made 4"):
            await log.checkpoints.make()
        outcome = await log.audit.accept(Requester("uid:0", "a backup"))
        assert outcome.seq == 26 and "which made 4" in outcome.unmet[0]
        await log.fill(5)
        await log.checkpoints.make()
    second = take_first_key(state, tmp_path / "second")
    assert second.sealer != first.sealer
    found = verified(older, seal_keys=[first, second])
    assert (found.verdict, found.sealed) == (Verdict.OK, 31)


def _nothing(state: Path) -> Witness:
    return Witness(RememberedCheckpoint(state / "remembered"))


async def test_daemons_that_share_a_log_seal_it_each_with_a_key_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    for state in ("one", "other", "one", "other"):
        await sealed_log(path, tmp_path / state, runs=1)
    firsts = [take_first_key(tmp_path / state, tmp_path / f"{state}.key") for state in ("one", "other")]
    assert verified(path, seal_keys=firsts).remarks == verified(path).remarks
    assert verified(path, seal_keys=firsts).sealed == 40
    found = verified(path, seal_keys=firsts[:1])
    assert found.sealed == 30 and any("first key was not given: 2" in each for each in found.remarks)


async def test_daemons_on_one_postgresql_rotate_and_seal_as_one_does(
    tmp_path: Path, postgresql_database: str
) -> None:
    sealers = [Sealer(tmp_path / name) for name in ("one", "other")]
    successor = PrivateKey.new("ecdsa-p256")
    async with (
        log_at(tmp_path / "b", uri=postgresql_database, keys=KEYS, sealer=sealers[0], most_entries=4) as one,
        log_at(tmp_path / "b", uri=postgresql_database, keys=KEYS, sealer=sealers[1]) as other,
    ):
        for log in (one, other, one):
            await log.fill(5)
            await log.checkpoints.make()
        await one.audit.rotate_signing(Requester("uid:0", "yearly"), successor)
        with pytest.raises(AuditUnavailable, match="another key"):
            await other.fill(1)
        other.journal.keys = replace(KEYS, signing=successor)
        await other.fill(5)
        await other.checkpoints.make()
        for table in ("audit_keys", "audit_seals"):
            with pytest.raises(DatabaseError, match="never changed"):
                await one.database.write(
                    lambda transaction, table=table: transaction.execute(f"DELETE FROM {table}")
                )  # type: ignore[misc]
    firsts = [take_first_key(tmp_path / name, tmp_path / f"{name}.key") for name in ("one", "other")]
    log_of_both = open_postgresql_log(postgresql_database)
    try:
        found = verify(log_of_both, public_key=KEYS.signing.public, seal_keys=firsts)
    finally:
        log_of_both.close()
    assert (found.verdict, found.last, found.sealed) == (Verdict.OK, 21, 21), found.why


def test_a_key_says_nothing_of_the_one_before_and_each_is_another() -> None:
    keys = list(itertools.islice(keys_from(b"k" * 32), 100))
    assert len(set(keys)) == 100 and all(len(key) == 32 for key in keys)
    assert keys[1] == next_key(keys[0])
    # RFC 5869, section 2.3, by other means.
    expected = hmac.new(b"k" * 32, seals._NEXT + b"\x01", hashlib.sha256).digest()
    assert keys[1] == expected
