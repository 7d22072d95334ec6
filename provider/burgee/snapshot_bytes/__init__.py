"""The bytes of a snapshot: data only, checked, with an index, and read no further than needed.

``docs/adr/0005-snapshot-bytes.md`` describes them byte by byte.
"""

from __future__ import annotations

from burgee.snapshot_bytes.header import Header, read_header
from burgee.snapshot_bytes.layout import HEADER_LIMIT
from burgee.snapshot_bytes.reading import read
from burgee.snapshot_bytes.writing import Written, write

__all__ = ["HEADER_LIMIT", "Header", "Written", "read", "read_header", "write"]
