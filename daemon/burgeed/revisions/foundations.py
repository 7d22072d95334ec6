"""What the layers of the sources were, so that an earlier moment can be evaluated exactly."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from burgee.bucket import FractionalVersion
from burgee.layer import Layer
from burgee.wire.layer import LayerAssembler, layer_lines
from burgeed.database.protocol import Transaction
from burgeed.revisions.rows import microseconds

KEPT: Final = 1000
"""Foundations of the same sources; beyond it the oldest go, and what they carried is no longer exact."""

LEVEL: Final = 6
"""Of zlib."""


@dataclass(frozen=True, slots=True)
class Foundation:
    """What lay beneath the changes made at run time.

    Attributes:
        layers: of the sources, bottom first.
        fixed: attributes that the daemon set for all requests.
        fractional_version: for documents that do not say.
    """

    layers: tuple[Layer, ...]
    fixed: Mapping[str, Any]
    fractional_version: FractionalVersion = 2


@dataclass(frozen=True, slots=True)
class Packed:
    """A foundation as a row has it.

    Attributes:
        sources: their names, as JSON: daemons of other sources have foundations of their own.
        digest: equal for equal foundations, in hexadecimal.
    """

    sources: str
    digest: str
    content: bytes


def pack(foundation: Foundation) -> Packed:
    """Write a foundation; takes as long as writing every flag of it does."""
    names = [layer.source for layer in foundation.layers]
    head = {"fixed": dict(foundation.fixed), "fractionalVersion": foundation.fractional_version}
    lines = [orjson.dumps(head, option=orjson.OPT_SORT_KEYS)]
    for layer in foundation.layers:
        lines.append(orjson.dumps({"source": layer.source}))
        lines.extend(layer_lines(layer))
    content = b"\n".join(lines)
    return Packed(orjson.dumps(names).decode(), sha256(content).hexdigest(), zlib.compress(content, LEVEL))


def unpack(content: bytes) -> Foundation:
    """Read what :func:`pack` wrote; ValueError where it did not."""
    try:
        head, *lines = zlib.decompress(content).split(b"\n")
    except zlib.error as error:
        raise ValueError(f"the foundation is damaged: {error}") from None
    settings = orjson.loads(head)
    assemblers: list[LayerAssembler] = []
    for line in lines:
        if line.startswith(b'{"source":'):
            assemblers.append(LayerAssembler(orjson.loads(line)["source"]))
        else:
            assemblers[-1].feed(line)
    layers = tuple(assembler.layer() for assembler in assemblers)
    return Foundation(layers, settings["fixed"], settings["fractionalVersion"])


def record(transaction: Transaction, packed: Packed, at: float, doubtful_since: float | None = None) -> bool:
    """Put a foundation down unless it is the last one of its sources.

    Args:
        at: since when it is served, Unix seconds.
        doubtful_since: from when on the one before may not have been what was served, since one in between
            could not be put down.

    Returns:
        Whether a row was written.
    """
    rows = transaction.execute(
        "SELECT digest FROM beneath WHERE sources = ? ORDER BY number DESC LIMIT 1", (packed.sources,)
    )
    if rows and rows[0][0] == packed.digest and doubtful_since is None:
        return False
    [(number,)] = transaction.execute("SELECT COALESCE(MAX(number), 0) + 1 FROM beneath")
    doubtful = None if doubtful_since is None else microseconds(doubtful_since)
    transaction.execute(
        "INSERT INTO beneath (number, at, doubtful_since, sources, digest, content)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (number, microseconds(at), doubtful, packed.sources, packed.digest, packed.content),
    )
    transaction.execute(
        "DELETE FROM beneath WHERE sources = ? AND number NOT IN"
        " (SELECT number FROM beneath WHERE sources = ? ORDER BY number DESC LIMIT ?)",
        (packed.sources, packed.sources, KEPT),
    )
    return True


def content_at(transaction: Transaction, sources: Sequence[str], at: float) -> tuple[bytes, bool] | None:
    """The foundation that was served at a time, packed, and whether that is certain.

    Args:
        sources: their names, bottom first.
        at: Unix seconds.

    Returns:
        None where none was put down by then.
    """
    names, moment = orjson.dumps(list(sources)).decode(), microseconds(at)
    rows = transaction.execute(
        "SELECT number, content FROM beneath WHERE sources = ? AND at <= ? ORDER BY number DESC LIMIT 1",
        (names, moment),
    )
    if not rows:
        return None
    number, content = rows[0]
    doubts = transaction.execute(
        "SELECT 1 FROM beneath WHERE sources = ? AND number > ? AND doubtful_since <= ? LIMIT 1",
        (names, number, moment),
    )
    return bytes(content), not doubts
