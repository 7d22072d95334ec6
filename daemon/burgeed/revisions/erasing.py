"""Erasing a subject from the history: what is set stays, who it was for or who did it is a pseudonym.

Revisions are immutable but for this. Their numbers, times, actions and order stay, so that whatever they say
of others is as it was. What was set for an erased scope is gone, also for who goes back: see
:func:`burgeed.revisions.reading.entries_at`.
"""

from __future__ import annotations

import secrets
from typing import Final, NamedTuple

import orjson

from burgeed.database.protocol import Transaction
from burgeed.revisions.documents import canonical, parse
from burgeed.revisions.naming import ERASED, ERASED_DOCUMENT, ERASURE, Subject
from burgeed.revisions.rows import CHANGE_COLUMNS, KEY_COLUMNS, identity, read_change
from burgeed.revisions.values import Document, EntryKey

SHOWN: Final = 5
"""Flags that are named where there may be many."""


class Rewritten(NamedTuple):
    """What was erased.

    Attributes:
        revisions: numbers of those that say something else now.
        left: places where the name is a word still, for a person; it may mean something else there.
    """

    revisions: frozenset[int]
    left: tuple[str, ...]


def in_force(transaction: Transaction, subject: Subject) -> list[str]:
    """What is set at run time for the subject, or by a condition on it, each with the way to take it back."""
    overridden, found = [], []
    rows = transaction.execute(
        f"SELECT {KEY_COLUMNS}, document FROM entries"
        f" WHERE (level = ? AND scope = ?) OR {_holds('document')} ORDER BY flag_key",
        (subject.kind, subject.name, _pattern(subject)),
    )
    for *columns, document in rows:
        key = EntryKey(*columns)
        if (key.level, key.scope) == (subject.kind, subject.name):
            overridden.append(key.flag_key)
        elif subject.is_condition_of(parse(document)):
            found.append(f"a condition of {key.kind} {key.flag_key} (set it without)")
    if overridden:
        take_back = f"`burgee override unset {subject.kind} {subject.name}`"
        found.insert(0, f"overrides of {', '.join(overridden[:SHOWN])} (take them back: {take_back})")
    return found


def erase(transaction: Transaction, subject: Subject) -> Rewritten:
    """Rewrite every revision that names the subject, and forget requests that could.

    Nothing in force may name it, see :func:`in_force`; texts of what is in force are left as they are.
    """
    actors = _erase_actor(transaction, subject) if subject.acts else set()
    scopes = _erase_scope(transaction, subject)
    texts = _erase_texts(transaction, subject)
    documents, left = _erase_documents(transaction, subject)
    left = [*_named_actors(transaction, subject), *left]
    numbers = frozenset(actors | scopes | texts | documents)
    if numbers:
        _forget_requests(transaction, subject, numbers)
        _mark(transaction)
    return Rewritten(numbers, tuple(left))


def _mark(transaction: Transaction) -> None:
    """Have whoever planned upon the last revision read it again before anything is written."""
    mark = f"{ERASURE}{secrets.token_hex(8)}"
    rows = transaction.execute("SELECT number, write_id FROM revisions ORDER BY number DESC LIMIT 1")
    transaction.execute_many(
        "UPDATE revisions SET write_id = ? WHERE number = ?",
        [(write_id.partition(ERASURE)[0] + mark, number) for number, write_id in rows],
    )


def _erase_actor(transaction: Transaction, subject: Subject) -> set[int]:
    """Who acted, or was acted for; the reason goes with either, as it does in the audit."""
    name = (subject.name, subject.name)
    rows = transaction.execute("SELECT number FROM revisions WHERE actor = ? OR on_behalf_of = ?", name)
    transaction.execute(
        "UPDATE revisions SET reason = ? WHERE (actor = ? OR on_behalf_of = ?) AND reason <> ''",
        (ERASED, *name),
    )
    for column in ("actor", "on_behalf_of"):
        transaction.execute(
            f"UPDATE revisions SET {column} = ? WHERE {column} = ?", (subject.pseudonym, subject.name)
        )
    return {number for (number,) in rows}


