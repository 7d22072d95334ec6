"""Revisions, entries, keys and foundations as both databases keep them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from burgee.definition import SourceDocument, read_layer
from burgeed.database.protocol import Database
from burgeed.revisions import foundations, idempotency, reading
from burgeed.revisions.foundations import Foundation, pack, unpack
from burgeed.revisions.idempotency import Known
from burgeed.revisions.reading import About
from burgeed.revisions.values import Change, Entry, EntryKey, Revision
from burgeed.revisions.writing import NumberTaken, append
from tests.support.planes import opened

KEY = EntryKey("shop", "override", "a", "customer", "c-1")
OTHER = EntryKey("shop", "flag", "ключ" * 64, "", "")
LONG = EntryKey("é" * 3000, "override", "漢" * 256, "字" * 256, "語" * 256)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "sqlite":
        uri = f"sqlite:{tmp_path}/burgee.db"
    else:
        uri = request.getfixturevalue("postgresql_database")
    async with opened(uri) as found:
        yield found


def revision(number: int, *changes: Change, at: float = 100.0, **fields: Any) -> Revision:
    return Revision(number, at + number, "me", "batch", changes, **fields)


async def put(database: Database, *revisions: Revision) -> None:
    for each in revisions:
        await database.write(lambda transaction, each=each: append(transaction, each, f"w{each.number}"))  # type: ignore[misc]


FIRST = revision(
    1,
    Change(KEY, None, {"variant": "on", "note": 'a "quoted" \u0000 % ? ж'}),
    Change(OTHER, None, {"variants": {"x": 1, "y": 1.0, "z": 2**62}}),
    Change(LONG, None, {"inherit": True}),
    on_behalf_of="you",
    reason="line\nbreak",
    request_id="r",
)
SECOND = revision(2, Change(KEY, FIRST.changes[0].after, None), target=1)
THIRD = revision(3, Change(KEY, None, {"variant": "off"}), Change(OTHER, FIRST.changes[1].after, None))


async def test_what_is_read_is_what_was_written(database: Database) -> None:
    await put(database, FIRST, SECOND, THIRD)
    assert await database.read(lambda t: reading.revision(t, 1)) == FIRST
    assert await database.read(lambda t: reading.revision(t, 4)) is None
    assert await database.read(lambda t: reading.written(t, "w2")) == SECOND
    assert await database.read(lambda t: reading.written(t, "w4")) is None
    assert await database.read(lambda t: reading.history(t, 10)) == (THIRD, SECOND, FIRST)
    loaded = await database.read(reading.load)
    assert (loaded.number, loaded.write_id) == (3, "w3")
    assert loaded.entries == {
        KEY: Entry(KEY, {"variant": "off"}, 3),
        LONG: Entry(LONG, {"inherit": True}, 1),
    }


async def test_a_number_that_is_not_the_next_one_is_refused_and_leaves_nothing(database: Database) -> None:
    await put(database, FIRST)
    for number in (1, 3):
        with pytest.raises(NumberTaken):
            await put(database, revision(number, Change(KEY, None, None)))
    assert (await database.read(reading.load)).number == 1


async def test_earlier_entries_are_those_of_their_time(database: Database) -> None:
    await put(database, FIRST, SECOND, THIRD)

    async def keys_at(number: int) -> dict[EntryKey, int]:
        entries = await database.read(lambda t: reading.entries_at(t, number))
        return {key: entry.revision for key, entry in entries.items()}

    assert await keys_at(0) == {}
    assert await keys_at(1) == {KEY: 1, OTHER: 1, LONG: 1}
    assert await keys_at(2) == {OTHER: 1, LONG: 1}
    assert await keys_at(3) == {KEY: 3, LONG: 1}
    assert await database.read(lambda t: reading.number_at(t, 100.5)) == 0
    assert await database.read(lambda t: reading.number_at(t, 102.0)) == 2


async def test_newer_revisions_are_told_from_another_history(database: Database) -> None:
    await put(database, FIRST, SECOND, THIRD)
    newer = await database.read(lambda t: reading.since(t, 1, "w1"))
    assert newer is not None
    assert (newer.revisions, newer.write_id) == ((SECOND, THIRD), "w3")
    assert await database.read(lambda t: reading.since(t, 3, "w3")) == reading.Newer((), "w3")
    assert await database.read(lambda t: reading.since(t, 3, "else")) is None
    assert await database.read(lambda t: reading.since(t, 4, "w4")) is None
    assert await database.read(lambda t: reading.since(t, 0, "")) is not None


async def test_the_last_change_is_that_of_the_entries_asked_for(database: Database) -> None:
    await put(database, FIRST, SECOND, THIRD)

    async def last(*about: About) -> int:
        return await database.read(lambda t: reading.last_change(t, about))

    assert await last(About(*KEY)) == 3
    assert await last(About(*LONG)) == 1
    assert await last(About(*LONG), About(*KEY)) == 3
    assert await last(About("shop", None, "a")) == 3
    assert await last(About("shop", "override", None, "customer", "c-2")) == 0
    assert await last(About()) == 3


async def test_a_key_is_known_for_a_day_and_the_oldest_go_beyond_the_limit(database: Database) -> None:
    known = Known("print", {"revision": 3})
    await database.write(lambda t: idempotency.put(t, "token:1", "k", 1000.0, known))

    async def get(principal: str, now: float) -> Known | None:
        return await database.read(lambda t: idempotency.get(t, principal, "k", now))

    assert await get("token:1", 1000.0 + 24 * 3600 - 1) == known
    assert await get("token:1", 1000.0 + 24 * 3600) is None
    assert await get("token:2", 1000.0) is None
    for each in range(5):
        now = 2000.0 + each
        await database.write(lambda t, each=each, now=now: idempotency.put(t, "p", f"{each}", now, known))  # type: ignore[misc]
    await database.write(lambda t: idempotency.prune(t, 2))
    [[left]] = await database.read(lambda t: t.execute("SELECT COUNT(*) FROM idempotency"))
    assert left == 2


def foundation(variant: str, source: str = "flags.yaml") -> Foundation:
    document = {
        "metadata": {"flagSetId": "shop"},
        "hierarchy": [{"level": "team", "attribute": "team"}],
        "segments": {"s": {"country": "SE"}},
        "flags": {"a": {"defaultVariant": variant}},
        "overrides": {"team": {"t": {"a": "on"}}},
        "kill": {"a": "off"},
    }
    layer, _ = read_layer(source, [SourceDocument(document, source)])
    return Foundation((layer,), {"environment": "production"}, 3)


def test_a_foundation_is_read_as_it_was_packed() -> None:
    assert unpack(pack(foundation("on")).content) == foundation("on")
    assert pack(foundation("on")).digest == pack(foundation("on")).digest != pack(foundation("off")).digest
    with pytest.raises(ValueError, match="damaged"):
        unpack(b"x")


async def test_the_foundation_of_a_time_is_the_last_one_of_the_same_sources(database: Database) -> None:
    first, second, other = pack(foundation("on")), pack(foundation("off")), pack(foundation("on", "other"))

    async def record(packed: foundations.Packed, at: float, doubtful_since: float | None = None) -> bool:
        return await database.write(lambda t: foundations.record(t, packed, at, doubtful_since))

    async def content(at: float) -> tuple[bytes, bool] | None:
        return await database.read(lambda t: foundations.content_at(t, ["flags.yaml"], at))

    assert await record(first, 10)
    assert not await record(first, 11)
    assert await record(other, 15)
    assert await record(second, 20)
    assert await content(9.9) is None
    assert await content(10) == (first.content, True)
    assert await content(19) == (first.content, True)
    assert await content(20) == (second.content, True)
    assert await record(first, 40, 30)
    assert await content(29) == (second.content, True)
    assert await content(35) == (second.content, False)
    assert await content(40) == (first.content, True)
