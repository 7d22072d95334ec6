"""A token as it is kept: everything but its secret, and as a row of the table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from burgeed.authority.principal import Principal, Restriction, Scope
from burgeed.database.protocol import Row

COLUMNS = (
    "id, hash, name, person, scopes, restriction, created_at, created_by, created_by_token, "
    "expires_at, revoked_at"
)
"""In the order of :meth:`Token.row`."""

_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Token:
    """What there is to know of a token. Times are Unix seconds.

    Attributes:
        id: its public half.
        digest: SHA-256 of its secret half.
        name: by which history and audit call its principal.
        person: the individual whom it belongs to; empty for a shared one.
        created_by: the name of the principal that made it.
        created_by_token: the id of that principal's token; empty where it had none.
        expires_at: from then on it is not good; None is never.
        revoked_at: when it was taken back.
    """

    id: str
    digest: bytes = field(repr=False)
    name: str
    person: str
    scopes: frozenset[Scope]
    restriction: Restriction
    created_at: float
    created_by: str
    created_by_token: str = ""
    expires_at: float | None = None
    revoked_at: float | None = None

    def is_good(self, now: float) -> bool:
        """Whether it is neither revoked nor expired at ``now``."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def principal(self) -> Principal:
        """Who shows it."""
        return Principal(
            self.name, "token", self.scopes, self.restriction, token_id=self.id, person=self.person
        )

    def document(self) -> dict[str, Any]:
        """As the API shows it, without the digest."""
        return {
            "id": self.id,
            "name": self.name,
            "person": self.person,
            "scopes": sorted(self.scopes),
            "restriction": restriction_document(self.restriction),
            "createdAt": self.created_at,
            "createdBy": self.created_by,
            "expiresAt": self.expires_at,
            "revokedAt": self.revoked_at,
        }

    def row(self) -> Row:
        """Values of :data:`COLUMNS`."""
        return (
            self.id,
            self.digest,
            self.name,
            self.person,
            orjson.dumps(sorted(self.scopes)).decode(),
            orjson.dumps(restriction_document(self.restriction)).decode(),
            _microseconds(self.created_at),
            self.created_by,
            self.created_by_token,
            None if self.expires_at is None else _microseconds(self.expires_at),
            None if self.revoked_at is None else _microseconds(self.revoked_at),
        )

    @classmethod
    def from_row(cls, row: Row) -> Token:
        """The token of a row.

        A scope that this version does not know, since a later one wrote it, allows nothing.

        Raises:
            ValueError: the row is not one of ours; also KeyError and TypeError.
        """
        known = {scope.value: scope for scope in Scope}
        return cls(
            id=row[0],
            digest=bytes(row[1]),
            name=row[2],
            person=row[3],
            scopes=frozenset(known[each] for each in orjson.loads(row[4]) if each in known),
            restriction=read_restriction(orjson.loads(row[5])),
            created_at=row[6] / _MICROSECONDS,
            created_by=row[7],
            created_by_token=row[8],
            expires_at=None if row[9] is None else row[9] / _MICROSECONDS,
            revoked_at=None if row[10] is None else row[10] / _MICROSECONDS,
        )


def restriction_document(restriction: Restriction) -> dict[str, Any]:
    """A restriction as JSON has it."""
    return {
        "levels": list(restriction.levels),
        "scopes": [list(each) for each in restriction.scopes],
        "flagPrefixes": list(restriction.flag_prefixes),
    }


def read_restriction(document: Any) -> Restriction:
    """The restriction that :func:`restriction_document` writes; what is missing restricts nothing.

    Raises:
        ValueError: it holds something else. Nothing is passed over: it could restrict.
    """
    if not isinstance(document, dict) or document.keys() - {"levels", "scopes", "flagPrefixes"}:
        raise ValueError("a restriction is an object of levels, scopes and flagPrefixes")
    levels, scopes = document.get("levels", []), document.get("scopes", [])
    prefixes = document.get("flagPrefixes", [])
    if not all(isinstance(each, list) for each in (levels, scopes, prefixes)):
        raise ValueError("levels, scopes and flagPrefixes are lists")
    if not all(isinstance(each, str) and each for each in (*levels, *prefixes)):
        raise ValueError("levels and flagPrefixes hold texts that are not empty")
    if not all(isinstance(each, list) and len(each) == 2 for each in scopes):
        raise ValueError('scopes hold pairs of level and scope, such as ["customer", "c-42"]')
    if not all(isinstance(step, str) and step for each in scopes for step in each):
        raise ValueError('scopes hold pairs of level and scope, such as ["customer", "c-42"]')
    return Restriction(tuple(levels), tuple((level, scope) for level, scope in scopes), tuple(prefixes))


def _microseconds(seconds: float) -> int:
    return round(seconds * _MICROSECONDS)
