"""Pruning: whole segments go, and what is kept is verified as before."""

from __future__ import annotations

from pathlib import Path

import pytest

from burgeed.audit.errors import NotPermitted
from burgeed.audit.modes import STRICT
from burgeed.audit.records import AuditFilter, Requester
from burgeed.audit.verdict import Verdict
from tests.daemon.audit.logs import Log, event, log_at, tamper, verified

OPERATOR = Requester("uid:0", "yearly", second="uid:7")
DAY = 86_400


async def filled(log: Log) -> list[str]:
    """Four segments of 25 entries, each 50 days after the last; a checkpoint of each."""
    notes = []
    for _ in range(4):
        await log.fill(25)
        notes.append(await log.checkpoints.make() or "")
        log.clock.time += 50 * DAY
    return notes


async def test_segments_older_than_the_retention_go_and_the_rest_still_verifies(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        notes = await filled(log)
        rehearsed = await log.audit.prune(OPERATOR, dry_run=True)
        assert await log.rows("SELECT COUNT(*) FROM audit_entries") == [(100,)]
        outcome = await log.audit.prune(OPERATOR)
        assert rehearsed == outcome
        assert (outcome.segments, outcome.entries, outcome.through) == (3, 75, 75)
        left = (await log.audit.search(AuditFilter(), 500)).records
        assert [record.seq for record in left] == list(range(101, 75, -1))
        assert left[0].action == "audit.prune" and left[0].detail["through"] == 75
        assert left[0].detail["second"] == "uid:7"
        assert await log.rows("SELECT COUNT(*) FROM audit_segments WHERE length(wrapped_key) = 0") == [(3,)]
        await log.fill(5)
    found = verified(tmp_path / "b.db", notes, masters=log.keys.masters)
    assert (found.verdict, found.pruned_through, found.first, found.last) == (Verdict.OK, 75, 76, 106)
    assert found.anchored == 100 and found.decrypted == 31


async def test_what_is_kept_after_pruning_cannot_be_tampered_with(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    async with log_at(path) as log:
        await filled(log)
        await log.audit.prune(OPERATOR)
    for statement in (
        "DELETE FROM audit_entries WHERE seq = 76",
        "DELETE FROM audit_entries WHERE seq <= 100",
        "UPDATE audit_segments SET head = zeroblob(32) WHERE id = 3",
        "UPDATE audit_segments SET pruned = pruned + 1 WHERE id = 2",
        "DELETE FROM audit_segments WHERE id = 1",
        "UPDATE audit_segments SET pruned = NULL WHERE id = 3",
    ):
        copy = tmp_path / "copy.db"
        copy.write_bytes(path.read_bytes())
        tamper(copy, statement)
        assert verified(copy).verdict is Verdict.TAMPERED, statement


async def test_nothing_younger_than_the_retention_goes_whatever_is_asked(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        await filled(log)
        outcome = await log.audit.prune(OPERATOR, before=log.clock.time + DAY)
        assert outcome.through == 75
        assert (await log.audit.prune(OPERATOR)).segments == 0


async def test_in_strict_mode_pruning_takes_a_reason_and_a_second_person(tmp_path: Path) -> None:
    for requester in (
        Requester("ann", "r"),
        Requester("ann", "r", second="ann"),
        Requester("ann", second="bob"),
    ):
        async with log_at(tmp_path / "b.db", mode=STRICT) as log:
            with pytest.raises(NotPermitted):
                await log.audit.prune(requester)
            await log.audit.prune(Requester("ann", "r", second="bob"))


async def test_an_earlier_date_prunes_less(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        start = log.clock.time
        await filled(log)
        assert (await log.audit.prune(OPERATOR, before=start + 40 * DAY)).through == 25
        assert (await log.rows("SELECT MIN(seq) FROM audit_entries"))[0][0] == 26


async def test_a_segment_with_one_young_entry_stays(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        await log.append(event(1), event(2, at=log.clock.time + 300 * DAY))
        log.clock.time += 200 * DAY
        await log.append(event(3, at=log.clock.time))
        assert (await log.audit.prune(OPERATOR)).segments == 0


async def test_pruning_works_on_postgresql_and_verifies(tmp_path: Path, postgresql_database: str) -> None:
    from burgeed.audit.log_database import open_postgresql_log
    from burgeed.audit.verify import verify
    from tests.daemon.audit.logs import fixed_keys

    async with log_at(tmp_path / "b", uri=postgresql_database, keys=fixed_keys()) as log:
        notes = await filled(log)
        assert (await log.audit.prune(OPERATOR)).through == 75
        erased = await log.audit.erase(OPERATOR, "customer", "c-42", "GDPR")
        assert erased.found and erased.entries == 100
    source = open_postgresql_log(postgresql_database)
    found = verify(source, outside=notes, masters=log.keys.masters)
    source.close()
    assert (found.verdict, found.pruned_through, found.last) == (Verdict.OK, 75, 102)


@pytest.mark.parametrize("count", [0, 1])
async def test_an_export_of_a_pruned_log_is_verified(tmp_path: Path, count: int) -> None:
    from burgeed.audit.log_export import ExportLog
    from burgeed.audit.verify import verify

    async with log_at(tmp_path / "b.db") as log:
        await filled(log)
        await log.audit.prune(OPERATOR)
        await log.fill(count)
        lines = [line async for line in log.audit.export(AuditFilter(), "jsonl")]
    export = tmp_path / "export"
    export.write_text("".join(lines))
    found = verify(ExportLog(export))
    assert (found.verdict, found.pruned_through, found.last) == (Verdict.OK, 75, 101 + count)
