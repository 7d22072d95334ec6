"""Erasing a subject from what the sources once delivered, so that no recorded moment brings the name back."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple, TypeAlias

import orjson

from burgeed.database.protocol import Transaction
from burgeed.revisions.foundations import LEVEL
from burgeed.revisions.naming import Subject


class Rewritten(NamedTuple):
    """A foundation without the subject.

    Attributes:
        digest: of what it holds now: a source that delivers just that needs no row of its own.
    """

    digest: str
    content: bytes


Prepared: TypeAlias = Mapping[str, Rewritten | None]
"""What became of foundations that were looked at, by the digest that they had; None where nothing has to."""


def newest(transaction: Transaction) -> list[bytes]:
    """The last foundation of each daemon's sources, packed."""
    rows = transaction.execute(
        "SELECT content FROM beneath WHERE number IN (SELECT MAX(number) FROM beneath GROUP BY sources)"
    )
    return [bytes(content) for (content,) in rows]


def digests(transaction: Transaction) -> list[str]:
    """Those of all foundations, oldest first, each once."""
    rows = transaction.execute("SELECT digest FROM beneath GROUP BY digest ORDER BY MIN(number)")
    return [digest for (digest,) in rows]


def content_of(transaction: Transaction, digest: str) -> bytes | None:
    """A foundation, packed; None where it went meanwhile."""
    rows = transaction.execute("SELECT content FROM beneath WHERE digest = ? LIMIT 1", (digest,))
    return bytes(rows[0][0]) if rows else None


def attributes_in(content: bytes, level: str) -> frozenset[str]:
    """Attributes of the context that a level's scopes are taken from, as a foundation's hierarchies say; none
    where it is damaged.
    """
    try:
        lines = _plain(content).split(b"\n")
    except ValueError:
        return frozenset()
    heads = (orjson.loads(line) for line in lines if line.startswith(b'{"set":'))
    return frozenset(
        each["attribute"]
        for head in heads
        for each in head["head"].get("hierarchy", [])
        if each["level"] == level
    )


def without(content: bytes, subject: Subject) -> Rewritten | None:
    """A foundation without the subject: its overrides go, its name elsewhere becomes the pseudonym.

    Takes as long as reading and packing a foundation does.

    Returns:
        None where it does not name the subject.

    Raises:
        ValueError: it is damaged.
    """
    plain, name = _plain(content), subject.as_json.encode()
    if name not in plain:
        return None
    lines = list(_lines(plain, name, subject))
    changed = b"\n".join(lines)
    if changed == plain:
        return None
    return Rewritten(sha256(changed).hexdigest(), zlib.compress(changed, LEVEL))


def erase(transaction: Transaction, subject: Subject, prepared: Prepared) -> tuple[int, list[str]]:
    """Rewrite every foundation that names the subject.

    Args:
        prepared: what was looked at before; the others are looked at here.

    Returns:
        How many rows, and those that cannot be read, for a person.
    """
    count, unreadable = 0, []
    for number, digest in transaction.execute("SELECT number, digest FROM beneath ORDER BY number"):
        if digest in prepared:
            found = prepared[digest]
        else:
            [(content,)] = transaction.execute("SELECT content FROM beneath WHERE number = ?", (number,))
            try:
                found = without(bytes(content), subject)
            except ValueError as error:
                unreadable.append(f"what sources delivered, number {number}: {error}")
                continue
        if found is not None:
            transaction.execute(
                "UPDATE beneath SET digest = ?, content = ? WHERE number = ?",
                (found.digest, found.content, number),
            )
            count += 1
    return count, unreadable


def _plain(content: bytes) -> bytes:
    try:
        return zlib.decompress(content)
    except zlib.error as error:
        raise ValueError(f"the foundation is damaged: {error}") from None


def _lines(plain: bytes, name: bytes, subject: Subject) -> Iterator[bytes]:
    settings, *lines = plain.split(b"\n")
    yield settings
    for line in lines:
        if name not in line or line.startswith(b'{"source":'):
            yield line
            continue
        record = orjson.loads(line)
        if (record.get("level"), record.get("scope")) == (subject.kind, subject.name):
            continue
        changed = _record(record, subject)
        yield line if changed == record else orjson.dumps(changed)


def _record(record: dict[str, Any], subject: Subject) -> dict[str, Any]:
    """As :func:`burgee.wire.layer.layer_lines` writes them: heads, flags, the overrides of a scope."""
    changed = dict(record)
    if "head" in record:
        changed |= {"head": _head(record["head"], subject), "files": subject.texts_of(record["files"])}
        return changed
    changed["file"] = subject.texts_of(record["file"])
    if "flag" in record:
        changed["is"] = subject.document(record["is"])
    else:
        changed["is"] = {key: subject.document(document) for key, document in record["is"].items()}
    return changed


def _head(head: dict[str, Any], subject: Subject) -> dict[str, Any]:
    changed = dict(head)
    if "metadata" in head:
        changed["metadata"] = subject.texts_of(head["metadata"])
    if "segments" in head:
        changed["segments"] = {name: subject.condition(each) for name, each in head["segments"].items()}
    if "kill" in head:
        changed["kill"] = {key: subject.document(document) for key, document in head["kill"].items()}
    return changed
