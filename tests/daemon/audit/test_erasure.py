"""Erasing a subject leaves nothing of it to be read, and everything else as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from burgeed.audit.errors import Held
from burgeed.audit.records import ERASED, AuditFilter, AuditRecord, Requester
from burgeed.audit.verdict import Verdict
from burgeed.database.errors import DatabaseUnavailable
from tests.daemon.audit.logs import Log, event, last_note, log_at, verified

OPERATOR = Requester("uid:0", "request 7")
BASIS = "GDPR Art. 17(1)(b)"


def bytes_of(path: Path) -> bytes:
    """Everything that lies on the disk: the file with its free pages, and the write-ahead log."""
    return b"".join(each.read_bytes() for each in sorted(path.parent.glob(path.name + "*")))


async def records(log: Log, which: AuditFilter = AuditFilter()) -> list[AuditRecord]:  # noqa: B008
    return list((await log.audit.search(which, 500)).records)


async def test_nothing_of_what_is_recorded_lies_on_the_disk_in_clear(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    canaries = [f"canary-{number:03}-zq" for number in range(9)]
    async with log_at(path) as log:
        await log.append(
            event(
                1, actor=canaries[0], on_behalf_of=canaries[1], reason=canaries[2], scope=canaries[3],
                old=canaries[4], new={"deep": [canaries[5]]}, detail={"why": canaries[6]},
                flag_key=canaries[7], leaf=canaries[8],
            )
        )  # fmt: skip
        await log.checkpoints.make()
        while_open = bytes_of(path)
    on_disk = while_open + bytes_of(path)
    secrets = [(tmp_path / name).read_text().strip() for name in ("audit-master.key", "audit-signing.key")]
    found = [text for text in (*canaries, *secrets) if text.encode() in on_disk]
    found += [text for text in secrets if bytes.fromhex(text) in on_disk]
    assert found == [] and b"override.set" in on_disk


async def test_of_fifty_erased_subjects_no_key_and_no_name_is_left_and_the_log_still_verifies(
    tmp_path: Path,
) -> None:
    path = tmp_path / "b.db"
    names = [f"person-{number:02}-xy" for number in range(50)]
    async with log_at(path) as log:
        for name in names:
            await log.append(event(1, actor=name, reason=f"by {name}"), event(2, actor=name))
        keys = [
            row[0] for row in await log.rows("SELECT wrapped_key FROM audit_subjects WHERE kind = 'person'")
        ]
        lookups = [
            row[0] for row in await log.rows("SELECT lookup FROM audit_subjects WHERE kind = 'person'")
        ]
        assert len(keys) == 50 and all(key in bytes_of(path) for key in keys)
        note = await log.checkpoints.make()
        for name in names:
            outcome = await log.audit.erase(OPERATOR, "person", name, BASIS)
            assert outcome.found and outcome.entries == 2
        shown = await records(log, AuditFilter(action="override.*"))
        masters = log.keys.masters
    on_disk = bytes_of(path)
    assert [each for each in (*keys, *lookups) if each in on_disk] == []
    assert [name for name in names if name.encode() in on_disk] == []
    assert {record.actor for record in shown} == {ERASED} and {record.reason for record in shown} == {ERASED}
    assert note is not None
    found = verified(path, [note, last_note(path)], masters=masters)
    assert (found.verdict, found.last, found.decrypted) == (Verdict.OK, 150, 150)


async def test_erasing_who_acted_leaves_what_was_changed_and_for_whom(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        await log.append(event(1, on_behalf_of="bob"))
        await log.audit.erase(OPERATOR, "person", "alice", BASIS)
        [record] = await records(log, AuditFilter(action="override.set"))
    assert (record.actor, record.reason) == (ERASED, ERASED)
    assert (record.on_behalf_of, record.scope, record.old, record.new) == ("bob", "c-42", False, True)
    assert set(record.erased) == {"actor", "said"}


async def test_erasing_a_customer_leaves_who_acted_and_takes_what_was_set_for_it(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        await log.append(event(1), event(2, scope="c-43"))
        await log.audit.erase(OPERATOR, "customer", "c-42", BASIS)
        other, record = await records(log, AuditFilter(action="override.set"))
    assert (record.actor, record.scope, record.old, record.new) == ("alice", ERASED, ERASED, ERASED)
    assert (other.scope, other.new, other.reason) == ("c-43", True, "ticket 2")


async def test_the_erasure_is_recorded_without_the_name(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        await log.append(event(1))
        outcome = await log.audit.erase(OPERATOR, "person", "alice", BASIS)
        entry = (await records(log))[0]
    assert entry.action == "audit.erase" and entry.actor == "uid:0" and entry.reason == "request 7"
    assert entry.detail["subject"] == outcome.subject_id and entry.detail["legalBasis"] == BASIS
    assert "alice" not in str(entry)


async def test_the_same_name_afterwards_is_somebody_new(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        await log.append(event(1))
        await log.audit.erase(OPERATOR, "person", "alice", BASIS)
        await log.append(event(2))
        later, earlier = await records(log, AuditFilter(action="override.set"))
    assert (later.actor, earlier.actor) == ("alice", ERASED) and later.actor_id != earlier.actor_id


async def test_a_subject_that_another_daemon_erased_is_not_sealed_for_with_the_old_key(
    tmp_path: Path,
) -> None:
    from burgeed.audit.journal import Journal

    async with log_at(tmp_path / "b.db") as log:
        other = Journal(log.keys, log.clock)
        await log.database.write(lambda t: other.append(t, [event(1)]))
        await log.audit.erase(OPERATOR, "person", "alice", BASIS)
        await log.database.write(lambda t: other.append(t, [event(2)]))
        assert [record.actor for record in await records(log, AuditFilter(action="override.set"))] == [
            "alice",
            ERASED,
        ]


async def test_who_is_not_known_cannot_be_erased_and_nothing_is_recorded(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        await log.append(event(1))
        outcome = await log.audit.erase(OPERATOR, "customer", "alice", BASIS)
        assert not outcome.found and len(await records(log)) == 1


async def test_a_legal_hold_forbids_erasing_and_pruning_until_it_is_released(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        await log.append(event(1))
        assert await log.audit.hold(OPERATOR, "case-7") and not await log.audit.hold(OPERATOR, "case-7")
        with pytest.raises(Held, match="case-7"):
            await log.audit.erase(OPERATOR, "person", "alice", BASIS)
        with pytest.raises(Held, match="case-7"):
            await log.audit.prune(OPERATOR)
        assert await log.audit.release(OPERATOR, "case-7") and not await log.audit.release(OPERATOR, "case-7")
        assert (await log.audit.erase(OPERATOR, "person", "alice", BASIS)).found
        actions = [record.action for record in await records(log)]
    assert actions == ["audit.erase", "audit.release", "audit.hold", "override.set"]


async def test_an_older_copy_without_its_master_key_gives_nothing_away(tmp_path: Path) -> None:
    path = tmp_path / "b.db"
    async with log_at(path) as log:
        await log.append(event(1))
    backup = tmp_path / "backup" / "b.db"
    backup.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    assert b"alice" not in bytes_of(backup)
    assert verified(backup, masters=_other_masters()).verdict is Verdict.UNDECRYPTABLE


def _other_masters():  # type: ignore[no-untyped-def]
    from tests.daemon.audit.logs import fixed_keys

    return fixed_keys(master=77).masters


async def test_files_that_cannot_be_written_anew_are_told_and_the_subject_is_erased_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scrub(*tables: str) -> None:
        raise DatabaseUnavailable("busy", "somebody reads")

    async with log_at(tmp_path / "b.db") as log:
        await log.append(event(1))
        monkeypatch.setattr(log.database, "scrub", scrub)
        outcome = await log.audit.erase(OPERATOR, "person", "alice", BASIS)
        assert outcome.found and outcome.left == ("the database's files, which could not be written anew",)
        assert (await records(log, AuditFilter(action="override.set")))[0].actor == ERASED
