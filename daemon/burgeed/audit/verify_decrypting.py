"""The part of a verification that takes keys: that every entry opens under the key it is to open under."""

from __future__ import annotations

from burgeed.audit.chain import Broken, StoredEntry
from burgeed.audit.entry import Entry
from burgeed.audit.entry_encryption import open_entry
from burgeed.audit.errors import Undecryptable, Unsound
from burgeed.audit.keys import MasterKeys
from burgeed.audit.log_source import LogSource
from burgeed.audit.segments import Segment, segment_key
from burgeed.audit.subjects import purpose_of

_MOST_REMEMBERED = 10_000


class Decrypting:
    """Opens entries, and remembers keys.

    Attributes:
        count: how many were opened.
        missing: the first key that is missing, for a person; empty where none is.
    """

    def __init__(self, log: LogSource, log_id: bytes, masters: MasterKeys) -> None:
        self._log = log
        self._log_id = log_id
        self._masters = masters
        self._segment: tuple[int, bytes | None] = (0, None)
        self._subjects: dict[bytes, bytes | None] = {}
        self.count = 0
        self.missing = ""

    def see(self, stored: StoredEntry, entry: Entry, segment: Segment) -> None:
        """Open one entry. Raises Broken where it was altered."""
        if self._segment[0] != segment.segment_id:
            self._segment = (segment.segment_id, self._key_of(segment))
        key = self._segment[1]
        if key is None:
            return
        try:
            open_entry(stored.encoded, entry, key, self._subject_key, stored.hash)
        except Unsound as error:
            raise Broken(f"entry {stored.seq}: {error}", stored.seq) from error
        except Undecryptable as error:
            self.missing = self.missing or f"entry {stored.seq}: {error}"
            return
        self.count += 1

    def _key_of(self, segment: Segment) -> bytes | None:
        try:
            return segment_key(self._masters, self._log_id, segment)
        except Undecryptable as error:
            self.missing = self.missing or str(error)
            return None

    def _subject_key(self, subject_id: bytes) -> bytes | None:
        if subject_id not in self._subjects:
            if len(self._subjects) >= _MOST_REMEMBERED:
                self._subjects.clear()
            stored, key = self._log.subject(subject_id), None
            if stored is not None and stored.wrapped_key is not None:
                purpose = purpose_of(subject_id)
                key = self._masters.unwrap(stored.master_id, stored.wrapped_key, purpose)
            self._subjects[subject_id] = key
        return self._subjects[subject_id]
