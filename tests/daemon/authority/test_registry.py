"""Tokens live in memory for those who ask and in the database for everyone else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from burgeed.authority.errors import Exceeds, NameTaken, NoSuchToken, TooMany
from burgeed.authority.granting import TokenLimits
from burgeed.authority.principal import Principal, Restriction, Scope
from burgeed.authority.registry import TokenRegistry
from burgeed.authority.token import parse
from burgeed.database.errors import DatabaseUnavailable, OutcomeUnknown
from tests.daemon.authority.conftest import NOW, ROOT, AuditGone, Authority, authority

READ = frozenset({Scope.READ})


async def made(held: Authority, name: str = "ci", expires: float | None = None) -> tuple[str, str]:
    text, token = await held.registry.create(name, READ, expires=expires, by=ROOT)
    return text, token.id


def shown(registry: TokenRegistry, text: str) -> Principal | None:
    return registry.authenticate(text.encode())


async def test_a_token_is_good_as_soon_as_it_is_made_and_says_whose_it_is(tmp_path: Path) -> None:
    places = Restriction(levels=("customer",), flag_prefixes=("new-",))
    async with authority(tmp_path) as held:
        text, token = await held.registry.create("ci", READ, places, NOW + 60, "Ann", by=ROOT)
        principal = shown(held.registry, text)
    assert principal == Principal("ci", "token", READ, places, token_id=token.id, person="Ann")
    assert (token.created_by, token.created_at, token.expires_at) == ("uid:0", NOW, NOW + 60)


async def test_another_secret_under_the_same_id_is_nobodys(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        text, _ = await made(held)
        other, _ = await made(held, "other")
        mixed = text.partition(".")[0] + "." + other.partition(".")[2]
        assert parse(mixed.encode()) is not None and shown(held.registry, mixed) is None
        assert shown(held.registry, text) is not None


@pytest.mark.parametrize("text", [b"", b"burgee_", "burgee_é".encode(), b"\xff" * 100, b"x" * 8192])
async def test_what_is_no_token_is_nobodys_and_raises_nothing(tmp_path: Path, text: bytes) -> None:
    async with authority(tmp_path) as held:
        await made(held)
        assert held.registry.authenticate(text) is None


async def test_a_token_is_good_until_just_before_it_expires(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        text, _ = await made(held, expires=NOW + 60)
        held.clock.time = NOW + 59.999999
        assert shown(held.registry, text) is not None
        held.clock.time = NOW + 60
        assert shown(held.registry, text) is None


async def test_a_revoked_token_is_not_good_from_that_moment(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        text, token_id = await made(held)
        revoked = await held.registry.revoke(token_id, by=ROOT)
        assert shown(held.registry, text) is None and revoked.revoked_at == NOW
        held.clock.time += 5
        again = await held.registry.revoke(token_id, by=ROOT)
        assert again.revoked_at == NOW
        assert [event.action for event in held.told] == ["token.create", "token.revoke"]


async def test_another_daemon_learns_of_both_with_its_next_look(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        other = await held.another_daemon()
        text, token_id = await made(held)
        await other.refresh()
        assert shown(other, text) is not None
        await held.registry.revoke(token_id, by=ROOT)
        assert shown(other, text) is not None
        await other.refresh()
        assert shown(other, text) is None


async def test_another_daemon_learns_of_a_token_that_came_when_an_old_one_was_forgotten(
    tmp_path: Path,
) -> None:
    async with authority(tmp_path, TokenLimits(kept=10)) as held:
        _, old = await made(held, "old")
        await held.registry.revoke(old, by=ROOT)
        other = await held.another_daemon()
        held.clock.time += 10
        text, _ = await made(held, "new")
        assert [each.name for each in held.registry.list()] == ["new"]
        await other.refresh()
        assert shown(other, text) is not None


async def test_tokens_outlive_the_daemon(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        text, token_id = await made(held, expires=NOW + 60)
        gone, gone_id = await made(held, "gone")
        await held.registry.revoke(gone_id, by=ROOT)
        before = held.registry.list()
    async with authority(tmp_path) as held:
        assert held.registry.list() == before
        principal = shown(held.registry, text)
        assert principal is not None and principal.token_id == token_id
        assert shown(held.registry, gone) is None


async def test_no_file_of_the_database_holds_a_secret(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        texts = [(await made(held, f"t{number}"))[0] for number in range(20)]
        first = [path.read_bytes() for path in tmp_path.iterdir()]
    for content in [*first, *(path.read_bytes() for path in tmp_path.iterdir())]:
        for text in texts:
            credential = parse(text.encode())
            assert credential is not None
            assert text.partition(".")[2].encode() not in content
            assert credential.secret not in content and credential.secret.hex().encode() not in content
    # The ids are there: the search does look at the right files.
    assert any(texts[0][7:31].encode() in content for content in first)


async def test_nothing_that_is_shown_of_a_token_holds_its_secret_or_its_digest(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        text, token = await held.registry.create("ci", READ, by=ROOT)
        principal = shown(held.registry, text)
        told = [repr(token), str(token.document()), repr(principal), repr(held.told), repr(held.registry)]
    credential = parse(text.encode())
    assert credential is not None
    for each in told:
        assert text.partition(".")[2] not in each
        assert repr(credential.digest) not in each and credential.digest.hex() not in each


async def test_no_audit_no_token(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        text, token_id = await made(held)
        held.audit_is_gone = True
        with pytest.raises(AuditGone):
            await made(held, "other")
        with pytest.raises(AuditGone):
            await held.registry.revoke(token_id, by=ROOT)
        assert [each.name for each in held.registry.list()] == ["ci"]
        assert shown(held.registry, text) is not None
        other = await held.another_daemon()
        assert other.list() == held.registry.list()


async def test_the_audit_is_told_who_made_what_and_why(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        _, token = await held.registry.create(
            "ci", READ, by=ROOT, reason="build", request_id="r-1", on_behalf_of="ann"
        )
    [event] = held.told
    assert (event.action, event.by, event.token, event.at) == ("token.create", ROOT, token, NOW)
    assert (event.reason, event.request_id, event.on_behalf_of) == ("build", "r-1", "ann")


async def test_a_token_that_is_revoked_elsewhere_makes_no_other(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        text, token = await held.registry.create("boss", frozenset(Scope), by=ROOT)
        other = await held.another_daemon()
        boss = shown(other, text)
        assert boss is not None
        await held.registry.revoke(token.id, by=ROOT)
        with pytest.raises(Exceeds, match="not good any more"):
            await other.create("mine", READ, by=boss)


async def test_what_a_token_makes_never_exceeds_it(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        text, _ = await held.registry.create("boss", READ | {Scope.TOKENS}, by=ROOT)
        boss = shown(held.registry, text)
        assert boss is not None
        with pytest.raises(Exceeds):
            await held.registry.create("mine", READ | {Scope.WRITE}, by=boss)
        _, token = await held.registry.create("mine", READ, by=boss)
        assert (token.created_by, token.created_by_token) == ("boss", boss.token_id)


async def test_who_has_not_the_scope_revokes_none(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        text, token_id = await made(held)
        reader = shown(held.registry, text)
        assert reader is not None
        with pytest.raises(Exceeds):
            await held.registry.revoke(token_id, by=reader)
        assert shown(held.registry, text) is not None


async def test_two_good_tokens_never_have_one_name_and_a_name_is_free_again(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        _, token_id = await made(held)
        with pytest.raises(NameTaken):
            await made(held)
        await held.registry.revoke(token_id, by=ROOT)
        _, second = await made(held, expires=NOW + 1)
        held.clock.time += 1
        _, third = await made(held)
        assert len({token_id, second, third}) == 3


async def test_a_token_of_no_id_cannot_be_revoked(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        with pytest.raises(NoSuchToken):
            await held.registry.revoke("0" * 24, by=ROOT)


async def test_there_are_as_many_good_tokens_as_there_may_be_and_no_more(tmp_path: Path) -> None:
    async with authority(tmp_path, TokenLimits(tokens=3)) as held:
        ids = [(await made(held, f"t{number}"))[1] for number in range(3)]
        with pytest.raises(TooMany):
            await made(held, "t3")
        await held.registry.revoke(ids[0], by=ROOT)
        await made(held, "t3")


async def test_the_first_start_makes_one_token_that_may_everything(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        other = await held.another_daemon()
        text = await held.registry.first_token()
        assert text is not None
        principal = shown(held.registry, text)
        assert principal is not None and principal.scopes == frozenset(Scope)
        assert principal.restriction == Restriction()
        assert await held.registry.first_token() is None
        # The other one has not looked since, and finds that it was not the first.
        assert await other.first_token() is None and shown(other, text) is not None
        assert [event.action for event in held.told] == ["token.create"]


async def test_a_later_start_makes_none_even_where_all_were_revoked(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        await held.registry.first_token()
        [token] = held.registry.list()
        await held.registry.revoke(token.id, by=ROOT)
    async with authority(tmp_path) as held:
        assert await held.registry.first_token() is None


async def test_rows_of_a_later_version_give_no_right_that_is_not_known(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        texts = [(await made(held, f"t{number}"))[0] for number in range(3)]
        ids = [text[7:31] for text in texts]
        await held.database.write(
            lambda transaction: [
                transaction.execute("UPDATE tokens SET scopes = ? WHERE id = ?", ('["read", "fly"]', ids[0])),
                transaction.execute(
                    "UPDATE tokens SET restriction = ? WHERE id = ?", ('{"moon": 1}', ids[1])
                ),
                transaction.execute("UPDATE tokens SET scopes = ? WHERE id = ?", ("{", ids[2])),
            ]
        )
        registry = await held.another_daemon()
        principal = shown(registry, texts[0])
        assert principal is not None and principal.scopes == READ
        assert shown(registry, texts[1]) is None and shown(registry, texts[2]) is None
        assert await registry.first_token() is None


class CommitFails:
    """A database whose commit fails after, or before, all is written."""

    def __init__(self, held: Authority, *, written: bool, readable: bool = True) -> None:
        self._database = held.database
        self._written = written
        self.readable = readable

    async def write(self, work):  # type: ignore[no-untyped-def]
        if self._written:
            await self._database.write(work)
        raise OutcomeUnknown("the commit failed")

    async def read(self, work):  # type: ignore[no-untyped-def]
        if not self.readable:
            raise DatabaseUnavailable("failing", "gone")
        return await self._database.read(work)


async def test_a_commit_that_failed_is_looked_up_before_anything_is_said(tmp_path: Path) -> None:
    async with authority(tmp_path) as held:
        text, token_id = await made(held)
        for written in (True, False):
            database = CommitFails(held, written=written)
            registry = TokenRegistry(database, held.clock, held.record, random_bytes=os.urandom)  # type: ignore[arg-type]
            await registry.open()
            if written:
                new, _ = await registry.create("new", READ, by=ROOT)
                assert shown(registry, new) is not None
            else:
                with pytest.raises(DatabaseUnavailable):
                    await registry.revoke(token_id, by=ROOT)
                assert shown(registry, text) is not None
                database.readable = False
                with pytest.raises(OutcomeUnknown):
                    await registry.revoke(token_id, by=ROOT)
