"""Finding entries: what is in the clear narrows in the database, the rest is decrypted and looked at."""

from __future__ import annotations

from collections.abc import Callable

from burgeed.audit.chain import StoredEntry
from burgeed.audit.entry import decode
from burgeed.audit.entry_encryption import open_entry
from burgeed.audit.errors import AuditUnavailable, EntryMalformed, Undecryptable, Unsound
from burgeed.audit.keys import MasterKeys
from burgeed.audit.records import AuditFilter, AuditPage, AuditRecord
from burgeed.audit.segments import COLUMNS, Segment, segment_key, segment_of
from burgeed.audit.subjects import Subjects
from burgeed.database.protocol import Transaction

MOST_SCANNED = 2_000
"""Entries that one page decrypts at most; so a search that finds little does not hold up others."""


class Search:
    """Reads records of one log; remembers the keys of segments.

    Args:
        masters: what unwraps the segments' keys.
        subjects: what has the subjects' keys.
    """

    def __init__(self, masters: MasterKeys, subjects: Subjects) -> None:
        self._masters = masters
        self._subjects = subjects
        self._keys: dict[bytes, bytes] = {}

    def page(
        self,
        transaction: Transaction,
        which: AuditFilter,
        limit: int,
        cursor: int | None,
        most: int = MOST_SCANNED,
    ) -> AuditPage:
        """Newest first.

        Args:
            cursor: entries with a lower number only.

        Raises:
            AuditUnavailable: a segment's key is missing, or an entry was altered.
        """
        records: list[AuditRecord] = []
        rows = self._rows(transaction, which, "seq < ?", cursor, "DESC", most)
        for position, (stored, segment) in enumerate(rows, 1):
            record = self.record(transaction, stored, segment)
            if matches(which, record):
                records.append(record)
                if len(records) == limit:
                    is_last = position == len(rows) and len(rows) < most
                    return AuditPage(tuple(records), None if is_last else stored.seq)
        return AuditPage(tuple(records), rows[-1][0].seq if len(rows) == most else None)

    def stretch(
        self, transaction: Transaction, which: AuditFilter, after: int, through: int, most: int
    ) -> tuple[list[tuple[StoredEntry, AuditRecord]], int | None]:
        """Oldest first: those that match among the next entries, and where to go on; None at the end."""
        rows = self._rows(transaction, which, "seq > ?", after, "ASC", most, through)
        found = []
        for stored, segment in rows:
            record = self.record(transaction, stored, segment)
            if matches(which, record):
                found.append((stored, record))
        return found, rows[-1][0].seq if len(rows) == most else None

    def record(self, transaction: Transaction, stored: StoredEntry, segment: Segment) -> AuditRecord:
        """One entry, decrypted. Raises AuditUnavailable."""
        try:
            entry = decode(stored.encoded)
            key = self._key(entry.header.log_id, segment)
            return open_entry(stored.encoded, entry, key, self._key_of(transaction), stored.hash)
        except (EntryMalformed, Undecryptable, Unsound) as error:
            raise AuditUnavailable(f"entry {stored.seq} cannot be read: {error}") from error

    def _rows(
        self,
        transaction: Transaction,
        which: AuditFilter,
        bound: str,
        cursor: int | None,
        direction: str,
        most: int,
        through: int | None = None,
    ) -> list[tuple[StoredEntry, Segment]]:
        conditions, parameters = _conditions(which)
        if cursor is not None:
            conditions.append(bound)
            parameters.append(cursor)
        if through is not None:
            conditions.append("seq <= ?")
            parameters.append(through)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = transaction.execute(
            f"SELECT seq, segment, hash, entry FROM audit_entries{where} ORDER BY seq {direction} LIMIT ?",
            (*parameters, most),
        )
        if not rows:
            return []
        segments = {
            row[0]: segment_of(row)
            for row in transaction.execute(
                f"SELECT {COLUMNS} FROM audit_segments WHERE id >= ? AND id <= ?",
                (min(row[1] for row in rows), max(row[1] for row in rows)),
            )
        }
        return [(StoredEntry(row[0], row[1], bytes(row[2]), bytes(row[3])), segments[row[1]]) for row in rows]

    def _key(self, log_id: bytes, segment: Segment) -> bytes:
        if segment.kid not in self._keys:
            if len(self._keys) >= 1_000:
                self._keys.clear()
            self._keys[segment.kid] = segment_key(self._masters, log_id, segment)
        return self._keys[segment.kid]

    def _key_of(self, transaction: Transaction) -> Callable[[bytes], bytes | None]:
        return lambda subject_id: self._subjects.key(transaction, subject_id)


def matches(which: AuditFilter, record: AuditRecord) -> bool:
    """Whether a record is asked for."""
    return (
        (not which.actor or which.actor in (record.actor, record.on_behalf_of))
        and (not which.action or _is_action(which.action, record.action))
        and (which.flag_set is None or which.flag_set == record.flag_set)
        and (not which.flag or which.flag == record.flag_key)
        and (not which.level or which.level == record.level)
        and (not which.scope or which.scope == record.scope)
        and (which.since is None or record.at >= which.since)
        and (which.until is None or record.at < which.until)
    )


def _is_action(asked: str, action: str) -> bool:
    return action.startswith(asked[:-1]) if asked.endswith("*") else action == asked


def _conditions(which: AuditFilter) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    parameters: list[object] = []
    if which.action and not which.action.endswith("*"):
        conditions.append("action = ?")
        parameters.append(which.action)
    if which.since is not None:
        conditions.append("at >= ?")
        parameters.append(_microseconds(which.since))
    if which.until is not None:
        conditions.append("at < ?")
        parameters.append(_microseconds(which.until))
    return conditions, parameters


def _microseconds(seconds: float) -> int:
    return max(-(1 << 62), min(1 << 62, round(seconds * 1_000_000)))
