"""What the core can refuse, as a tree.

    BurgeeError
    ├── DefinitionError    a document was not accepted; carries every fault found in it
    ├── SelectorError      a selector is not of the form flagd defined
    └── MessageError       bytes on the wire are not the message they should be

Evaluation raises none of these: it answers with a Resolution that carries an error code.
"""

from __future__ import annotations

from collections.abc import Iterable

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
