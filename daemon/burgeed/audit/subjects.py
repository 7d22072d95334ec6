"""Subjects: people, customers, organizations, each with a key of its own that can be deleted.

Under a subject's key lie its name, wherever an entry has it, and what an entry says about it; so deleting the
key makes all of that unreadable in one stroke, while ciphertexts, chain and checkpoints stay as they are.
A subject is found by name through an HMAC under the log's index key, which is wrapped by the master key: a
plain hash of a short name could be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from burgeed.audit.errors import Undecryptable
from burgeed.audit.new_key import new_key
from burgeed.database.protocol import Transaction

if TYPE_CHECKING:
    # The cryptography library takes a while to load, and who only names subjects does without it.
    from burgeed.audit.keys import MasterKeys

PERSON = "person"
"""The kind of actors, and of those on whose behalf they act. The kind of a scope is its level."""

NOBODY = bytes(16)
"""The pseudonym where there is no actor."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject.

    Attributes:
        subject_id: 16 random bytes, its pseudonym.
        key: 32 bytes; None once it is erased.
    """

    subject_id: bytes
    key: bytes | None


def lookup_of(index_key: bytes, kind: str, name: str) -> bytes:
    """What a subject is found by: HMAC-SHA-256 of kind and name."""
    return hmac.digest(index_key, _bytes(kind) + b"\x00" + _bytes(name), hashlib.sha256)


def kind_of_scope(level: str) -> str:
    """The kind of the subject that a scope of this level is."""
    return level or "scope"


def people(*names: str) -> tuple[tuple[str, str], ...]:
    """Kind and name of who acts, or is named as a person; none for an empty name."""
    return tuple((PERSON, name) for name in names if name)


def purpose_of(subject_id: bytes) -> bytes:
    """What a subject's key is bound to when it is wrapped."""
    return b"burgee audit subject\x00" + subject_id


class Subjects:
    """The subjects of one log, as a transaction sees them; keys that were unwrapped once are remembered.

    Args:
        masters: what wraps and unwraps their keys.
        most_remembered: unwrapped keys kept in memory.
    """

    def __init__(self, masters: MasterKeys, *, most_remembered: int = 10_000) -> None:
        self._masters = masters
        self._most = most_remembered
        self._unwrapped: dict[bytes, tuple[bytes, bytes]] = {}

    def take(
        self, transaction: Transaction, index_key: bytes, kind: str, name: str, entries: int, now: int
    ) -> Subject:
        """The subject of that name, made where there is none, for so many more entries.

        Raises:
            Undecryptable: its key is wrapped by a master key that is not at hand.
        """
        lookup = lookup_of(index_key, kind, name)
        rows = transaction.execute(
            "SELECT id, master_id, wrapped_key FROM audit_subjects WHERE lookup = ?", (lookup,)
        )
        if rows:
            subject_id, master_id, wrapped = bytes(rows[0][0]), rows[0][1], bytes(rows[0][2])
            subject = Subject(subject_id, self._unwrap(subject_id, master_id, wrapped))
            transaction.execute(
                "UPDATE audit_subjects SET entries = entries + ? WHERE id = ?", (entries, subject_id)
            )
            return subject
        subject = Subject(secrets.token_bytes(16), new_key())
        assert subject.key is not None
        master = self._masters.master
        wrapped = master.wrap(subject.key, purpose_of(subject.subject_id))
        transaction.execute(
            "INSERT INTO audit_subjects (id, kind, lookup, wrapped_key, master_id, made, entries, erased)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            (subject.subject_id, kind, lookup, wrapped, master.master_id, now, entries),
        )
        return subject

    def find(
        self, transaction: Transaction, index_key: bytes, kind: str, name: str
    ) -> tuple[bytes, int] | None:
        """Pseudonym and number of entries of a subject that is not erased; None where there is none."""
        rows = transaction.execute(
            "SELECT id, entries FROM audit_subjects WHERE lookup = ?", (lookup_of(index_key, kind, name),)
        )
        return (bytes(rows[0][0]), int(rows[0][1])) if rows else None

    def key(self, transaction: Transaction, subject_id: bytes) -> bytes | None:
        """A subject's key; None where it is erased or was never there.

        Raises:
            Undecryptable: it is wrapped by a master key that is not at hand.
        """
        rows = transaction.execute(
            "SELECT master_id, wrapped_key FROM audit_subjects WHERE id = ?", (subject_id,)
        )
        if not rows or rows[0][1] is None:
            self._unwrapped.pop(subject_id, None)
            return None
        return self._unwrap(subject_id, rows[0][0], bytes(rows[0][1]))

    def erase(self, transaction: Transaction, subject_id: bytes, now: int) -> None:
        """Delete the key, and what the name would be found by. The pseudonym stays."""
        transaction.execute(
            "UPDATE audit_subjects SET wrapped_key = NULL, lookup = NULL, erased = ? WHERE id = ?",
            (now, subject_id),
        )
        self.forget(subject_id)

    def forget(self, subject_id: bytes) -> None:
        """Keep the key no longer in memory, as far as this language lets one say so."""
        self._unwrapped.pop(subject_id, None)

    def _unwrap(self, subject_id: bytes, master_id: str, wrapped: bytes) -> bytes:
        # Remembered with what it was unwrapped from: a subject of a restored database is another one.
        known = self._unwrapped.get(subject_id)
        if known is not None and known[0] == wrapped:
            return known[1]
        try:
            key = self._masters.unwrap(master_id, wrapped, purpose_of(subject_id))
        except Undecryptable as error:
            raise Undecryptable(f"subject {subject_id.hex()}: {error}") from error
        if len(self._unwrapped) >= self._most:
            self._unwrapped.clear()
        self._unwrapped[subject_id] = (wrapped, key)
        return key


def _bytes(text: str) -> bytes:
    # A text that is no Unicode is refused later, as a value that cannot be written.
    return text.encode("utf-8", "surrogatepass")
