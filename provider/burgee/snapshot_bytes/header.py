"""The header: whose bytes these are, how many, and where each section lies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from struct import error as StructError
from typing import Final, NamedTuple, TypeAlias
from zlib import crc32

from burgee.errors import SnapshotError
from burgee.generation import Generation
from burgee.snapshot_bytes.layout import (
    DIGEST_SIZE,
    FIXED_HEADER,
    FORMAT_VERSION,
    HEADER_CHECKSUM,
    HEADER_LIMIT,
    MAGIC,
    SECTION,
)

Buffer: TypeAlias = bytes | bytearray | memoryview

_CHECKED: Final = FIXED_HEADER.size - HEADER_CHECKSUM.size
"""How many bytes of the header stand before its checksum."""

_SEPARATOR: Final = "\n"


class Section(NamedTuple):
    """Where a section lies.

    Attributes:
        kind: a :class:`burgee.snapshot_bytes.layout.Kind`, or one of a later writer.
        flag_set: the ordinal of the set that it belongs to.
        offset: from the first byte of the content, which follows the directory.
        length: bytes.
        entries: of a table.
        checksum: CRC-32 of these bytes.
    """

    kind: int
    flag_set: int
    offset: int
    length: int
    entries: int
    checksum: int


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes of a snapshot say.

    Attributes:
        generation: the snapshot's identity.
        features: what a reader must know of to read the rest.
        length: of the whole snapshot, bytes.
        digest: BLAKE2b with 32 bytes, of everything behind the header.
        header_length: bytes.
        sections: how many stand in the directory, which follows the header.
        directory_checksum: CRC-32 of the directory.
    """

    generation: Generation
    features: frozenset[str]
    length: int
    digest: bytes
    header_length: int
    sections: int
    directory_checksum: int


def read_header(buffer: Buffer) -> Header:
    """Read the header of a snapshot, of which the first ``HEADER_LIMIT`` bytes are enough.

    Raises:
        SnapshotError: ``magic``, ``version``, ``truncated``, ``checksum`` or ``format``.
    """
    view = as_bytes(buffer)
    if view[: len(MAGIC)] != MAGIC[: len(view)] or not view:
        raise SnapshotError("magic", "these bytes are no snapshot: they do not begin with BURGSNAP")
    try:
        (
            _, version, header_length, length, number, digest,
            epoch_length, features_length, sections, directory_checksum, checksum,
        ) = FIXED_HEADER.unpack_from(view)  # fmt: skip
    except StructError:
        raise _too_short(len(view), FIXED_HEADER.size) from None
    if version != FORMAT_VERSION:
        message = f"the snapshot is of format version {version}, this reader knows {FORMAT_VERSION}"
        raise SnapshotError("version", message)
    if header_length > HEADER_LIMIT or header_length != FIXED_HEADER.size + epoch_length + features_length:
        raise SnapshotError("checksum", "the header is damaged: its lengths do not fit together")
    if len(view) < header_length:
        raise _too_short(len(view), header_length)
    if crc32(view[FIXED_HEADER.size : header_length], crc32(view[:_CHECKED])) != checksum:
        raise SnapshotError("checksum", "the header is damaged: its checksum differs")
    texts = bytes(view[FIXED_HEADER.size : header_length])
    try:
        epoch, features = texts[:epoch_length].decode(), texts[epoch_length:].decode()
    except UnicodeDecodeError:
        raise SnapshotError("format", "the header holds text that is not UTF-8") from None
    return Header(
        Generation(epoch, number),
        frozenset(features.split(_SEPARATOR) if features else ()),
        length,
        digest,
        header_length,
        sections,
        directory_checksum,
    )


def read_directory(view: memoryview, header: Header) -> tuple[list[Section], memoryview]:
    """Read where the sections lie.

    Returns:
        The sections, and the content that they lie in.

    Raises:
        SnapshotError: ``checksum``, or ``format`` where a section lies outside of the content.
    """
    end = header.header_length + header.sections * SECTION.size
    directory, content = view[header.header_length : end], view[end:]
    if end > len(view) or crc32(directory) != header.directory_checksum:
        raise SnapshotError("checksum", "the directory of sections is damaged: its checksum differs")
    found = [Section(*fields) for fields in SECTION.iter_unpack(directory)]
    if any(each.offset + each.length > len(content) for each in found):
        raise SnapshotError("format", "a section lies outside of the snapshot")
    return found, content


def whole(
    generation: Generation, features: Iterable[str], sections: Sequence[Section], content: Sequence[bytes]
) -> bytes:
    """Put header, directory and content together.

    Args:
        sections: in any order.
        content: pieces that follow one another.

    Raises:
        SnapshotError: ``content``: epoch and features are longer than a header may be.
    """
    epoch, names = generation.epoch.encode(), _SEPARATOR.join(sorted(features)).encode()
    header_length = FIXED_HEADER.size + len(epoch) + len(names)
    if header_length > HEADER_LIMIT or not 0 <= generation.number < 1 << 64:
        raise SnapshotError("content", f"generation {generation} does not fit into a header")
    start = header_length + len(sections) * SECTION.size
    directory = b"".join(SECTION.pack(*each) for each in sections)
    digest = blake2b(directory, digest_size=DIGEST_SIZE)
    for piece in content:
        digest.update(piece)
    fixed = FIXED_HEADER.pack(
        MAGIC,
        FORMAT_VERSION,
        header_length,
        start + sum(map(len, content)),
        generation.number,
        digest.digest(),
        len(epoch),
        len(names),
        len(sections),
        crc32(directory),
        0,
    )[:_CHECKED]
    checksum = HEADER_CHECKSUM.pack(crc32(epoch + names, crc32(fixed)))
    return b"".join((fixed, checksum, epoch, names, directory, *content))


def as_bytes(buffer: Buffer) -> memoryview:
    """A view of a buffer in which each item is a byte."""
    view = memoryview(buffer)
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")


def _too_short(length: int, wanted: int) -> SnapshotError:
    return SnapshotError("truncated", f"the snapshot ends after {length} bytes, {wanted} were to come")
