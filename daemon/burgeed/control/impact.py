"""What would be served: with a document laid on top, or after a rollback. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from burgee.bucket import FractionalVersion
from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.errors import DefinitionError
from burgee.layer import Layer
from burgee.snapshot import Snapshot
from burgeed.control.errors import Invalid
from burgeed.control.layer import AdminLayer
from burgeed.control.protocol import State
from burgeed.revisions.naming import ERASED_DOCUMENT
from burgeed.revisions.values import Change, Entry, EntryKey

PROPOSED = "proposed"
"""The name of the layer of what is proposed."""


def proposed_layer(document: Mapping[str, Any], flag_set: str) -> Layer:
    """A definition that is to lie on top of everything.

    Args:
        document: as a definition file has it.
        flag_set: the set that it is of, where it does not say so itself.

    Raises:
        Invalid: with every fault of the document.
    """
    metadata = document.get("metadata", {})
    if flag_set and isinstance(metadata, Mapping) and "flagSetId" not in metadata:
        document = {**document, "metadata": {**metadata, "flagSetId": flag_set}}
    try:
        layer, _ = read_layer(PROPOSED, [SourceDocument(document)])
    except DefinitionError as error:
        faults = [fault for fault in error.faults if fault.severity == "error"]
        raise Invalid("the proposed definition has faults", faults) from None
    return layer


def rolled_back_layer(state: State, changes: Iterable[Change]) -> Layer:
    """What would be set at run time after a rollback.

    Args:
        state: what is set now.
        changes: from the revision that is gone back to up to now.
    """
    entries: dict[EntryKey, Entry] = dict(state.entries)
    for change in changes:
        entries.pop(change.key, None)
        # What was set for who is erased does not come back.
        if change.before is not None and change.before != ERASED_DOCUMENT:
            entries[change.key] = Entry(change.key, change.before, state.revision + 1)
    return AdminLayer().build(entries)


def would_be_served(
    layers: Sequence[Layer],
    served: Snapshot,
    fractional_version: FractionalVersion,
) -> Snapshot:
    """The snapshot of these layers, with the settings of the one that is served."""
    return compose(
        layers,
        generation=served.generation,
        fixed=served.fixed,
        fractional_version=fractional_version,
    )
