"""Telling subscribers that another database of countries is used."""

from __future__ import annotations

import logging

from burgeed.geography.attributes import needs_daemon
from burgeed.store.layers import LayerStore

_log = logging.getLogger(__name__)


def announce_countries(store: LayerStore) -> None:
    """Publish a new generation, since another database of countries is used from now on."""
    publication = store.announce_outside(needs_daemon(store.snapshot))
    if publication is not None:
        _log.info(
            "published a new generation",
            extra={
                "reason": "another database of countries",
                "generation": str(publication.snapshot.generation),
                "flags_changed": len(publication.flags_changed),
            },
        )
