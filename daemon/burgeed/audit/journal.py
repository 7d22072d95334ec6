"""Appending: events become entries in the transaction of what they tell."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from burgeed.audit.checkpoint import Checkpoint
from burgeed.audit.entry import EntryHeader, entry_hash
from burgeed.audit.entry_encryption import place_of, seal, sealed_length
from burgeed.audit.errors import AuditUnavailable, EntryMalformed, KeyUnusable, Undecryptable
from burgeed.audit.event import AuditEvent
from burgeed.audit.head import Head, index_purpose, make_log, read_head, write_head
from burgeed.audit.keys import AuditKeys
from burgeed.audit.masking import Masking
from burgeed.audit.modes import STANDARD, Mode
from burgeed.audit.new_key import new_key
from burgeed.audit.payload import Named, compose_payload
from burgeed.audit.segments import LONGEST_OPEN, MOST_ENTRIES, close_segment, open_segment, segment_key
from burgeed.audit.signing_keys import StoredKey, keep_key, read_keys, stored_key
from burgeed.audit.subjects import NOBODY, PERSON, Subject, Subjects, kind_of_scope, people
from burgeed.audit.witness import Witness
from burgeed.clock import Clock
from burgeed.database.protocol import Transaction
from burgeed.signing.keys import PrivateKey

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Journal:
    """A :class:`burgeed.audit.recorder.Recorder`.

    Args:
        keys: what seals and signs.
        clock: of the entries' monotonic stamps, and of segments.
        boot_id: 16 bytes that tell one boot of the machine from another; the kernel's where none are given.
        most_entries, longest_open: of a segment, in entries and seconds.
        synchronised: whether the machine's clock is; asked in a mode that records it.
        witness: what the log has to meet before anything is added to it.
    """

    def __init__(
        self,
        keys: AuditKeys,
        clock: Clock,
        *,
        mode: Mode = STANDARD,
        masking: Masking | None = None,
        boot_id: bytes | None = None,
        most_entries: int = MOST_ENTRIES,
        longest_open: float = LONGEST_OPEN,
        synchronised: Callable[[], bool | None] = lambda: None,
        witness: Witness | None = None,
    ) -> None:
        self.keys = keys
        self.witness = witness or Witness()
        self.mode = mode
        self.subjects = Subjects(keys.masters)
        self._clock = clock
        self._masking = masking or Masking.of()
        self._boot_id = boot_id or read_boot_id()
        self._most_entries = most_entries
        self._longest_open = longest_open
        self._synchronised = synchronised
        self._index_key: tuple[bytes, bytes] | None = None
        self._segment_key: tuple[bytes, bytes] | None = None

    def append(self, transaction: Transaction, events: Sequence[AuditEvent]) -> None:
        """See :meth:`burgeed.audit.recorder.Recorder.append`."""
        if not events:
            return
        try:
            head = self.open(transaction)
            self._check_anchors(transaction, head)
            self._append(transaction, head, [self._masking.masked(event) for event in events])
        except (Undecryptable, EntryMalformed) as error:
            raise AuditUnavailable(f"no audit entry can be made: {error}") from error

    def open(self, transaction: Transaction) -> Head:
        """The end of the log, with a segment that takes entries; makes the log where there is none.

        Raises:
            AuditUnavailable: the log is signed with another key than the one at hand, or does not meet its
                witness.
            Undecryptable: the log's keys cannot be unwrapped.
        """
        head = read_head(transaction)
        self.witness.check(transaction, head)
        now = self.now()
        if head is None:
            return self._make_log(transaction, now)
        if head.public_key != self.keys.signing.public:
            raise AuditUnavailable(
                "the audit is signed with another key than this daemon has: "
                "daemons on one database need the same keys"
            )
        if self._segment_is_over(head, now):
            self._next_segment(transaction, head, now)
        return head

    def rotate(self, transaction: Transaction) -> Head:
        """End the segment, where it has entries, and begin one under a new key. Raises as :meth:`open`."""
        head = self.open(transaction)
        if head.seq >= head.segment.first_seq:
            self._next_segment(transaction, head, self.now())
        return head

    def succeed(self, transaction: Transaction, successor: PrivateKey) -> Head:
        """End the time of the signing key with a checkpoint that the next one signs too, as all that follows.

        The log has entries. Raises as :meth:`open`.
        """
        head, signing = self.open(transaction), self.keys.signing
        checkpoint = Checkpoint(head.log_id, head.seq, head.peaks.root(), head.hash, successor.public)
        note = checkpoint.sign(signing, successor)
        transaction.execute(
            "INSERT INTO audit_checkpoints (size, root, head, note, made) VALUES (?, ?, ?, ?, ?)",
            (checkpoint.size, checkpoint.root, checkpoint.head, note, self.now()),
        )
        if not read_keys(transaction):
            keep_key(transaction, StoredKey(head.epoch, stored_key(head.public_key), 1, ""))
        public_key = stored_key(successor.public)
        head.epoch, head.public_key = head.epoch + 1, successor.public
        keep_key(transaction, StoredKey(head.epoch, public_key, head.seq + 1, note))
        # The old key's last signature closes the segment; the one behind it names the new key's time.
        self._next_segment(transaction, head, self.now())
        transaction.execute("UPDATE audit_log SET epoch = ?, public_key = ?", (head.epoch, public_key))
        self.keys = replace(self.keys, signing=successor)
        return head

    def index_key(self, head: Head) -> bytes:
        """The key that subjects are found by. Raises Undecryptable."""
        if self._index_key is None or self._index_key[0] != head.wrapped_index_key:
            key = self.keys.masters.unwrap(head.master_id, head.wrapped_index_key, index_purpose(head.log_id))
            self._index_key = (head.wrapped_index_key, key)
        return self._index_key[1]

    def clock_state(self) -> bool | None:
        """Whether the machine's clock is synchronised; None where nobody knows or the mode does not ask."""
        mode = self.mode
        asked = mode.clock_state_recorded or mode.synchronised_for_privileged
        return self._synchronised() if asked else None

    def now(self) -> int:
        """Microseconds since the Unix epoch."""
        return round(self._clock.wall() * 1_000_000)

    def _append(self, transaction: Transaction, head: Head, events: list[AuditEvent]) -> None:
        subjects = self._subjects_of(transaction, head, events)
        rows: list[tuple[object, ...]] = []
        if self.mode.clock_state_recorded:
            state = {"clockSynchronised": self.clock_state()}
            events = [replace(event, detail={**event.detail, **state}) for event in events]
        for event in events:
            if head.seq - head.segment.first_seq + 1 >= self._most_entries:
                self._next_segment(transaction, head, self.now())
            rows.append(self._sealed(head, event, _named(event, subjects)))
        transaction.execute_many(
            "INSERT INTO audit_entries (seq, segment, at, action, actor_id, hash, entry)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        write_head(transaction, head)

    def _sealed(self, head: Head, event: AuditEvent, named: Named) -> tuple[object, ...]:
        """One row of entries; moves the head on."""
        seq, at = head.seq + 1, round(event.at * 1_000_000)
        plain = compose_payload(event, named, place_of(head.log_id, seq))
        header = EntryHeader(
            log_id=head.log_id,
            epoch=head.segment.epoch,
            seq=seq,
            kid=head.segment.kid,
            prev_hash=head.hash,
            # A clock before 1970 is wrong anyway, and no reason to refuse writes.
            wall_ns=max(0, at * 1000),
            mono_ns=int(self._clock.monotonic() * 1_000_000_000),
            boot_id=self._boot_id,
            actor_id=named.actor.subject_id if named.actor else NOBODY,
            action=event.action,
            ciphertext_length=sealed_length(plain),
        )
        encoded = seal(header, self._key_of(head), plain)
        head.seq, head.hash = seq, entry_hash(encoded)
        head.peaks.add(head.hash)
        return (seq, head.segment.segment_id, at, event.action, header.actor_id, head.hash, encoded)

    def _subjects_of(
        self, transaction: Transaction, head: Head, events: Sequence[AuditEvent]
    ) -> dict[tuple[str, str], Subject]:
        # Each subject once, however many leaves an event of it changed.
        counts = Counter(who for event in events for who in set(_names(event)))
        index_key, now = self.index_key(head), self.now()
        return {
            (kind, name): self.subjects.take(transaction, index_key, kind, name, entries, now)
            for (kind, name), entries in counts.items()
        }

    def _key_of(self, head: Head) -> bytes:
        segment = head.segment
        if self._segment_key is None or self._segment_key[0] != segment.kid:
            self._segment_key = (segment.kid, segment_key(self.keys.masters, head.log_id, segment))
        return self._segment_key[1]

    def _segment_is_over(self, head: Head, now: int) -> bool:
        segment = head.segment
        if segment.master_id != self.keys.master.master_id:
            return True
        # A clock that was set back by a day ends the segment too: it is never open for ever.
        is_old = abs(now - segment.opened) >= self._longest_open * 1_000_000
        return is_old and head.seq >= segment.first_seq

    def _next_segment(self, transaction: Transaction, head: Head, now: int) -> None:
        signing = self.keys.signing
        close_segment(transaction, signing, head.log_id, head.segment, head.peaks, head.hash, now)
        number = head.segment.segment_id + 1
        head.segment, key = open_segment(
            transaction, self.keys, head.log_id, head.epoch, number, head.seq + 1, now
        )
        self._segment_key = (head.segment.kid, key)
        write_head(transaction, head)

    def _make_log(self, transaction: Transaction, now: int) -> Head:
        log_id, index_key = secrets.token_bytes(16), new_key()
        segment, key = open_segment(transaction, self.keys, log_id, 1, 1, 1, now)
        wrapped = self.keys.master.wrap(index_key, index_purpose(log_id))
        self._index_key, self._segment_key = (wrapped, index_key), (segment.kid, key)
        return make_log(
            transaction,
            log_id=log_id,
            master_id=self.keys.master.master_id,
            wrapped_index_key=wrapped,
            public_key=self.keys.signing.public,
            segment=segment,
            now=now,
        )

    def _check_anchors(self, transaction: Transaction, head: Head) -> None:
        longest = self.mode.longest_anchor_lag
        if longest is None:
            return
        lag = anchor_lag(transaction, self.now())
        if lag > longest:
            raise AuditUnavailable(
                f"no external anchor has taken a checkpoint for {lag:.0f} s, and mode {self.mode.name}"
                f" allows {longest:.0f} s"
            )


def anchor_lag(transaction: Transaction, now: int) -> float:
    """Seconds since the oldest entry that no anchored checkpoint covers; 0 where all are covered."""
    rows = transaction.execute(
        "SELECT at FROM audit_entries WHERE seq ="
        " (SELECT COALESCE(MAX(size), 0) + 1 FROM audit_checkpoints WHERE anchored IS NOT NULL)"
    )
    return max(0.0, (now - rows[0][0]) / 1_000_000) if rows else 0.0


def read_boot_id() -> bytes:
    """The kernel's boot id, 16 bytes. Raises KeyUnusable where the kernel tells none."""
    try:
        return bytes.fromhex(BOOT_ID.read_text("ascii").strip().replace("-", ""))
    except (OSError, ValueError) as error:
        raise KeyUnusable(f"{BOOT_ID} cannot be read, and entries name the boot") from error


def _names(event: AuditEvent) -> list[tuple[str, str]]:
    return [*_main_names(event), *event.about]


def _main_names(event: AuditEvent) -> list[tuple[str, str]]:
    named = [*people(event.actor, event.on_behalf_of)]
    return [*named, (kind_of_scope(event.level), event.scope)] if event.scope else named


def _named(event: AuditEvent, subjects: dict[tuple[str, str], Subject]) -> Named:
    return Named(
        subjects.get((PERSON, event.actor)) if event.actor else None,
        subjects.get((PERSON, event.on_behalf_of)) if event.on_behalf_of else None,
        subjects.get((kind_of_scope(event.level), event.scope)) if event.scope else None,
        tuple(subjects[each] for each in sorted({*event.about}.difference(_main_names(event)))),
    )
