"""Erasing a subject reaches the history, and leaves what is said of others as it was."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from burgee.evaluation import evaluate
from burgeed.audit.errors import InForce
from burgeed.audit.records import ERASED, EraseOutcome
from burgeed.authority.principal import Restriction, Scope
from burgeed.control.commands import (
    ClearScope,
    OverrideItem,
    PatchFlag,
    ReplaceFlag,
    RollBack,
    SetOverrides,
)
from burgeed.control.committing import Committer, Write
from burgeed.control.protocol import HistoryFilter
from burgeed.database.protocol import Transaction
from burgeed.revisions import foundations, reading
from burgeed.revisions.foundations import Foundation, pack
from burgeed.revisions.naming import ERASED_DOCUMENT
from tests.support.erasing_store import ADMIN, AUDITOR, ErasingStore, bytes_about, erasing_store
from tests.support.planes import FILE
from tests.support.postgresql import PostgresqlServer

CUSTOMER = "kunde-4711"
ADMIN_PEER = replace(ADMIN, name="uid:0", kind="peer", token_id="", uid=0)
ALICE = replace(ADMIN, name="alice-laptop", token_id="t1")
DOCUMENT = {"flags": {"a": {"defaultVariant": "off"}, "b": {"defaultVariant": "off"}}}


@pytest.fixture(params=["sqlite", "postgresql"])
async def here(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ErasingStore]:
    if request.param == "sqlite":
        uri = f"sqlite:{tmp_path}/burgee.db"
    else:
        uri = request.getfixturevalue("postgresql_database")
    async with erasing_store(uri, DOCUMENT) as found:
        yield found


def overrides(scope: str, variant: str | None = "on", **fields: Any) -> SetOverrides:
    document = None if variant is None else {"variant": variant, **fields}
    return SetOverrides("", (OverrideItem("customer", scope, "a", document),))


async def served(here: ErasingStore, revision: int, customer: str) -> object:
    past = await here.plane.past(revision=revision)
    return evaluate(past.snapshot, "a", {"customer": customer}, now=past.at).value


async def dumped(here: ErasingStore) -> str:
    """Every row of the store but the audit's, as a person at a prompt sees it."""
    tables = ("revisions", "changes", "entries", "idempotency", "tokens")

    def work(transaction: Transaction) -> str:
        rows = [row for table in tables for row in transaction.execute(f"SELECT * FROM {table}")]
        packed = transaction.execute("SELECT content FROM beneath")
        return str(rows + [zlib.decompress(content) for (content,) in packed])

    return await here.database.read(work)


async def test_what_was_set_for_a_customer_reads_a_pseudonym_and_the_others_are_as_they_were(
    here: ErasingStore,
) -> None:
    await here.write(overrides(CUSTOMER, note="asked by Eve"), reason="pilot of Eve", idempotency_key="k1")
    await here.write(overrides("c-2"), reason=f"as {CUSTOMER} has it, not {CUSTOMER}0")
    both = SetOverrides("", (*overrides(CUSTOMER, "off").items, *overrides("c-3").items))
    await here.write(both, reason="both")
    await here.write(ClearScope("", "customer", CUSTOMER))
    outcome = await here.erase("customer", CUSTOMER)
    assert (outcome.found, outcome.entries, outcome.revisions, outcome.left) == (True, 5, 4, ())
    fourth, third, second, first = await here.plane.history(HistoryFilter(), 10)
    [change] = first.changes
    assert change.key.scope == outcome.pseudonym == fourth.changes[0].key.scope
    assert outcome.pseudonym.startswith("erased-") and len(outcome.pseudonym) == 39
    assert (change.before, change.after) == (None, ERASED_DOCUMENT)
    assert [each.reason for each in (first, second, third)] == [
        ERASED, f"as {outcome.pseudonym} has it, not {CUSTOMER}0", "both",
    ]  # fmt: skip
    assert {each.key.scope for each in third.changes} == {outcome.pseudonym, "c-3"}
    of_scope = HistoryFilter(flag_set="", level="customer", scope=outcome.pseudonym)
    assert len(await here.plane.history(of_scope, 10)) == 3
    assert [await served(here, number, "c-2") for number in range(5)] == [False, False, True, True, True]
    assert await served(here, 3, "c-3") is True and await served(here, 3, CUSTOMER) is False
    found = await dumped(here)
    assert CUSTOMER in found and f"not {CUSTOMER}0" in found and found.count(CUSTOMER) == 1
    # A hash of the name, or of a request that has it, would let it be guessed.
    assert await here.database.read(lambda t: t.execute("SELECT * FROM idempotency")) == []


