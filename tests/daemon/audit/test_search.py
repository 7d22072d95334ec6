"""Searching: filters, pages, and never more decrypted at once than allowed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from burgeed.audit import search
from burgeed.audit.errors import AuditUnavailable
from burgeed.audit.keys import MasterKey, MasterKeys
from burgeed.audit.reader import AuditReader
from burgeed.audit.records import AuditFilter
from burgeed.audit.subjects import Subjects
from tests.daemon.audit.logs import START, Log, event, log_at

WHO = ("alice", "bob")


@pytest_asyncio.fixture
async def log(tmp_path: Path) -> AsyncIterator[Log]:
    """Forty entries of two actors, two customers, two flags and two actions, a second apart."""
    async with log_at(tmp_path / "b.db", most_entries=15) as log:
        for number in range(40):
            await log.append(
                event(
                    number,
                    at=START + number,
                    actor=WHO[number % 2],
                    on_behalf_of="carol" if number == 7 else "",
                    scope=f"c-{number % 4 // 2}",
                    flag_key="f" if number < 20 else "g",
                    action="kill" if number == 30 else "override.set",
                )
            )
        yield log


async def seqs(log: Log, limit: int = 100, **which: Any) -> list[int]:
    return [record.seq for record in (await log.audit.search(AuditFilter(**which), limit)).records]


async def test_each_filter_finds_what_it_says_newest_first(log: Log) -> None:
    assert await seqs(log) == list(range(40, 0, -1))
    assert await seqs(log, actor="bob") == list(range(40, 0, -2))
    assert await seqs(log, actor="carol") == [8]
    assert await seqs(log, action="kill") == [31]
    assert await seqs(log, action="override.*", since=START + 29, until=START + 32) == [32, 30]
    assert await seqs(log, flag="g", scope="c-1", level="customer", actor="alice") == [39, 35, 31, 27, 23]
    assert await seqs(log, flag_set="shop", since=START + 38) == [40, 39]
    assert await seqs(log, flag_set="other") == [] and await seqs(log, level="organization") == []


async def test_pages_follow_each_other_without_gap_or_repetition(log: Log) -> None:
    found, cursor, pages = [], None, 0
    while True:
        page = await log.audit.search(AuditFilter(actor="alice"), 7, cursor)
        found += [record.seq for record in page.records]
        pages += 1
        if page.next is None:
            break
        cursor = page.next
        # What is added meanwhile does not move the pages.
        await log.append(event(99, actor="alice"))
    assert found == list(range(39, 0, -2)) and pages == 3


async def test_a_search_that_finds_little_ends_its_page_and_goes_on_from_there(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search.Search.page, "__defaults__", (10,))
    page = await log.audit.search(AuditFilter(actor="carol"), 5)
    assert (page.records, page.next) == ((), 31)
    found = []
    while page.next is not None:
        page = await log.audit.search(AuditFilter(actor="carol"), 5, page.next)
        found += [record.seq for record in page.records]
    assert found == [8]


async def test_an_export_has_every_entry_once_in_order_with_what_it_says(log: Log) -> None:
    lines = [json.loads(line) async for line in log.audit.export(AuditFilter(), "jsonl")]
    kinds = [line["type"] for line in lines]
    assert kinds == ["log", *["segment"] * 3, *["entry"] * 40, "end"] and lines[-1]["entries"] == 40
    entries = [line for line in lines if line["type"] == "entry"]
    assert [line["seq"] for line in entries] == list(range(1, 41))
    assert entries[7]["says"]["onBehalfOf"] == "carol"


async def test_an_export_shows_no_key_in_any_form(log: Log) -> None:
    exported = "".join([line async for line in log.audit.export(AuditFilter(), "jsonl")])
    assert "wrapped" not in exported.lower()
    for [wrapped] in await log.rows("SELECT wrapped_key FROM audit_segments"):
        assert wrapped.hex() not in exported


async def test_an_empty_log_has_nothing_to_show(tmp_path: Path) -> None:
    async with log_at(tmp_path / "empty.db") as log:
        page = await log.audit.search(AuditFilter(), 10)
        assert (page.records, page.next) == ((), None)
        assert len([line async for line in log.audit.export(AuditFilter(), "csv")]) == 1
        assert [line async for line in log.audit.export(AuditFilter(), "jsonl")] == []


async def test_without_the_master_key_nothing_is_shown(log: Log) -> None:
    masters = MasterKeys(MasterKey(b"x" * 32))
    reader = AuditReader(log.database, masters, Subjects(masters))
    with pytest.raises(AuditUnavailable, match="master key"):
        await reader.search(AuditFilter(), 10)


async def test_an_actor_is_found_by_any_text_that_a_name_may_have(tmp_path: Path) -> None:
    async with log_at(tmp_path / "names.db") as log:
        for name in ("uid:1000", "Ann Öberg", "a\tb", "'; DROP TABLE audit_entries; --", "x" * 500):
            await log.append(event(1, actor=name))
            assert [
                record.actor for record in (await log.audit.search(AuditFilter(actor=name), 9)).records
            ] == [name]