def _erase_scope(transaction: Transaction, subject: Subject) -> set[int]:
    """Overrides for the scope: that there was one stays, what it said goes. So do reasons of its own."""
    scope = (subject.kind, subject.name)
    rows = transaction.execute("SELECT DISTINCT revision FROM changes WHERE level = ? AND scope = ?", scope)
    numbers = {number for (number,) in rows}
    transaction.execute(
        "UPDATE revisions SET reason = ? WHERE reason <> '' AND number IN"
        " (SELECT revision FROM changes WHERE level = ? AND scope = ?) AND NOT EXISTS"
        " (SELECT 1 FROM changes WHERE revision = number AND NOT (level = ? AND scope = ?))",
        (ERASED, *scope, *scope),
    )
    gone = canonical(ERASED_DOCUMENT)
    # The identity is a hash that a short name could be guessed from.
    for old, *columns in transaction.execute(
        f"SELECT DISTINCT identity, {KEY_COLUMNS} FROM changes WHERE level = ? AND scope = ?", scope
    ):
        key = EntryKey(*columns)._replace(scope=subject.pseudonym)
        transaction.execute(
            "UPDATE changes SET identity = ?, scope = ?,"
            " document_before = CASE WHEN document_before IS NULL THEN NULL ELSE ? END,"
            " document_after = CASE WHEN document_after IS NULL THEN NULL ELSE ? END WHERE identity = ?",
            (identity(key), key.scope, gone, gone, old),
        )
    return numbers


def _erase_texts(transaction: Transaction, subject: Subject) -> set[int]:
    """The name as a word of what people, or their programs, wrote beside a revision."""
    columns = ("reason", "on_behalf_of", "request_id")
    rows = transaction.execute(
        f"SELECT number, {', '.join(columns)} FROM revisions WHERE {' OR '.join(map(_holds, columns))}",
        (_pattern(subject, subject.name),) * len(columns),
    )
    changed = [(*map(subject.text, texts), number) for number, *texts in rows]
    changed = [new for new, (_, *texts) in zip(changed, rows, strict=True) if [*new[:-1]] != texts]
    if changed:
        sets = ", ".join(f"{column} = ?" for column in columns)
        transaction.execute_many(f"UPDATE revisions SET {sets} WHERE number = ?", changed)
    return {int(number) for *_, number in changed}


def _erase_documents(transaction: Transaction, subject: Subject) -> tuple[set[int], list[str]]:
    """Conditions and texts of what was set for others."""
    rows = transaction.execute(
        f"SELECT {CHANGE_COLUMNS}, ordinal FROM changes"
        f" WHERE {_holds('document_before')} OR {_holds('document_after')} ORDER BY revision, ordinal",
        (_pattern(subject),) * 2,
    )
    # What is in force is not rewritten behind the back of who set it.
    standing = set(transaction.execute("SELECT identity, revision FROM entries")) if rows else set()
    changed: list[tuple[str | None, str | None, int, int]] = []
    left = []
    for *row, ordinal in rows:
        number, change = read_change(tuple(row))
        stands = (identity(change.key), number) in standing
        before = _without(change.before, subject)
        after = change.after if stands else _without(change.after, subject)
        if (before, after) != (change.before, change.after):
            changed.append((_text(before), _text(after), number, ordinal))
        if any(subject.is_left_in(document or {}) for document in (before, after)):
            left.append(f"revision {number}, {change.key.kind} {change.key.flag_key}")
    if changed:
        transaction.execute_many(
            "UPDATE changes SET document_before = ?, document_after = ? WHERE revision = ? AND ordinal = ?",
            changed,
        )
    return {number for _, _, number, _ in changed}, left


def _named_actors(transaction: Transaction, subject: Subject) -> list[str]:
    """Who acted under a name that has the subject's in it: a token of a customer's, say."""
    rows = transaction.execute(
        f"SELECT DISTINCT actor FROM revisions WHERE {_holds('actor')} ORDER BY actor",
        (_pattern(subject, subject.name),),
    )
    named = [actor for (actor,) in rows if subject.text(actor) != actor]
    return [f"revisions by {actor} (erase person {actor} too)" for actor in named]


def _forget_requests(transaction: Transaction, subject: Subject, numbers: frozenset[int]) -> None:
    """Idempotency-Keys of these revisions; those that changed nothing too, which could be about anything.

    What is kept of a request is a hash: of one about a short name, it could be guessed.
    """
    gone = []
    for key, outcome in transaction.execute("SELECT identity, outcome FROM idempotency"):
        known = orjson.loads(outcome)
        if not known["changed"] or known["revision"] in numbers or subject.as_json in outcome:
            gone.append((key,))
    if gone:
        transaction.execute_many("DELETE FROM idempotency WHERE identity = ?", gone)


def _without(document: Document | None, subject: Subject) -> Document | None:
    return None if document is None else subject.document(document)


def _text(document: Document | None) -> str | None:
    return None if document is None else canonical(document)


def _holds(column: str) -> str:
    return f"{column} LIKE ? ESCAPE '!'"


def _pattern(subject: Subject, text: str | None = None) -> str:
    """What a text that has the name is like; of one in JSON unless the text is given."""
    escaped = subject.as_json if text is None else text
    for special in "!%_":
        escaped = escaped.replace(special, f"!{special}")
    return f"%{escaped}%"
