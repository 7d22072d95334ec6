"""Making checkpoints in time, and handing them to the anchors."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from typing import Any

from burgeed.audit.anchor import Anchor
from burgeed.audit.checkpoint import Checkpoint
from burgeed.audit.errors import AnchorFailed, AuditUnavailable
from burgeed.audit.head import read_head
from burgeed.audit.journal import Journal, anchor_lag
from burgeed.audit.sealing_key import Sealer
from burgeed.clock import Clock
from burgeed.database.errors import DatabaseError
from burgeed.database.protocol import Database, Transaction

MOST_ENTRIES = 100
"""After so many entries a checkpoint is due."""
LONGEST_WAIT = 60.0
"""Seconds after which one is due where there are entries."""
INTERVAL = 1.0
"""Seconds between looks at the log."""
ANCHOR_DEADLINE = 10.0
"""Seconds that an anchor has to take a checkpoint."""
CLOSING_DEADLINE = 15.0
"""Seconds that the last checkpoint may take at the end."""

_UNIFORM = secrets.SystemRandom().uniform
_FIRST_RETRY = 2.0
_LONGEST_RETRY = 60.0

_log = logging.getLogger(__name__)


class Checkpoints:
    """Checkpoints at first, every 100 entries, every minute, and at the end; each goes to every anchor.

    Several daemons on one database may all do so: a checkpoint of one size is one checkpoint.

    Args:
        journal: whose keys sign.
        anchors: external places; none leaves truncation, and a key holder's rewriting, undetectable.
        uniform: like random.uniform, for the jitter of retries.
        sealer: what seals each; None seals none.

    Attributes:
        why: why none could be made when one was due; empty where it could.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        clock: Clock,
        anchors: Sequence[Anchor] = (),
        *,
        uniform: Callable[[float, float], float] = _UNIFORM,
        interval: float = INTERVAL,
        sealer: Sealer | None = None,
    ) -> None:
        self.sealer = sealer
        self.why = ""
        self._database = database
        self._journal = journal
        self._clock = clock
        self._anchors = [_AnchorLane(anchor) for anchor in anchors]
        self._uniform = uniform
        self._interval = interval
        self._made = clock.monotonic()
        self._size = 0
        self._retry_at = 0.0
        self._failures = 0
        self._one_at_a_time = asyncio.Lock()
        self._lag = 0.0

    async def run(self) -> None:
        """Look at the log again and again; makes the last checkpoint when it is cancelled."""
        try:
            while True:
                await self._clock.sleep(self._interval)
                try:
                    await self._look()
                    self.why = ""
                except DatabaseError as error:
                    # Once for as long as it stays so.
                    if not self.why:
                        _log.warning("no checkpoint of the audit can be made", extra={"why": str(error)})
                    self.why = str(error)
                    await self._clock.sleep(self._uniform(0.0, _FIRST_RETRY))
        finally:
            await self._last()

    async def make(self) -> str | None:
        """A checkpoint of the log as it is, given to the anchors; its note, None for an empty log.

        Raises:
            DatabaseUnavailable, OutcomeUnknown: it is not stored, or not known to be.
            AuditUnavailable: the log is signed with another key, or does not meet its witness.
        """
        async with self._one_at_a_time:
            made = await self._database.write(self._store)
            if made is None:
                return None
            size, note, is_anchored = made
            self._made, self._size = self._clock.monotonic(), size
            await asyncio.to_thread(self._journal.witness.remember, note)
            if not is_anchored:
                await self._anchor(size, note)
            return note

    async def latest(self) -> str | None:
        """The note of the latest checkpoint; None where there is none. Raises DatabaseUnavailable."""
        return await self._database.read(_latest)

    async def anchored(self) -> bool:
        """Checkpoint now, and say whether every anchor has it: for answers that have to wait for that."""
        await self.make()
        return await self._database.read(lambda transaction: _unanchored(transaction) == 0)

    @property
    def healthy(self) -> bool:
        """Whether every anchor took what it was given last."""
        return not any(each.why for each in self._anchors)

    @property
    def lag(self) -> float:
        """Seconds since the oldest entry that no anchor covers, when it was looked last; 0 without one."""
        return self._lag

    def report(self) -> dict[str, Any]:
        """Size of the last checkpoint made here, the anchors and their lag, as JSON has it."""
        sealer = self.sealer
        return {
            "why": self.why or None,
            "sealer": None if sealer is None else sealer.sealer.hex(),
            "firstSealingKeyIsHere": sealer is not None and sealer.is_first_key_here,
            "size": self._size,
            "anchorLag": round(self._lag, 3),
            "anchors": [{"uri": each.anchor.uri, "why": each.why} for each in self._anchors],
        }

    async def _look(self) -> None:
        newest = self._journal.witness.newest
        entries, is_first, is_behind, lag = await self._database.read(
            lambda transaction: self._standing(transaction, newest)
        )
        self._lag = lag if self._anchors else 0.0
        now = self._clock.monotonic()
        is_due = entries >= MOST_ENTRIES or now - self._made >= LONGEST_WAIT
        if entries and (is_first or is_due):
            await self.make()
        elif self._anchors and is_behind and now >= self._retry_at:
            async with self._one_at_a_time:
                rows = await self._database.read(
                    lambda transaction: transaction.execute(
                        "SELECT size, note FROM audit_checkpoints ORDER BY size DESC LIMIT 1"
                    )
                )
                await self._anchor(rows[0][0], rows[0][1])

    def _standing(self, transaction: Transaction, newest: Checkpoint | None) -> tuple[int, bool, bool, float]:
        """Entries behind the last checkpoint, whether there is none, or no anchored one, and the lag."""
        head = read_head(transaction)
        self._journal.witness.compare(transaction, head, newest)
        last = transaction.execute("SELECT size, anchored FROM audit_checkpoints ORDER BY size DESC LIMIT 1")
        size = last[0][0] if last else 0
        is_behind = bool(last) and last[0][1] is None
        entries = head.seq - size if head else 0
        return entries, not last, is_behind, anchor_lag(transaction, self._journal.now())

    def _store(self, transaction: Transaction) -> tuple[int, str, bool] | None:
        head = read_head(transaction)
        self._journal.witness.check(transaction, head)
        if head is None or head.seq == 0:
            return None
        signing = self._journal.keys.signing
        if head.public_key != signing.public:
            raise AuditUnavailable(
                "the audit is signed with another key than this daemon has: "
                "daemons on one database need the same keys"
            )
        known = transaction.execute(
            "SELECT note, anchored FROM audit_checkpoints WHERE size = ?", (head.seq,)
        )
        if known:
            return head.seq, known[0][0], known[0][1] is not None
        checkpoint = Checkpoint(head.log_id, head.seq, head.peaks.root(), head.hash)
        note = checkpoint.sign(signing)
        transaction.execute(
            "INSERT INTO audit_checkpoints (size, root, head, note, made) VALUES (?, ?, ?, ?, ?)",
            (checkpoint.size, checkpoint.root, checkpoint.head, note, self._journal.now()),
        )
        if self.sealer is not None:
            self.sealer.seal(transaction, checkpoint, self._journal.now())
        return head.seq, note, False

    async def _anchor(self, size: int, note: str) -> None:
        if not self._anchors:
            return
        taken = await asyncio.gather(*(each.put(note, size) for each in self._anchors))
        if all(taken):
            self._failures, now = 0, self._journal.now()
            # The triggers guard entries and headers; when an anchor took a checkpoint is no part of the log.
            await self._database.write(
                lambda transaction: transaction.execute(
                    "UPDATE audit_checkpoints SET anchored = ? WHERE size <= ? AND anchored IS NULL",
                    (now, size),
                )
            )
            return
        self._failures += 1
        longest = min(_LONGEST_RETRY, _FIRST_RETRY * 2 ** min(self._failures, 10))
        self._retry_at = self._clock.monotonic() + self._uniform(0.0, longest)
        why = "; ".join(each.why for each in self._anchors if each.why)
        _log.error("an anchor does not take the audit's checkpoint", extra={"why": why, "size": size})

    async def _last(self) -> None:
        try:
            async with asyncio.timeout(CLOSING_DEADLINE):
                await self.make()
        except (DatabaseError, TimeoutError) as error:
            _log.warning("the last checkpoint of the audit is missing", extra={"why": str(error)})