async def test_going_back_does_not_bring_back_who_was_erased(here: ErasingStore) -> None:
    await here.write(overrides(CUSTOMER))
    await here.write(overrides("c-2"))
    await here.write(ClearScope("", "customer", CUSTOMER))
    await here.write(ClearScope("", "customer", "c-2"))
    outcome = await here.erase("customer", CUSTOMER)
    await here.write(RollBack(2))
    assert [key.scope for key in here.plane.state.entries] == ["c-2"]
    unchanged = await here.write(RollBack(2, "", level="customer", scope=CUSTOMER))
    assert unchanged.changes == ()
    [gone] = [each for each in await here.plane.difference(2, 5) if each.before != each.after]
    assert (gone.key.scope, gone.before, gone.after) == (outcome.pseudonym, ERASED_DOCUMENT, None)
    loaded = await here.database.read(reading.load)
    assert {key.scope for key in loaded.entries} == {"c-2"}


async def test_going_back_that_was_planned_before_an_erasure_does_not_bring_back_who_was_erased(
    here: ErasingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.write(overrides(CUSTOMER))
    await here.write(overrides("c-2"))
    await here.write(ClearScope("", "customer", CUSTOMER))
    await here.write(ClearScope("", "customer", "c-2"))
    commit, erased = Committer.commit, []

    async def commit_after_erasing(self: Committer, writes: Sequence[Write], last: tuple[int, str]) -> None:
        if not erased:
            erased.append(await here.erase("customer", CUSTOMER))
        await commit(self, writes, last)

    monkeypatch.setattr(Committer, "commit", commit_after_erasing)
    await here.write(RollBack(2))
    assert erased
    assert [key.scope for key in here.plane.state.entries] == ["c-2"]
    assert CUSTOMER not in await dumped(here)


async def test_what_is_in_force_refuses_with_the_way_to_take_it_back_and_changes_nothing(
    here: ErasingStore,
) -> None:
    await here.write(overrides(CUSTOMER))
    condition = {"customer": {"in": ["c-1", CUSTOMER]}}
    await here.write(PatchFlag("", "b", {"rules": [{"when": condition, "serve": "on"}]}))
    token = (await here.tokens.create(
        "partner", frozenset({Scope.WRITE}), Restriction(scopes=(("customer", CUSTOMER),)), by=ADMIN_PEER
    ))[1]  # fmt: skip
    with pytest.raises(InForce) as refused:
        await here.erase("customer", CUSTOMER)
    told = str(refused.value)
    assert f"overrides of a (take them back: `burgee override unset customer {CUSTOMER}`)" in told
    assert "a condition of flag b" in told and f"`burgee token revoke {token.id}`" in told
    assert (await here.plane.revision(1)).changes[0].key.scope == CUSTOMER
    assert await here.records("audit.erase") == []
    await here.write(ClearScope("", "customer", CUSTOMER))
    await here.write(PatchFlag("", "b", {"rules": [{"when": {"customer": "c-1"}, "serve": "on"}]}))
    await here.tokens.revoke(token.id, by=ADMIN_PEER)
    outcome = await here.erase("customer", CUSTOMER)
    assert CUSTOMER not in await dumped(here)
    await here.tokens.refresh()
    kept = here.tokens.token(token.id)
    assert kept is not None and kept.restriction.scopes == (("customer", outcome.pseudonym),)
    past = await here.plane.past(revision=2)
    assert evaluate(past.snapshot, "b", {"customer": "c-1"}, now=past.at).value is True
    assert evaluate(past.snapshot, "b", {"customer": CUSTOMER}, now=past.at).value is False


async def test_a_source_that_names_the_customer_refuses_and_what_it_once_said_is_rewritten(
    here: ErasingStore,
) -> None:
    naming = {
        **DOCUMENT,
        "segments": {"pilots": {"customer": ["c-1", CUSTOMER]}},
        "overrides": {"customer": {CUSTOMER: {"a": "on"}, "c-1": {"a": {"variant": "on", "note": CUSTOMER}}}},
    }
    here.deliver(naming)
    await record(here)
    with pytest.raises(InForce, match=f"overrides.customer.{CUSTOMER}.a in {FILE}.*segments.pilots"):
        await here.erase("customer", CUSTOMER)
    here.deliver(DOCUMENT)
    assert (await here.erase("customer", CUSTOMER)).found
    assert CUSTOMER not in await dumped(here)
    past = await here.plane.past(at=2_000_000_000.0)
    values = [
        evaluate(past.snapshot, "a", {"customer": name}, now=past.at).value for name in ("c-1", CUSTOMER)
    ]
    assert past.exact and values == [True, False]


async def record(here: ErasingStore) -> None:
    """Put down what lies beneath, as the daemon does when it follows."""
    packed = pack(Foundation(here.plane.beneath(), here.store.fixed, here.store.fractional_version))
    await here.database.write(lambda transaction: foundations.record(transaction, packed, 1_000.0))


async def test_who_acted_is_a_pseudonym_in_the_history_and_in_tokens_and_gone_from_the_audit(
    here: ErasingStore,
) -> None:
    text, token = await here.tokens.create(
        "alice-laptop", frozenset({Scope.WRITE}), person="alice", by=ADMIN_PEER, reason="new colleague"
    )
    assert text
    await here.write(overrides("c-1"), by=ALICE, reason="for Bob", on_behalf_of="bob")
    await here.write(overrides("c-2"), reason="alice-laptop asked", on_behalf_of="alice")
    for name in ("alice", "alice-laptop"):
        with pytest.raises(InForce, match=f"burgee token revoke {token.id}"):
            await here.erase("person", name)
    await here.tokens.revoke(token.id, by=ADMIN_PEER, reason="left us")
    person = await here.erase("person", "alice")
    created = [*await here.records("token.create"), *await here.records("token.revoke")]
    assert len(created) == 2 and {record.detail for record in created} == {ERASED}
    assert {record.actor for record in created} == {ADMIN_PEER.name}
    laptop = await here.erase("person", "alice-laptop")
    assert (person.revisions, laptop.revisions) == (1, 1)
    second, first = await here.plane.history(HistoryFilter(), 10)
    assert (first.actor, first.on_behalf_of, first.reason) == (laptop.pseudonym, "bob", ERASED)
    assert (second.actor, second.on_behalf_of, second.reason) == ("admin", person.pseudonym, ERASED)
    assert first.changes[0].key.scope == "c-1" and first.changes[0].after == {"variant": "on"}
    assert "alice" not in await dumped(here)
    await here.tokens.refresh()
    kept = here.tokens.token(token.id)
    assert kept is not None and (kept.name, kept.person) == (laptop.pseudonym, person.pseudonym)


async def test_who_made_a_good_token_stays_beside_it_and_the_outcome_says_so(here: ErasingStore) -> None:
    maker = replace(ADMIN_PEER, name="uid:1000")
    _, token = await here.tokens.create("ci", frozenset({Scope.WRITE}), by=maker)
    await here.write(overrides("c-1"), by=maker)
    outcome = await here.erase("person", "uid:1000")
    assert outcome.left == (f"token {token.id}, made by them",)
    assert (await here.plane.revision(1)).actor == outcome.pseudonym
    await here.tokens.refresh()
    kept = here.tokens.token(token.id)
    assert kept is not None and kept.created_by == "uid:1000"


async def test_a_word_that_may_mean_something_else_stays_and_is_told(here: ErasingStore) -> None:
    titles = {"variants": {"on": {"title": f"Hello {CUSTOMER}"}, "off": {}}, "defaultVariant": "off"}
    await here.write(ReplaceFlag("", "b", {**titles, "description": f"for {CUSTOMER}"}))
    await here.write(ReplaceFlag("", "b", {**titles, "description": f"now for {CUSTOMER}"}))
    outcome = await here.erase("customer", CUSTOMER)
    assert outcome.left == ("revision 1, flag b", "revision 2, flag b")
    first, second = (await here.plane.revision(1)).changes[0], (await here.plane.revision(2)).changes[0]
    assert first.after is not None and first.after["description"] == f"for {outcome.pseudonym}"
    assert second.before == first.after
    assert first.after["variants"]["on"] == {"title": f"Hello {CUSTOMER}"}
    # What is in force is what its writer wrote.
    assert second.after is not None and second.after["description"] == f"now for {CUSTOMER}"


async def test_a_token_that_is_called_by_the_customer_is_told_and_can_be_erased_as_a_person(
    here: ErasingStore,
) -> None:
    called = f"of {CUSTOMER}"
    _, token = await here.tokens.create(called, frozenset({Scope.WRITE}), by=ADMIN_PEER)
    await here.write(overrides("c-1"), by=replace(ALICE, name=called), reason=CUSTOMER)
    outcome = await here.erase("customer", CUSTOMER)
    assert outcome.left == (
        f"the name of token {token.id}", f"revisions by {called} (erase person {called} too)",
    )  # fmt: skip
    await here.tokens.revoke(token.id, by=ADMIN_PEER)
    assert (await here.erase("person", called)).left == ()
    assert CUSTOMER not in await dumped(here)


async def test_whom_nothing_names_is_not_found_and_nothing_is_recorded(here: ErasingStore) -> None:
    await here.write(overrides("c-1"), idempotency_key="k")
    outcome = await here.erase("customer", "c-2")
    assert not outcome.found and await here.records("audit.erase") == []
    assert (await here.write(overrides("c-1"), idempotency_key="k")).replayed


async def test_a_rehearsed_erasure_tells_what_it_would_do_and_does_nothing(
    here: ErasingStore,
) -> None:
    async def rehearse() -> EraseOutcome:
        return await here.audit.erase(AUDITOR, "customer", CUSTOMER, "GDPR Art. 17", dry_run=True)

    await here.write(overrides(CUSTOMER), reason="pilot", idempotency_key="k1")
    with pytest.raises(InForce):
        await rehearse()
    await here.write(ClearScope("", "customer", CUSTOMER))
    before = await dumped(here)
    rehearsed = await rehearse()
    assert await dumped(here) == before and await here.records("audit.erase") == []
    done = await here.erase("customer", CUSTOMER)
    assert rehearsed.pseudonym == "" and replace(done, pseudonym="") == rehearsed
    assert done.found and done.revisions == 2


async def test_who_agreed_is_gone_from_the_audit_with_what_is_said_there(here: ErasingStore) -> None:
    await here.write(overrides("c-1"), reason="both agree", second=replace(ALICE, name="second-laptop"))
    await here.erase("person", "second-laptop")
    [record] = await here.records("override.set")
    assert (record.detail, record.reason, record.actor, record.new) == (ERASED, ERASED, "admin", "on")


async def test_a_daemon_that_was_behind_serves_what_is_set_and_not_what_it_remembers(
    postgresql_database: str,
) -> None:
    async with AsyncExitStack() as stack:
        one, other = [
            await stack.enter_async_context(erasing_store(postgresql_database, DOCUMENT)) for _ in range(2)
        ]
        await one.write(overrides(CUSTOMER))
        await other.write(overrides("c-2"))
        assert {key.scope for key in other.plane.state.entries} == {CUSTOMER, "c-2"}
        await one.write(ClearScope("", "customer", CUSTOMER))
        await one.erase("customer", CUSTOMER)
        await other.write(overrides("c-3"))
        assert {key.scope for key in other.plane.state.entries} == {"c-2", "c-3"}
        assert other.plane.state.revision == 4


def filled(names: Sequence[str], number: int) -> SetOverrides:
    """Rows of many lengths, so that pages are divided in many places."""
    return SetOverrides(
        "",
        tuple(
            OverrideItem(
                "customer", name, "a", {"variant": "on", "note": f"{name} {'.' * (place * 37 % 300)}"}
            )
            for place, name in enumerate(names, number)
        ),
    )


async def fill(here: ErasingStore, names: Sequence[str], gone: Sequence[str]) -> None:
    """Overrides for all of them, set twice in different orders; none any more for those who are to go."""
    for number in range(2):
        for start in range(0, len(names), 40):
            some = names[start // 40 :: len(names) // 40] if number else names[start : start + 40]
            await here.write(
                filled(some, start), reason=" and ".join(some), idempotency_key=f"{number}-{start}"
            )
    items = tuple(OverrideItem("customer", name, "a", None) for name in gone)
    await here.write(SetOverrides("", items), reason=f"bye {' '.join(gone)}")


NAMES = [f"kunde-{number:04}-q" for number in range(120)]
GONE = NAMES[3::50]


async def test_of_an_erased_customer_no_byte_is_left_in_the_database(tmp_path: Path) -> None:
    async with erasing_store(f"sqlite:{tmp_path}/state/burgee.db", DOCUMENT) as here:
        await fill(here, NAMES, GONE)
        assert all(name.encode() in bytes_about(tmp_path) for name in GONE)
        for name in GONE:
            await here.erase("customer", name)
        on_disk = bytes_about(tmp_path)
    on_disk += bytes_about(tmp_path)
    assert [name for name in GONE if name.encode() in on_disk] == []
    assert all(name.encode() in on_disk for name in NAMES if name not in GONE)


async def test_of_an_erased_customer_no_byte_is_left_in_the_files_of_the_servers_tables(
    postgresql_database: str, postgresql_server: PostgresqlServer
) -> None:
    async with erasing_store(postgresql_database, DOCUMENT) as here:
        await fill(here, NAMES[:40], GONE[:1])
        assert GONE[0].encode() in postgresql_server.written(postgresql_database)
        await here.erase("customer", GONE[0])
        on_disk = postgresql_server.written(postgresql_database)
    assert GONE[0].encode() not in on_disk and NAMES[4].encode() in on_disk
