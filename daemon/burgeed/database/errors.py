"""What a database can refuse, as a tree.

DatabaseError
├── DatabaseUnusable    it cannot be opened: a newer schema, damage, permissions; the text says which
│   └── DatabaseInUse       another process has it open
├── DatabaseUnavailable it did nothing: full, failing, busy, gone; trying again later may work
├── OutcomeUnknown      it failed while it committed: what was written has to be read back
└── WriteRefused        the work itself would not have it: nothing was written
"""

from __future__ import annotations

from typing import Literal, TypeAlias

Trouble: TypeAlias = Literal["full", "failing", "busy", "closed"]
"""Why a database is unavailable, in one word: no room, I/O or network fails, locked, not open."""


class DatabaseError(Exception):
    """Root of everything that a database raises on purpose; the text is for a person."""


class DatabaseUnusable(DatabaseError):
    """The database cannot be opened, and trying again without doing something about it will not help."""


class DatabaseInUse(DatabaseUnusable):
    """Another process has the database open, and it takes one alone."""


class DatabaseUnavailable(DatabaseError):
    """Nothing was read or written.

    Args:
        trouble: in one word.
    """

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble = trouble


class OutcomeUnknown(DatabaseError):
    """The commit failed: all of the transaction was written or none of it, and only reading tells which."""


class WriteRefused(DatabaseError):
    """Raised by the work of a transaction to leave everything as it was; packages derive their own."""
