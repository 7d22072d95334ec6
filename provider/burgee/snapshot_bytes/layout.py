"""The numbers of the format, byte by byte as ``docs/adr/0005-snapshot-bytes.md`` has them.

All integers are unsigned and little-endian, without padding; all text is UTF-8.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import Final

MAGIC: Final = b"BURGSNAP"

FORMAT_VERSION: Final = 1
"""A reader refuses every other one. What an old reader may skip does not change it."""

FIXED_HEADER: Final = Struct("<8sIIQQ32sIIIII")
"""Magic, format version, length of the header, length of all, generation's number, digest, lengths of the
epoch and of the names of features, number of sections, checksum of the directory, checksum of the header."""

HEADER_CHECKSUM: Final = Struct("<I")
"""The last field of :data:`FIXED_HEADER`: CRC-32 of the header without these four bytes."""

HEADER_LIMIT: Final = 4096
"""The longest header, bytes: who wants a file's generation need read no more of it."""

DIGEST_SIZE: Final = 32
"""BLAKE2b, of everything behind the header."""

SECTION: Final = Struct("<IIQQII")
"""Kind, ordinal of the flag set, offset, length, number of entries, checksum."""

NO_FLAG_SET: Final = 0xFFFFFFFF
"""The ordinal of a section that belongs to the whole snapshot."""

BLOCK_ENTRIES: Final = 128
"""Entries of each block of a table but the last."""

LONGEST_RECORDS: Final = 0xFFFFFFFF
"""What the records of one block may come to, bytes."""


class Kind(IntEnum):
    """Kinds of sections; a reader skips those that it does not know."""

    GENERAL = 1
    """JSON: fixed attributes, origins, and what is said once for each flag set."""
    INACTIVE = 2
    """A table without keys: overrides and kills that lead nowhere."""
    FLAGS = 3
    """A table: key -> flag; its numbers are those of standings."""
    STANDINGS = 4
    """A table without keys: what is true of flags beside their own definition, each said once."""
    OVERRIDES = 5
    """A table: flag key, level and scope, a NUL between them -> override; its numbers are origins."""
    SEGMENTS = 6
    """A table: name -> segment; its numbers are origins."""
    KILLS = 7
    """A table: flag key -> kill; its numbers are origins."""
    LEAVES = 8
    """A table: key -> leaf."""
