"""A daemon compares its log with what was kept beside it, and adds nothing to a log that is another one."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from burgeed.audit.anchor import FileAnchor
from burgeed.audit.errors import AuditUnavailable
from burgeed.audit.records import Requester
from burgeed.audit.remembered import RememberedCheckpoint, remembered_path
from burgeed.audit.verdict import Verdict
from burgeed.audit.witness import Witness
from tests.daemon.audit.logs import Log, event, fixed_keys, last_note, log_at, make_log, tamper, verified

KEYS = fixed_keys()
ASKED = Requester("uid:0", "a backup was put back")


def witness(directory: Path, *, remembers: bool = True, anchored: bool = False) -> Witness:
    """What a start has, in a directory that keeps it."""
    own = RememberedCheckpoint(directory / "remembered") if remembers else None
    made = Witness(own, [directory / "anchor"] if anchored else ())
    made.recall()
    return made


async def written(path: Path, *, kept: Path, anchored: bool = True, count: int = 10) -> None:
    """A run of the daemon: entries, a checkpoint, what is kept of it."""
    anchors = [FileAnchor(kept / "anchor")] if anchored else []
    async with log_at(path, keys=KEYS, anchors=anchors, witness=witness(kept, anchored=anchored)) as log:
        await log.fill(count)
        await log.checkpoints.make()


async def refused(path: Path, seen: Witness) -> str:
    """Why a start with that witness takes no write."""
    async with log_at(path, keys=KEYS, witness=seen) as log:
        with pytest.raises(AuditUnavailable) as raised:
            await log.append(event(1))
        assert await log.rows("SELECT COUNT(*) FROM audit_entries WHERE at > 2e15") == [(0,)]
        with pytest.raises(AuditUnavailable):
            await log.checkpoints.make()
        assert "the audit is not the one that was signed" in next(log.audit.degraded())
        return str(raised.value)


@pytest.mark.parametrize(("remembers", "anchored"), [(True, False), (False, True)])
async def test_an_older_copy_put_back_takes_no_write_whatever_it_grew_to(
    tmp_path: Path, remembers: bool, anchored: bool
) -> None:
    path, older = tmp_path / "b.db", tmp_path / "older.db"
    await written(path, kept=tmp_path)
    shutil.copy2(path, older)
    await written(path, kept=tmp_path)
    seen = witness(tmp_path, remembers=remembers, anchored=anchored)
    place = "remembered" if remembers else "anchor"
    why = await refused(older, seen)
    assert "ends with entry 10" in why and "of 20 entries" in why and place in why and "accept" in why
    # As a daemon would leave it that does not look.
    async with log_at(older, keys=KEYS) as log:
        await log.fill(15)
    seen = witness(tmp_path, remembers=remembers, anchored=anchored)
    assert "of another history" in await refused(older, seen)


async def test_a_log_that_is_what_was_kept_takes_writes_pruned_or_not(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    await written(path, kept=tmp_path)
    async with log_at(path, keys=KEYS, witness=witness(tmp_path, anchored=True), most_entries=5) as log:
        await log.fill(5)
        log.clock.time += 400 * 86_400
        await log.append(event(1))
        assert (await log.audit.prune(ASKED)).through >= 10
    for seen in (witness(tmp_path), witness(tmp_path, remembers=False, anchored=True)):
        async with log_at(path, keys=KEYS, witness=seen) as log:
            await log.append(event(2))
            assert not seen.why and list(log.audit.degraded()) == []


async def test_another_log_and_no_log_at_all_take_no_write(tmp_path: Path) -> None:
    await written(tmp_path / "b.db", kept=tmp_path)
    other = await asyncio.to_thread(make_log, tmp_path / "other.db", 20, keys=KEYS)
    assert "was replaced" in await refused(other, witness(tmp_path))
    assert "there is no audit log" in await refused(tmp_path / "new.db", witness(tmp_path))


async def test_an_entry_that_is_gone_or_altered_where_a_checkpoint_ends_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    await written(path, kept=tmp_path)
    async with log_at(path, keys=KEYS) as log:
        await log.fill(1)
    for change in (
        "DELETE FROM audit_entries",
        "UPDATE audit_entries SET entry = CAST(entry || x'00' AS BLOB)",
    ):
        changed = Path(shutil.copy2(path, tmp_path / "changed.db"))
        tamper(changed, f"{change} WHERE seq = 10")
        assert "was rewritten" in await refused(changed, witness(tmp_path))


async def test_a_log_that_is_exchanged_while_the_daemon_runs_takes_no_write_until_it_is_back(
    tmp_path: Path,
) -> None:
    path = tmp_path / "b.db"
    async with log_at(path, keys=KEYS, witness=witness(tmp_path)) as log:
        await log.fill(10)
        await log.checkpoints.make()
        tamper(path, "UPDATE audit_head SET seq = 5")
        with pytest.raises(AuditUnavailable, match="ends with entry 5"):
            await log.append(event(1))
        assert log.journal.witness.why
        tamper(path, "UPDATE audit_head SET seq = 10")
        await log.append(event(1))
        assert not log.journal.witness.why


async def test_what_is_kept_follows_the_log_and_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    for _ in range(3):
        await written(path, kept=tmp_path, anchored=False)
        assert (tmp_path / "remembered").read_text() == last_note(path)
    assert (tmp_path / "remembered").stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir() if "remembered" in each.name] == ["remembered"]
    (tmp_path / "remembered").write_text("nothing")
    assert "is no checkpoint" in await refused(path, witness(tmp_path))


def test_each_store_has_a_file_of_its_own_whatever_its_password(tmp_path: Path) -> None:
    one, other = (f"postgresql://burgee:{password}@db/burgee" for password in ("one", "other"))
    assert remembered_path(tmp_path, one) == remembered_path(tmp_path, other)
    assert remembered_path(tmp_path, one) != remembered_path(tmp_path, "postgresql://burgee:one@db2/burgee")


async def accepted(path: Path, kept: Path) -> Log:
    async with log_at(path, keys=KEYS, witness=witness(kept, anchored=True)) as log:
        outcome = await log.audit.accept(ASKED)
        assert outcome.seq == 11 and "ends with entry 10" in outcome.unmet[0]
        assert (await log.audit.accept(ASKED)).seq == 0
        return log


async def put_back(directory: Path) -> Path:
    """A log of ten entries, where twenty were signed and anchored."""
    path, older = directory / "b.db", directory / "older.db"
    await written(path, kept=directory)
    shutil.copy2(path, older)
    await written(path, kept=directory)
    return older


async def test_who_accepts_the_log_as_it_is_goes_on_and_everybody_is_told(tmp_path: Path) -> None:
    older = await put_back(tmp_path)
    note = (tmp_path / "remembered").read_text()
    await accepted(older, tmp_path)
    async with log_at(older, keys=KEYS, witness=witness(tmp_path, anchored=True)) as log:
        await log.fill(20)
    found = verified(older, [note])
    assert found.verdict is Verdict.FORKED and any("entry 11" in remark for remark in found.remarks)
    found = verified(older, [note], accepted=True)
    assert found.verdict is Verdict.OK and any("passed over: 1" in remark for remark in found.remarks)


async def test_an_acceptance_that_the_logs_key_did_not_sign_is_none(tmp_path: Path) -> None:
    older = await put_back(tmp_path)
    await accepted(older, tmp_path)
    longer = last_note(tmp_path / "b.db")
    with closing(sqlite3.connect(older)) as connection:
        [row] = connection.execute("SELECT digest, size, seq, made, signature FROM audit_acceptances")
    for at, altered in ((1, row[1] + 1), (2, row[2] + 1), (4, bytes(64))):
        changed = Path(shutil.copy2(older, tmp_path / "changed.db"))
        columns = ("digest", "size", "seq", "made", "signature")
        tamper(changed, f"UPDATE audit_acceptances SET {columns[at]} = ?", parameters=(altered,))
        assert "was shortened" in await refused(changed, witness(tmp_path, remembers=False, anchored=True))
        assert verified(older, [longer], accepted=True).verdict is Verdict.OK
        assert verified(changed, [longer], accepted=True).verdict is Verdict.TRUNCATED
