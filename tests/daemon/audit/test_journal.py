"""Appending: entries are chained in the transaction of what they tell, or nothing is written."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from burgeed.audit.entry import decode
from burgeed.audit.errors import AuditUnavailable
from burgeed.audit.journal import read_boot_id
from burgeed.audit.keys import AuditKeys, MasterKey, MasterKeys
from burgeed.audit.modes import STRICT
from burgeed.audit.records import AuditFilter, Requester
from burgeed.audit.verdict import Verdict
from burgeed.database.errors import DatabaseError, WriteRefused
from burgeed.database.protocol import Transaction
from tests.daemon.audit.logs import START, SetClock, event, fixed_keys, log_at, make_log, verified


async def test_what_is_appended_is_read_back_as_it_was(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        sent = event(7, on_behalf_of="bob", detail={"dryRun": False}, old=1, new=1.0)
        await log.append(sent)
        [record] = (await log.audit.search(AuditFilter(), 10)).records
    shown = (record.actor, record.on_behalf_of, record.reason, record.scope, record.level, record.at)
    assert shown == ("alice", "bob", "ticket 7", "c-42", "customer", START)
    assert (record.leaf, record.had_old, record.has_new) == ("patch.phase2.enhancedStorage", True, True)
    assert repr((record.old, record.new)) == "(1, 1.0)" and record.detail == {"dryRun": False}
    assert (record.seq, record.revision, record.request_id, record.erased) == (1, 7, "r-7", ())


async def test_events_of_one_write_become_entries_one_behind_another(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        await log.append(*(event(n) for n in range(5)))
        await log.append(event(5))
        rows = await log.rows("SELECT seq, hash, entry FROM audit_entries ORDER BY seq")
    headers = [decode(row[2]).header for row in rows]
    assert [header.seq for header in headers] == [1, 2, 3, 4, 5, 6]
    assert [header.prev_hash for header in headers] == [bytes(32), *(row[1] for row in rows[:-1])]
    assert {header.boot_id for header in headers} == {read_boot_id()}


async def test_a_write_that_fails_leaves_no_entry_and_the_chain_goes_on(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        await log.append(event(1))

        def failing(transaction: Transaction) -> None:
            log.journal.append(transaction, [event(2)])
            raise WriteRefused("not so")

        with pytest.raises(WriteRefused):
            await log.database.write(failing)
        await log.append(event(3))
        assert [row[0] for row in await log.rows("SELECT seq FROM audit_entries ORDER BY seq")] == [1, 2]
    assert verified(tmp_path / "b.db", masters=log.keys.masters).verdict is Verdict.OK


async def test_the_first_write_that_fails_makes_no_log_and_the_next_one_does(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:

        def failing(transaction: Transaction) -> None:
            log.journal.append(transaction, [event(1)])
            raise WriteRefused("not so")

        with pytest.raises(WriteRefused):
            await log.database.write(failing)
        await log.append(event(2))
    assert verified(tmp_path / "b.db", masters=log.keys.masters).verdict is Verdict.OK


async def test_two_daemons_on_one_log_take_turns(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        from burgeed.audit.journal import Journal

        other = Journal(log.keys, log.clock)
        for number in range(6):
            journal = (log.journal, other)[number % 2]
            await log.database.write(lambda t, j=journal, n=number: j.append(t, [event(n)]))  # type: ignore[misc]
    found = verified(tmp_path / "b.db", masters=log.keys.masters)
    assert (found.verdict, found.last, found.decrypted) == (Verdict.OK, 6, 6)


async def test_a_segment_ends_after_so_many_entries_and_after_a_day(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db", most_entries=4) as log:
        await log.append(*(event(n) for n in range(10)))
        log.clock.time += 24 * 3600
        await log.append(event(10))
        rows = await log.rows("SELECT id, first_seq, size FROM audit_segments ORDER BY id")
        kids = await log.rows("SELECT COUNT(DISTINCT kid), COUNT(DISTINCT wrapped_key) FROM audit_segments")
    assert rows == [(1, 1, 4), (2, 5, 4), (3, 9, 2), (4, 11, None)] and kids == [(4, 4)]
    assert verified(tmp_path / "b.db", masters=log.keys.masters).verdict is Verdict.OK


async def test_without_the_right_keys_nothing_is_written(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db", keys=fixed_keys()) as log:
        await log.append(event(1))
    for keys, why in ((fixed_keys(master=9), "master key"), (fixed_keys(signing=9), "another key")):
        async with log_at(tmp_path / "b.db", keys=keys) as log:
            with pytest.raises(AuditUnavailable, match=why):
                await log.append(event(2))
            assert await log.rows("SELECT COUNT(*) FROM audit_entries") == [(1,)]


async def test_in_strict_mode_nothing_is_written_while_an_anchor_is_overdue(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db", mode=STRICT) as log:
        await log.append(event(1))
        log.clock.time += 299
        await log.append(event(2, at=log.clock.time))
        log.clock.time += 2
        with pytest.raises(AuditUnavailable, match="anchor"):
            await log.append(event(3))
        note = await log.checkpoints.make()
        assert note is not None
        await log.database.write(lambda t: t.execute("UPDATE audit_checkpoints SET anchored = 1"))
        await log.append(event(4))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET action = 'kill' WHERE seq = 2",
        "DELETE FROM audit_entries WHERE seq = 3",
        "INSERT OR REPLACE INTO audit_entries SELECT 2, segment, at, action, actor_id, hash, entry"
        " FROM audit_entries WHERE seq = 3",
        "DELETE FROM audit_segments",
    ],
)
def test_the_database_itself_refuses_to_change_entries(tmp_path: Path, statement: str) -> None:
    path = make_log(tmp_path / "b.db", 3)
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="audit"):
        connection.execute(statement)
    connection.close()
    assert verified(path).verdict is Verdict.OK


async def test_postgresql_refuses_it_too_and_verifies(tmp_path: Path, postgresql_database: str) -> None:
    from burgeed.audit.log_database import open_postgresql_log
    from burgeed.audit.verify import verify

    async with log_at(tmp_path / "b", uri=postgresql_database, keys=fixed_keys(), most_entries=4) as log:
        await log.fill(10)
        await log.checkpoints.make()
        for statement in (
            "UPDATE audit_entries SET action = 'kill' WHERE seq = 2",
            "DELETE FROM audit_entries WHERE seq = 3",
            "TRUNCATE audit_entries",
            "DELETE FROM audit_segments",
        ):
            with pytest.raises(DatabaseError, match="audit"):
                await log.database.write(lambda t, s=statement: t.execute(s))  # type: ignore[misc]
        source = open_postgresql_log(postgresql_database)
        found = verify(source, masters=log.keys.masters)
        source.close()
    assert (found.verdict, found.last, found.decrypted, found.checkpointed) == (Verdict.OK, 10, 10, 10)


async def test_a_clock_set_back_is_recorded_and_breaks_nothing(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db", clock=SetClock()) as log:
        await log.append(event(1))
        log.clock.time -= 10 * 365 * 86_400
        await log.append(event(2, at=log.clock.time))
        records = (await log.audit.search(AuditFilter(), 10)).records
    assert [record.seq for record in records] == [2, 1] and records[0].at < records[1].at
    assert verified(tmp_path / "b.db", masters=log.keys.masters).verdict is Verdict.OK


async def test_a_new_master_key_takes_over_without_touching_an_entry(tmp_path: Path) -> None:
    from burgeed.audit.rotation import rewrap

    old = fixed_keys()
    async with log_at(tmp_path / "b.db", keys=old, most_entries=3) as log:
        await log.fill(7)
        before = await log.rows("SELECT seq, hash, entry FROM audit_entries ORDER BY seq")
    new = MasterKey(b"\x07" * 32)
    both = AuditKeys(MasterKeys(new, (old.master,)), old.signing)
    async with log_at(tmp_path / "b.db", keys=both) as log:
        count = await log.database.write(lambda t: rewrap(t, log.journal, Requester("root", "yearly")))
        after = await log.rows("SELECT seq, hash, entry FROM audit_entries ORDER BY seq")
        [[masters]] = await log.rows("SELECT COUNT(DISTINCT master_id) FROM audit_segments")
    assert count > 5 and after[:7] == before and len(after) == 8 and masters == 1
    async with log_at(tmp_path / "b.db", keys=AuditKeys(MasterKeys(new), old.signing)) as log:
        await log.append(event(9))
        records = (await log.audit.search(AuditFilter(), 20)).records
    assert [record.action for record in records][:2] == ["override.set", "audit.rotate"]
    assert verified(tmp_path / "b.db", masters=MasterKeys(new)).verdict is Verdict.OK
    assert verified(tmp_path / "b.db", masters=old.masters).verdict is Verdict.UNDECRYPTABLE


@pytest.mark.parametrize(
    "fields", [{"actor": "\ud800"}, {"new": {1, 2}}, {"new": 1 << 70}, {"action": "Kill!"}]
)
async def test_what_cannot_be_written_down_is_refused_and_so_is_its_write(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    async with log_at(tmp_path / "b.db") as log:
        with pytest.raises(AuditUnavailable):
            await log.append(event(1), event(2, **fields))
        assert await log.rows("SELECT COUNT(*) FROM audit_entries") == [(0,)]


async def test_a_scope_without_a_level_is_a_subject_too(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        await log.append(event(1, level="", scope="c-9"))
        outcome = await log.audit.erase(Requester("uid:0", "r"), "scope", "c-9", "GDPR")
    assert outcome.found and outcome.entries == 1


@pytest.mark.long
@pytest.mark.timeout(600)
def test_verifying_sixty_thousand_entries_takes_a_few_megabytes(tmp_path: Path) -> None:
    import tracemalloc

    path = make_log(tmp_path / "b.db", 0, checkpoint=False)

    async def fill() -> None:
        async with log_at(path) as log:
            for _ in range(60):
                await log.append(*(event(n) for n in range(1000)))
                await log.checkpoints.make()

    asyncio.run(fill())
    tracemalloc.start()
    found = verified(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.verdict, found.last, found.checkpoints) == (Verdict.OK, 60_000, 60)
    assert peak < 16 * 1024 * 1024
