"""What the core can refuse, as a tree.

    BurgeeError
    ├── DefinitionError    a document was not accepted; carries every fault found in it
    ├── SelectorError      a selector is not of the form flagd defined
    ├── MessageError       bytes on the wire are not the message they should be
    └── SnapshotError      bytes are not a snapshot that can be read, or a snapshot cannot be written

Evaluation raises none of these: it answers with a Resolution that carries an error code.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from burgee.fault import Fault


class BurgeeError(Exception):
    """Root of everything that the core raises on purpose."""


class DefinitionError(BurgeeError):
    """A document cannot be accepted.

    Args:
        faults: all faults of the document, at least one of severity ``error``.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class SelectorError(BurgeeError):
    """A selector is malformed: neither ``flagSetId=<id>``, ``source=<name>`` nor a bare source name."""


class MessageError(BurgeeError):
    """A message does not follow its protocol.

    Args:
        code: the OpenFeature error code that tells it best, ``PARSE_ERROR`` or ``INVALID_CONTEXT``.
        message: what is wrong, for a person.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


SnapshotFault: TypeAlias = Literal[
    "magic", "version", "truncated", "trailing", "checksum", "features", "format", "content"
]
"""What is wrong with the bytes of a snapshot, in one word; :class:`SnapshotError` has them all."""


class SnapshotError(BurgeeError):
    """Bytes are not a sound snapshot, or a snapshot holds what cannot be written.

    Args:
        fault: ``magic``: no snapshot at all; ``version``: of a format that this reader does not know;
            ``truncated`` or ``trailing``: shorter or longer than its header says; ``checksum``: altered on
            the way; ``features``: sound, but beyond this reader; ``format``: its checksums hold and it is
            still not what a writer writes; ``content``: what is to be written has no place in JSON.
        message: which part, for a person.
        features: the required features that this reader lacks.
    """

    def __init__(self, fault: SnapshotFault, message: str, features: Iterable[str] = ()) -> None:
        self.fault = fault
        self.features = frozenset(features)
        super().__init__(message)
