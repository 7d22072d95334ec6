"""Values to rows and back."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import orjson

from burgeed.database.protocol import Row
from burgeed.revisions.documents import canonical, parse
from burgeed.revisions.values import Change, Document, Entry, EntryKey, Revision

REVISION_COLUMNS: Final = "number, at, actor, on_behalf_of, action, reason, request_id, target"
KEY_COLUMNS: Final = "flag_set, kind, flag_key, level, scope"
CHANGE_COLUMNS: Final = f"revision, {KEY_COLUMNS}, document_before, document_after"
ENTRY_COLUMNS: Final = f"{KEY_COLUMNS}, document, revision"


def microseconds(seconds: float) -> int:
    """A time as the database has it, microseconds since the Unix epoch."""
    return round(seconds * 1_000_000)


def seconds(microseconds: int) -> float:
    """The time that :func:`microseconds` made, in Unix seconds."""
    return microseconds / 1_000_000


def identity(key: EntryKey) -> str:
    """What stands for a key in an index: 64 hexadecimal digits, the same wherever it is computed."""
    return sha256(orjson.dumps(list(key))).hexdigest()


def revision_row(revision: Revision) -> tuple[object, ...]:
    """As :data:`REVISION_COLUMNS` has it."""
    return (
        revision.number,
        microseconds(revision.at),
        revision.actor,
        revision.on_behalf_of,
        revision.action,
        revision.reason,
        revision.request_id,
        revision.target,
    )


def read_revision(row: Row, changes: tuple[Change, ...]) -> Revision:
    """Read what :func:`revision_row` wrote, with the changes beside it."""
    number, at, actor, on_behalf_of, action, reason, request_id, target = row
    return Revision(number, seconds(at), actor, action, changes, on_behalf_of, reason, request_id, target)


def change_row(revision: int, ordinal: int, change: Change) -> tuple[object, ...]:
    """(revision, ordinal, identity, key..., before, after)."""
    key = change.key
    return (revision, ordinal, identity(key), *key, _text(change.before), _text(change.after))


def read_change(row: Row) -> tuple[int, Change]:
    """The revision and the change of a row of :data:`CHANGE_COLUMNS`."""
    revision, *key, before, after = row
    return revision, Change(EntryKey(*key), _document(before), _document(after))


def read_entry(row: Row) -> Entry:
    """The entry of a row of :data:`ENTRY_COLUMNS`."""
    *key, document, revision = row
    return Entry(EntryKey(*key), parse(document), revision)


def _text(document: Document | None) -> str | None:
    return None if document is None else canonical(document)


def _document(text: str | None) -> Document | None:
    return None if text is None else parse(text)
