"""The tokens of this daemon: looked up in memory, kept in the database."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from dataclasses import replace

from burgeed.authority import table
from burgeed.authority.errors import NameTaken, NoSuchToken, TooMany
from burgeed.authority.events import TokenEvent, TokenRecord
from burgeed.authority.granting import (
    TokenLimits,
    check_grant,
    check_may_manage,
    check_request,
    is_forgotten,
    why_not_two_persons,
)
from burgeed.authority.issued import Token
from burgeed.authority.principal import Principal, Restriction, Scope
from burgeed.authority.token import Credential, RandomBytes, new_credential, parse
from burgeed.clock import Clock
from burgeed.database.errors import DatabaseUnavailable, OutcomeUnknown
from burgeed.database.protocol import Database, Transaction

FIRST = Principal("first start", "anonymous", frozenset(Scope))
"""Who creates the very first token."""

FIRST_NAME = "admin"

_NO_DIGEST = bytes(32)


class TokenRegistry:
    """All tokens.

    Authentication is of memory: the database may be gone, and tokens go on being what they were. A revocation
    counts from the moment at which it is written, here at once and in other daemons on the same database with
    their next :meth:`refresh`.

    Args:
        record: keeps the audit.
        random_bytes: makes secrets.
        limits: how many tokens, and how long their names.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        record: TokenRecord,
        *,
        random_bytes: RandomBytes = os.urandom,
        limits: TokenLimits | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._record = record
        self._random_bytes = random_bytes
        self._limits = limits or TokenLimits()
        self._tokens: dict[str, Token] = {}
        self._changed = -1

    @property
    def is_open(self) -> bool:
        """Whether tokens have been read; until then every one is nobody's."""
        return self._changed >= 0

    async def open(self) -> None:
        """Load every token. Raises DatabaseUnavailable."""
        await self.refresh()

    async def refresh(self) -> None:
        """Take over what other daemons have written, if anything; at least every two seconds where there may
        be others. Raises DatabaseUnavailable, and leaves everything as it was.
        """
        seen = self._changed

        def work(transaction: Transaction) -> table.Content | None:
            changed = table.newest(transaction)
            return None if changed == seen else table.read(transaction)

        found = await self._database.read(work)
        # A write of our own may have been taken over meanwhile: what is older than that is not.
        if found is not None and found[0] > self._changed:
            self._changed, self._tokens = found

    def authenticate(self, text: bytes) -> Principal | None:
        """Whose token this is; None where it is nobody's, is revoked or has expired. Does no I/O."""
        credential = parse(text)
        if credential is None:
            return None
        token = self._tokens.get(credential.id)
        # Of bytes: compare_digest of two texts raises for what is not ASCII.
        same = hmac.compare_digest(credential.digest, _NO_DIGEST if token is None else token.digest)
        if token is None or not same or not token.is_good(self._clock.wall()):
            return None
        return token.principal

    def independent(self, one: Principal, other: Principal) -> str | None:
        """See :func:`burgeed.authority.granting.why_not_two_persons`."""
        return why_not_two_persons(one, other, self._tokens)

    def list(self) -> tuple[Token, ...]:
        """Every token that is known, the newest first; the ones that are not good any more for a while."""
        return tuple(sorted(self._tokens.values(), key=lambda each: (-each.created_at, each.id)))

    def token(self, token_id: str) -> Token | None:
        """One token."""
        return self._tokens.get(token_id)

    async def create(
        self,
        name: str,
        scopes: frozenset[Scope],
        restriction: Restriction | None = None,
        expires: float | None = None,
        person: str = "",
        *,
        by: Principal,
        reason: str = "",
        request_id: str = "",
        on_behalf_of: str = "",
    ) -> tuple[str, Token]:
        """Make a token.

        Args:
            name: by which history calls its principal; no two good tokens have the same.
            restriction: where it may write; None is everywhere.
            expires: Unix seconds; None is never.
            person: the individual whom it belongs to; empty for a shared one.
            by: who asks.
            reason, request_id, on_behalf_of: for the audit.

        Returns:
            Its text, which is kept nowhere, and what is kept.

        Raises:
            Exceeds: it would allow what ``by`` may not.
            Unfit: it cannot be so.
            NameTaken: another good token has that name.
            TooMany: there are as many as there may be.
            DatabaseError: see :meth:`burgeed.database.protocol.Database.write`; and what the audit raises.
        """
        now = self._clock.wall()
        credential = new_credential(self._random_bytes)
        token = _new_token(credential, name, scopes, restriction, expires, person, by, now)
        check_request(token, now, self._limits)
        event = TokenEvent("token.create", now, by, token, reason, request_id, on_behalf_of)

        def work(transaction: Transaction) -> table.Content:
            changed, tokens = table.read(transaction)
            check_grant(token, by, tokens.get(by.token_id), now)
            self._make_room(transaction, tokens, now)
            if any(each.name == token.name and each.is_good(now) for each in tokens.values()):
                raise NameTaken(f"another token is called {token.name}: history could not tell them apart")
            return self._write(transaction, changed, tokens, event)

        await self._commit(work, lambda: token.id in self._tokens)
        return credential.text(), token

    async def revoke(
        self,
        token_id: str,
        *,
        by: Principal,
        reason: str = "",
        request_id: str = "",
        on_behalf_of: str = "",
    ) -> Token:
        """Take a token back, for good; one that was taken back before stays as it is.

        Raises:
            Exceeds: ``by`` has not the scope for tokens, or its own is not good any more.
            NoSuchToken: there is none of that id.
            DatabaseError: see :meth:`burgeed.database.protocol.Database.write`; and what the audit raises.
        """
        now = self._clock.wall()

        def work(transaction: Transaction) -> table.Content:
            changed, tokens = table.read(transaction)
            check_may_manage(by, tokens.get(by.token_id), now)
            token = tokens.get(token_id)
            if token is None:
                raise NoSuchToken("there is no token of this id")
            if token.revoked_at is not None:
                return changed, tokens
            revoked = replace(token, revoked_at=now)
            event = TokenEvent("token.revoke", now, by, revoked, reason, request_id, on_behalf_of)
            return self._write(transaction, changed, tokens, event)

        def is_revoked() -> bool:
            token = self._tokens.get(token_id)
            return token is not None and token.revoked_at is not None

        await self._commit(work, is_revoked)
        return self._tokens[token_id]

    async def first_token(self) -> str | None:
        """The text of a token that may everything, made if there has never been one; else None.

        Raises:
            DatabaseError: see :meth:`burgeed.database.protocol.Database.write`; and what the audit raises.
        """
        if self._tokens:
            return None
        now = self._clock.wall()
        credential = new_credential(self._random_bytes)
        token = _new_token(credential, FIRST_NAME, frozenset(Scope), None, None, "", FIRST, now)
        event = TokenEvent("token.create", now, FIRST, token, "the first start")

        def work(transaction: Transaction) -> table.Content:
            changed, tokens = table.read(transaction)
            # Another daemon on this database may have been faster.
            if table.holds_any(transaction):
                return changed, tokens
            return self._write(transaction, changed, tokens, event)

        await self._commit(work, lambda: bool(self._tokens))
        return credential.text() if token.id in self._tokens else None

    async def _commit(
        self, work: Callable[[Transaction], table.Content], is_done: Callable[[], bool]
    ) -> None:
        """Write, and have what was written in memory. Where the commit fails, what is there is read back.

        Raises:
            DatabaseUnavailable: nothing was written.
            OutcomeUnknown: it failed while committing, and cannot be read back either.
        """
        try:
            self._take(*await self._database.write(work))
        except OutcomeUnknown as unknown:
            try:
                await self.refresh()
            except DatabaseUnavailable:
                raise unknown from None
            if not is_done():
                raise DatabaseUnavailable("failing", str(unknown)) from unknown

    def _make_room(self, transaction: Transaction, tokens: dict[str, Token], now: float) -> None:
        """Forget tokens that have not been good for long. Raises TooMany."""
        if sum(each.is_good(now) for each in tokens.values()) >= self._limits.tokens:
            raise TooMany(f"there are {self._limits.tokens} tokens already: revoke what nobody uses")
        gone = [each.id for each in tokens.values() if is_forgotten(each, now, self._limits)]
        table.delete(transaction, gone)
        for each in gone:
            del tokens[each]

    def _write(
        self, transaction: Transaction, changed: int, tokens: dict[str, Token], event: TokenEvent
    ) -> table.Content:
        """Write the event's token and tell the audit; returns what is in the table then."""
        token, changed = event.token, changed + 1
        if token.id in tokens:
            table.mark_revoked(transaction, token, changed)
        else:
            table.insert(transaction, token, changed)
        self._record(transaction, event)
        return changed, {**tokens, token.id: token}

    def _take(self, changed: int, tokens: dict[str, Token]) -> None:
        if changed >= self._changed:
            self._changed, self._tokens = changed, tokens


def _new_token(
    credential: Credential,
    name: str,
    scopes: frozenset[Scope],
    restriction: Restriction | None,
    expires: float | None,
    person: str,
    by: Principal,
    now: float,
) -> Token:
    return Token(
        id=credential.id,
        digest=credential.digest,
        name=name,
        person=person,
        scopes=scopes,
        restriction=restriction or Restriction(),
        created_at=now,
        created_by=by.name,
        created_by_token=by.token_id,
        expires_at=expires,
    )