class _AnchorLane:
    """One anchor, asked in a thread of its own; one that hangs is not asked a second time meanwhile."""

    def __init__(self, anchor: Anchor) -> None:
        self.anchor = anchor
        self.why = ""
        self._busy = False

    async def put(self, note: str, size: int) -> bool:
        """Whether the anchor took it, in time."""
        if self._busy:
            self.why = f"{self.anchor.uri} has not answered yet"
            return False
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[str] = loop.create_future()
        self._busy = True
        # A thread that ends with the process: a file on a dead server must not hold up its end.
        threading.Thread(
            target=self._run, args=(note, size, loop, answered), name="audit-anchor", daemon=True
        ).start()
        try:
            async with asyncio.timeout(ANCHOR_DEADLINE):
                self.why = await answered
        except TimeoutError:
            self.why = f"{self.anchor.uri} did not answer within {ANCHOR_DEADLINE:.0f} s"
        return not self.why

    def _run(
        self, note: str, size: int, loop: asyncio.AbstractEventLoop, answered: asyncio.Future[str]
    ) -> None:
        try:
            self.anchor.put(note, size)
            why = ""
        except AnchorFailed as error:
            why = str(error)
        except Exception as error:
            why = f"{self.anchor.uri}: {error}"
        self._busy = False
        try:
            loop.call_soon_threadsafe(_settle, answered, why)
        except RuntimeError:
            # The loop is over: nobody waits.
            pass


def _settle(answered: asyncio.Future[str], why: str) -> None:
    if not answered.done():
        answered.set_result(why)


def _latest(transaction: Transaction) -> str | None:
    rows = transaction.execute("SELECT note FROM audit_checkpoints ORDER BY size DESC LIMIT 1")
    return str(rows[0][0]) if rows else None


def _unanchored(transaction: Transaction) -> int:
    """Entries that no anchored checkpoint covers."""
    rows = transaction.execute(
        "SELECT COUNT(*) FROM audit_entries WHERE seq >"
        " (SELECT COALESCE(MAX(size), 0) FROM audit_checkpoints WHERE anchored IS NOT NULL)"
    )
    return int(rows[0][0])
