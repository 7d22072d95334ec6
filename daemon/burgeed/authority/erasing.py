"""Erasing a subject from the tokens: whose they were, and where they could write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import orjson

from burgeed.authority import table
from burgeed.authority.issued import Token, restriction_document
from burgeed.database.protocol import Transaction


class Tokens(NamedTuple):
    """What tokens say of a subject.

    Attributes:
        in_force: ids of good ones that are theirs, or for them.
        made: ids of good ones of others that were made by them.
        names: of all, good or not, by id.
    """

    in_force: tuple[str, ...]
    made: tuple[str, ...]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is to be erased.

    Attributes:
        kind: the level whose scope it is; another word for who acts.
        acts: whether it is a person who acts.
    """

    kind: str
    name: str
    acts: bool

    def has(self, token: Token) -> bool:
        """Whether a token is theirs, or for them."""
        is_theirs = self.acts and self.name in (token.name, token.person)
        return is_theirs or (self.kind, self.name) in token.restriction.scopes

    def without(self, token: Token, pseudonym: str) -> Token:
        """The token with the pseudonym in the place of the name."""
        mine = (self.kind, self.name)
        scopes = tuple((self.kind, pseudonym) if each == mine else each for each in token.restriction.scopes)
        without = replace(token, restriction=replace(token.restriction, scopes=scopes))
        if not self.acts:
            return without

        def named(stated: str) -> str:
            return pseudonym if stated == self.name else stated

        return replace(
            without, name=named(token.name), person=named(token.person), created_by=named(token.created_by)
        )


def find(transaction: Transaction, holder: Holder, now: float) -> Tokens:
    """The good tokens that name somebody.

    Args:
        now: Unix seconds.
    """
    _, tokens = table.read(transaction)
    good = [token for token in tokens.values() if token.is_good(now)]
    return Tokens(
        tuple(token.id for token in good if holder.has(token)),
        tuple(token.id for token in good if holder.acts and token.created_by == holder.name),
        {token.id: token.name for token in tokens.values()},
    )


def erase(transaction: Transaction, holder: Holder, pseudonym: str, now: float) -> int:
    """Put the pseudonym in the place of the name in tokens that are not good any more; how many.

    Who made a good token stays beside it: the two do not count as two persons.
    """
    changed, tokens = table.read(transaction)
    count = 0
    for token in tokens.values():
        without = holder.without(token, pseudonym)
        if without != token and not token.is_good(now):
            changed, count = changed + 1, count + 1
            transaction.execute(
                "UPDATE tokens SET name = ?, person = ?, created_by = ?, restriction = ?, changed = ?"
                " WHERE id = ?",
                (
                    without.name,
                    without.person,
                    without.created_by,
                    orjson.dumps(restriction_document(without.restriction)).decode(),
                    changed,
                    token.id,
                ),
            )
    return count
