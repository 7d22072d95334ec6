"""Whatever the history is: without a subject it says of all others what it said before."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from burgeed.revisions import reading
from burgeed.revisions.erasing import erase, in_force
from burgeed.revisions.naming import ERASED, ERASED_DOCUMENT, Subject
from burgeed.revisions.rows import KEY_COLUMNS, identity
from burgeed.revisions.schema import TABLES
from burgeed.revisions.values import Change, Document, Entry, EntryKey, Revision
from burgeed.revisions.writing import append

SCOPES = ("c-1", "c-2", "c-3")
PEOPLE = ("ann", "bob")
NAMES = (*SCOPES, *PEOPLE)


class MemoryTransaction:
    """A transaction on a database in memory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, parameters).fetchall()  # type: ignore[arg-type]

    def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        self.connection.executemany(sql, rows)  # type: ignore[arg-type]


TEXTS = st.lists(st.sampled_from([*NAMES, "for", "c-12", "anna"]), max_size=3).map(" ".join)
OVERRIDES = st.fixed_dictionaries({"variant": st.sampled_from(["on", "off"])}, optional={"note": TEXTS})
FLAGS = st.fixed_dictionaries(
    {
        "rules": st.lists(
            st.fixed_dictionaries(
                {"when": st.fixed_dictionaries({"customer": st.lists(st.sampled_from(SCOPES), min_size=1)})}
            ),
            max_size=2,
        )
    },
    optional={"description": TEXTS},
)
KEYS = st.one_of(
    st.builds(lambda scope: EntryKey("", "override", "a", "customer", scope), st.sampled_from(SCOPES)),
    st.just(EntryKey("", "flag", "a")),
)
STEPS = st.lists(
    st.tuples(
        st.dictionaries(KEYS, st.tuples(st.booleans(), OVERRIDES, FLAGS), min_size=1, max_size=3),
        st.sampled_from(PEOPLE),
        st.sampled_from(["", *PEOPLE]),
        TEXTS,
    ),
    min_size=1,
    max_size=8,
)
SUBJECTS = st.sampled_from(
    [Subject("customer", name, "erased-0f", attributes=frozenset({"customer"})) for name in SCOPES[:2]]
    + [Subject("person", "ann", "erased-0f", acts=True)]
)


def revisions_of(steps: Sequence[Any]) -> list[Revision]:
    """A history whose every change begins with what was there."""
    there: dict[EntryKey, Document] = {}
    made = []
    for number, (changed, actor, on_behalf_of, reason) in enumerate(steps, 1):
        changes = []
        for key, (goes, override, flag) in changed.items():
            after = None if goes else (flag if key.kind == "flag" else override)
            changes.append(Change(key, there.pop(key, None), after))
            if after is not None:
                there[key] = after
        made.append(
            Revision(number, float(number), actor, "batch", tuple(changes), on_behalf_of, reason, "r")
        )
    return made


def released(revisions: list[Revision], subject: Subject) -> Revision | None:
    """What takes back whatever of the subject is in force."""
    there: dict[EntryKey, Document] = {}
    for change in (change for revision in revisions for change in revision.changes):
        there.pop(change.key, None)
        if change.after is not None:
            there[change.key] = change.after
    gone = tuple(
        Change(key, document, None)
        for key, document in there.items()
        if key.scope == subject.name or subject.is_condition_of(document)
    )
    number = len(revisions) + 1
    return Revision(number, float(number), "bob", "override.remove", gone) if gone else None


def states(transaction: MemoryTransaction, last: int, subject: Subject) -> list[Mapping[EntryKey, Entry]]:
    """What was set for the others after each revision, as it reads without the subject."""
    return [
        {
            key: Entry(key, subject.document(entry.document), entry.revision)
            for key, entry in reading.entries_at(transaction, number).items()
            if key.scope != subject.name
        }
        for number in range(last + 1)
    ]


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, subject=SUBJECTS)
def test_the_others_keep_their_history_and_the_subject_is_no_word_of_it(
    steps: Sequence[Any], subject: Subject
) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        transaction = MemoryTransaction(connection)
        for table in TABLES:
            connection.execute(table)
        revisions = revisions_of(steps)
        taken_back = released(revisions, subject)
        for revision in revisions:
            append(transaction, revision, f"w{revision.number}")
        assert bool(in_force(transaction, subject)) == (taken_back is not None)
        if taken_back is not None:
            append(transaction, taken_back, "w")
            revisions.append(taken_back)
        before = states(transaction, len(revisions), subject)
        erased = erase(transaction, subject)
        assert states(transaction, len(revisions), subject) == before
        found = reading.history(transaction, 100)[::-1]
        assert [(each.number, each.at, each.action) for each in found] == [
            (each.number, each.at, each.action) for each in revisions
        ]
        assert {
            each.number for each, was in zip(found, revisions, strict=True) if each != was
        } == erased.revisions
        _check_chain(found, reading.load(transaction).entries)
        for each in found:
            assert not re.search(rf"\b{subject.name}\b", f"{each.actor} {each.on_behalf_of} {each.reason}")
            assert each.reason != ERASED or subject.pseudonym in str(each)
        standing = {str(entry.document) for entry in reading.load(transaction).entries.values()}
        columns = f"{KEY_COLUMNS}, identity, document_before, document_after"
        rows = transaction.execute(f"SELECT {columns} FROM changes")
        assert all(identity(EntryKey(*row[:5])) == row[5] for row in rows)
        left = [row for row in rows if re.search(rf"\b{subject.name}\b", str(row))]
        assert bool(left) == bool(erased.left) == any(subject.is_left_in({"": each}) for each in standing)


def _check_chain(found: Sequence[Revision], entries: Mapping[EntryKey, Entry]) -> None:
    """Every change begins with what the one before it left, and the last one left what is set."""
    there: dict[EntryKey, Document] = {}
    for change in (change for revision in found for change in revision.changes):
        assert there.get(change.key) == change.before
        there.pop(change.key, None)
        if change.after is not None:
            there[change.key] = change.after
    assert there == {key: entry.document for key, entry in entries.items()}
    assert ERASED_DOCUMENT not in there.values()
