"""The state, the revisions and what entries were at an earlier one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from burgeed.database.protocol import Transaction
from burgeed.revisions.documents import canonical
from burgeed.revisions.naming import ERASED_DOCUMENT, ERASURE
from burgeed.revisions.rows import (
    CHANGE_COLUMNS,
    ENTRY_COLUMNS,
    KEY_COLUMNS,
    REVISION_COLUMNS,
    identity,
    microseconds,
    read_change,
    read_entry,
    read_revision,
)
from burgeed.revisions.values import Change, Entry, EntryKey, Revision

AT_ONCE = 500
"""Revisions that are read together."""


class Loaded(NamedTuple):
    """Everything that is set.

    Attributes:
        number: of the last revision; 0 before the first.
        write_id: of the last revision; empty before the first.
    """

    number: int
    write_id: str
    entries: Mapping[EntryKey, Entry]


class Newer(NamedTuple):
    """Revisions after one, oldest first, :data:`AT_ONCE` at most, and the last one's write id.

    Attributes:
        since_erased: whether somebody was erased from the history that led to the one.
    """

    revisions: tuple[Revision, ...]
    write_id: str
    since_erased: bool = False

    @property
    def is_rewritten(self) -> bool:
        """Whether somebody was erased since: then they may not lead on from what is known."""
        return self.since_erased or any(
            ERASED_DOCUMENT in (change.before, change.after)
            for revision in self.revisions
            for change in revision.changes
        )


class About(NamedTuple):
    """What a question about the last change is about; None asks for nothing in particular."""

    flag_set: str | None = None
    kind: str | None = None
    flag_key: str | None = None
    level: str | None = None
    scope: str | None = None

    def covers(self, key: EntryKey) -> bool:
        """Whether an entry is meant."""
        return all(wanted is None or wanted == has for wanted, has in zip(self, key, strict=True))


def last_number(transaction: Transaction) -> int:
    """The number of the last revision; 0 before the first."""
    [(number,)] = transaction.execute("SELECT COALESCE(MAX(number), 0) FROM revisions")
    return int(number)


def load(transaction: Transaction) -> Loaded:
    """Everything that is set now."""
    number = last_number(transaction)
    rows = transaction.execute(f"SELECT {ENTRY_COLUMNS} FROM entries")
    entries = (read_entry(row) for row in rows)
    return Loaded(number, _write_id(transaction, number), {entry.key: entry for entry in entries})


def since(transaction: Transaction, number: int, write_id: str) -> Newer | None:
    """The revisions after one.

    Args:
        write_id: of the revision ``number``, as it was read or written.

    Returns:
        None where the database has another history than that revision belongs to: it was replaced.
    """
    stored = _write_id(transaction, number)
    if stored != write_id:
        # Whoever plans upon what was read before an erasure must not bring back who is erased.
        is_same = stored.partition(ERASURE)[0] == write_id.partition(ERASURE)[0]
        return Newer((), stored, since_erased=True) if is_same else None
    rows = transaction.execute(
        f"SELECT {REVISION_COLUMNS} FROM revisions WHERE number > ? ORDER BY number LIMIT ?",
        (number, AT_ONCE),
    )
    found = _with_changes(transaction, rows)
    return Newer(found, _write_id(transaction, found[-1].number) if found else write_id)


def revision(transaction: Transaction, number: int) -> Revision | None:
    """One revision, or None where there is none of the number."""
    rows = transaction.execute(f"SELECT {REVISION_COLUMNS} FROM revisions WHERE number = ?", (number,))
    found = _with_changes(transaction, rows)
    return found[0] if found else None


def written(transaction: Transaction, write_id: str) -> Revision | None:
    """The revision that one write made, or None where it made none."""
    rows = transaction.execute(
        f"SELECT {REVISION_COLUMNS} FROM revisions WHERE write_id = ? OR write_id LIKE ?",
        (write_id, f"{write_id}{ERASURE}%"),
    )
    found = _with_changes(transaction, rows)
    return found[0] if found else None


def history(
    transaction: Transaction,
    limit: int,
    *,
    about: About = About(),  # noqa: B008 - an immutable value
    actor: str = "",
    action: str = "",
    since: float | None = None,
    until: float | None = None,
    before: int | None = None,
) -> tuple[Revision, ...]:
    """Revisions, newest first, each with all of its changes.

    Args:
        about: those that changed such an entry.
        since, until: Unix seconds, half-open [since, until).
        before: those with a lower number.
    """
    wanted: list[tuple[str, object]] = []
    if actor:
        wanted.append(("actor = ?", actor))
    if action:
        wanted.append(("action = ?", action))
    if since is not None:
        wanted.append(("at >= ?", microseconds(since)))
    if until is not None:
        wanted.append(("at < ?", microseconds(until)))
    if before is not None:
        wanted.append(("number < ?", before))
    conditions = [condition for condition, _ in wanted]
    parameters = [parameter for _, parameter in wanted]
    within, of_changes = _conditions(about)
    if within:
        conditions.append(f"number IN (SELECT revision FROM changes WHERE {within})")
        parameters += of_changes
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = transaction.execute(
        f"SELECT {REVISION_COLUMNS} FROM revisions{where} ORDER BY number DESC LIMIT ?", (*parameters, limit)
    )
    return _with_changes(transaction, rows)


def last_change(transaction: Transaction, touched: Iterable[About]) -> int:
    """The number of the last revision that changed an entry of these; 0 where none did."""
    newest = 0
    for about in touched:
        condition, parameters = _conditions(about)
        if None not in about:
            condition, parameters = "identity = ?", [identity(EntryKey(*about))]  # type: ignore[arg-type]
        where = f" WHERE {condition}" if condition else ""
        [(number,)] = transaction.execute(
            f"SELECT COALESCE(MAX(revision), 0) FROM changes{where}", parameters
        )
        newest = max(newest, number)
    return newest


def number_at(transaction: Transaction, at: float) -> int:
    """The last revision by a time, in Unix seconds; 0 before the first."""
    [(number,)] = transaction.execute(
        "SELECT COALESCE(MAX(number), 0) FROM revisions WHERE at <= ?", (microseconds(at),)
    )
    return int(number)


def entries_at(transaction: Transaction, number: int) -> dict[EntryKey, Entry]:
    """What was set right after a revision; nothing for 0. What was set for who is erased is gone from it."""
    rows = transaction.execute(
        f"SELECT {KEY_COLUMNS}, document_after, changes.revision FROM changes JOIN"
        " (SELECT identity AS entry, MAX(revision) AS newest FROM changes WHERE revision <= ?"
        " GROUP BY identity) last"
        " ON last.entry = changes.identity AND last.newest = changes.revision"
        " WHERE document_after IS NOT NULL AND document_after <> ?",
        (number, canonical(ERASED_DOCUMENT)),
    )
    return {entry.key: entry for entry in map(read_entry, rows)}


def difference(transaction: Transaction, earlier: int, later: int) -> tuple[Change, ...]:
    """What leads from one revision's entries to another's, each entry once, in order of their keys."""
    low, high = sorted((earlier, later))
    rows = transaction.execute(
        f"SELECT {CHANGE_COLUMNS} FROM changes WHERE revision > ? AND revision <= ?"
        " ORDER BY revision, ordinal",
        (low, high),
    )
    merged: dict[EntryKey, Change] = {}
    for _, change in map(read_change, rows):
        first = merged.get(change.key, change)
        merged[change.key] = Change(change.key, first.before, change.after)
    found = [
        change if earlier <= later else Change(change.key, change.after, change.before)
        for change in merged.values()
        if change.before != change.after
    ]
    return tuple(sorted(found, key=lambda change: change.key))


def _conditions(about: About) -> tuple[str, list[object]]:
    stated = [(name, wanted) for name, wanted in zip(about._fields, about, strict=True) if wanted is not None]
    return " AND ".join(f"{name} = ?" for name, _ in stated), [wanted for _, wanted in stated]


def _write_id(transaction: Transaction, number: int) -> str:
    rows = transaction.execute("SELECT write_id FROM revisions WHERE number = ?", (number,))
    return str(rows[0][0]) if rows else ""


def _with_changes(transaction: Transaction, rows: list[tuple[object, ...]]) -> tuple[Revision, ...]:
    numbers = [row[0] for row in rows]
    changes: dict[object, list[Change]] = {}
    if numbers:
        places = ", ".join("?" * len(numbers))
        found = transaction.execute(
            f"SELECT {CHANGE_COLUMNS} FROM changes WHERE revision IN ({places}) ORDER BY revision, ordinal",
            numbers,
        )
        for number, change in map(read_change, found):
            changes.setdefault(number, []).append(change)
    return tuple(read_revision(row, tuple(changes.get(row[0], ()))) for row in rows)
