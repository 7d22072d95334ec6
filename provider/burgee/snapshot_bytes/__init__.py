"""The bytes of a snapshot: data only, checked, with an index, and read no further than needed.

``docs/adr/0005-snapshot-bytes.md`` describes them byte by byte.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:
    from burgee.snapshot_bytes.header import Header, read_header
    from burgee.snapshot_bytes.layout import HEADER_LIMIT
    from burgee.snapshot_bytes.reading import read
    from burgee.snapshot_bytes.writing import Written, write

__all__ = ["HEADER_LIMIT", "Header", "Written", "read", "read_header", "write"]

_HOMES = {
    "HEADER_LIMIT": "layout",
    "Header": "header",
    "Written": "writing",
    "read": "reading",
    "read_header": "header",
    "write": "writing",
}


def __getattr__(name: str) -> object:
    """Import what is named when it is first used: who asks which generation it is decodes no flags."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(_import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
