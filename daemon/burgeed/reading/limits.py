"""How much the reader takes on."""

from __future__ import annotations

from typing import Final

FILE_SIZE_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of one file; a larger one is refused without being parsed."""

FAULT_LIMIT: Final = 1000
"""Faults in one report; the last one then says how many more there are."""

FRAME_LIMIT: Final = 256 * 1024 * 1024
"""Bytes of one frame between the daemon and its reader: a file, or one line of a layer, with room to spare.

Floats grow most when they are written out again: ``1e15`` becomes ``1000000000000000.0``.
"""

SLICE_SIZE: Final = 8 * 1024
"""Bytes of a layer taken over before other tasks get a turn; one longer line is a slice by itself."""
