"""The page beside the snapshots that tells readers of one machine what the daemon does: names and offsets.

The head is one page of :data:`HEAD_SIZE` bytes, allocated once and never replaced while it is sound. It holds
two words of 64 bit in the machine's own byte order, each stored and loaded in one piece, through
``memoryview.cast("Q")``. It is a hint: the header of the snapshot that ``current`` leads to is the truth.
"""

from __future__ import annotations

from typing import Final

HEAD_NAME: Final = "head"
"""The head's file name in the runtime directory."""

HEAD_SIZE: Final = 4096
"""Bytes."""

SEQUENCE: Final = 0
"""Index of the word that counts publications: one more after each, before the streams tell of it."""

HEARTBEAT: Final = 1
"""Index of the word that counts heartbeats: one more every half second while the daemon lives."""

MAGIC_OFFSET: Final = 16
MAGIC: Final = b"BURGHEAD"

VERSION_OFFSET: Final = 24
"""Where the version stands, a word of 64 bit as the counters are: index 3."""

VERSION: Final = 1

VERSION_WORD: Final = 3
"""The index of that word."""

SOCKET_NAME_WORD: Final = 4
"""The index of the word that holds the length of the socket's file name in bytes; 0 names none.
Two daemons may have their sockets in one directory, and only one of them its head there."""

SOCKET_NAME_OFFSET: Final = 40
"""Where that name begins, as the file system has it."""

SNAPSHOTS_DIRECTORY: Final = "snapshots"
"""The directory of the snapshots in the runtime directory."""

CURRENT: Final = "current"
"""The symbolic link in it that names the newest snapshot, replaced by renaming."""

SNAPSHOT_SUFFIX: Final = ".snapshot"
"""A snapshot's file name is its generation followed by this."""
