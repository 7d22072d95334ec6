"""What the control plane refuses, as a tree; the server tells each as a problem of RFC 9457.

ControlError
├── NotFound            there is no such flag, override, revision
├── AlreadyExists       a flag of that key is there already
├── Stale               it has changed since the revision that If-Match names
├── Invalid             the document or the command cannot be; carries every fault
├── Forbidden
│   ├── Locked          a lock of a layer beneath forbids it, and break-glass was not used
│   └── NotAllowed      the principal may write, but not there
├── KeyReused           an Idempotency-Key that stood for another request
└── Unwritten           the store or the audit refuses: nothing was written
    └── Unknown         the store failed while committing; look again before trying again
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from burgee.fault import Fault
from burgeed.revisions.documents import UnfitDocument
from burgeed.revisions.values import EntryKey


class ControlError(Exception):
    """Root of them; the text is for a person.

    Attributes:
        slug: the last part of the problem's type.
    """

    slug: ClassVar[str] = "refused"


class NotFound(ControlError):
    """There is nothing of that name."""

    slug = "not-found"


class AlreadyExists(ControlError):
    """There is one already."""

    slug = "already-exists"


class Stale(ControlError):
    """Somebody else was faster.

    Args:
        revision: the one that changed it last.
    """

    slug = "stale"

    def __init__(self, message: str, revision: int) -> None:
        super().__init__(message)
        self.revision = revision


class Invalid(ControlError):
    """It cannot be done as asked.

    Args:
        faults: what is wrong in the document, where, and what to write instead; may be empty.
    """

    slug = "invalid"

    def __init__(self, message: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)

    @classmethod
    def unfit(cls, document: UnfitDocument) -> Invalid:
        """What JSON cannot carry."""
        return cls(document.fault.message, [document.fault])


class Forbidden(ControlError):
    """Whoever asks may write, and not this.

    Args:
        key: the entry that it is about; None where it is about none in particular.
    """

    def __init__(self, message: str, key: EntryKey | None = None) -> None:
        super().__init__(message)
        self.key = key


class Locked(Forbidden):
    """A lock beneath forbids it; the key is the lock's."""

    slug = "locked"


class NotAllowed(Forbidden):
    """The principal may not write there."""

    slug = "not-allowed"


class KeyReused(ControlError):
    """The key stood for another request."""

    slug = "idempotency-key-reused"


class Unwritten(ControlError):
    """Nothing was written.

    Args:
        full: whether for want of room.
    """

    slug = "unwritten"

    def __init__(self, message: str, *, full: bool = False) -> None:
        super().__init__(message)
        self.full = full


class Unknown(Unwritten):
    """It is not known whether it was written."""

    slug = "outcome-unknown"
