"""What the audit can refuse.

AuditError
├── AuditUnavailable    no entry can be made, so nothing may be written (a WriteRefused of the database)
├── KeyUnusable         a key file is missing, too open, of another owner, or no key
├── EntryMalformed      bytes that no writer of entries writes
├── Undecryptable       sealed under a key that is not at hand
├── Unsound             decrypted with the right key, and refused: it was altered
├── AnchorFailed        a checkpoint could not be put where it outlives this machine
├── Held                a legal hold forbids it
├── InForce             who is to be erased is named by what is in force
└── NotPermitted        the mode asks for a reason, a second person, a clock that is right
"""

from __future__ import annotations

from burgeed.database.errors import WriteRefused


class AuditError(Exception):
    """Root of them; the text is for a person."""


class AuditUnavailable(AuditError, WriteRefused):
    """No entry can be made: what it would tell of may not be written."""


class KeyUnusable(AuditError):
    """A key cannot be used; the text says which and why, and never has any of it."""


class EntryMalformed(AuditError):
    """The bytes are no entry."""


class Undecryptable(AuditError):
    """The key that it is sealed under is not at hand."""


class Unsound(AuditError):
    """The key is the right one, and the content was altered."""


class AnchorFailed(AuditError):
    """An anchor did not take a checkpoint; it will be tried again."""


class Held(AuditError, WriteRefused):
    """A legal hold forbids pruning or erasing it."""


class InForce(AuditError, WriteRefused):
    """What is served, or may act, names who is to be erased; the text says what, and how to take it back."""


class NotPermitted(AuditError, WriteRefused):
    """The mode asks for more than there was."""
