"""What a source says, into the store, the status and the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from burgee.fault import Fault
from burgee.layer import Layer
from burgeed.store.layers import LayerStore
from burgeed.store.status import SourceStatuses

MOST_FAULTS_LOGGED = 20

_log = logging.getLogger(__name__)


class SourceSink:
    """Receives what one source delivers, and acts on it in :meth:`run`, word by word.

    While one word is acted on, the words that came after it wait: of what was delivered only the newest, and
    of what was complained of since then only the newest.

    Args:
        name: the source's.
        spoke: called after each word of the source.
    """

    def __init__(
        self, name: str, store: LayerStore, statuses: SourceStatuses, spoke: Callable[[], None]
    ) -> None:
        self._name = name
        self._store = store
        self._statuses = statuses
        self._spoke = spoke
        self._delivery: Callable[[], Awaitable[None]] | None = None
        self._complaint: Callable[[], None] | None = None
        self._heard = asyncio.Event()

    def delivered(self, layer: Layer, warnings: tuple[Fault, ...]) -> None:
        """Serve the layer."""
        self._delivery, self._complaint = partial(self._serve, layer, warnings), None
        self._heard.set()

    def rejected(self, faults: tuple[Fault, ...]) -> None:
        """Say what is wrong; what was served before is served on."""
        self._complaint = partial(self._reject, faults)
        self._heard.set()

    def absent(self, why: str) -> None:
        """Say that there is nothing; what was served before is served on."""
        self._complaint = partial(self._miss, why)
        self._heard.set()

    async def run(self) -> None:
        """Act on each word, until cancelled."""
        while True:
            await self._heard.wait()
            self._heard.clear()
            if self._delivery is not None:
                delivery, self._delivery = self._delivery, None
                await delivery()
            # Another delivery may have come meanwhile, before the complaint: it has its turn first.
            if self._complaint is not None and self._delivery is None:
                complaint, self._complaint = self._complaint, None
                complaint()

    async def _serve(self, layer: Layer, warnings: tuple[Fault, ...]) -> None:
        publication = await self._store.take(self._name, layer)
        before = self._statuses[self._name]
        self._statuses.delivered(self._name, warnings)
        if publication is not None:
            _log.info(
                "published a new generation",
                extra={
                    "source": self._name,
                    "generation": str(publication.snapshot.generation),
                    "flags_changed": len(publication.flags_changed),
                },
            )
        elif before.state in ("rejected", "absent"):
            _log.info("the source is live again", extra={"source": self._name})
        if warnings != before.warnings:
            self._log_faults(logging.WARNING, "the definition can be improved", warnings)
        self._spoke()

    def _reject(self, faults: tuple[Fault, ...]) -> None:
        self._statuses.rejected(self._name, faults)
        self._store.excuse(self._name)
        errors = tuple(fault for fault in faults if fault.severity == "error")
        self._log_faults(logging.ERROR, f"the definition is rejected, {self._consequence()}", errors)
        self._spoke()

    def _miss(self, why: str) -> None:
        before = self._statuses[self._name]
        self._statuses.absent(self._name, why)
        self._store.excuse(self._name)
        if (before.state, before.why) != ("absent", why):
            _log.warning(
                f"the source has no content, {self._consequence()}", extra={"source": self._name, "why": why}
            )
        self._spoke()

    def _consequence(self) -> str:
        status = self._statuses[self._name]
        if status.last_delivered is not None:
            return "the last good one serves on"
        return "the daemon serves without it" if status.optional else "the daemon waits for a good one"

    def _log_faults(self, level: int, message: str, faults: tuple[Fault, ...]) -> None:
        for fault in faults[:MOST_FAULTS_LOGGED]:
            _log.log(level, f"{message}: {fault}", extra={"source": self._name})
        if unlogged := faults[MOST_FAULTS_LOGGED:]:
            _log.log(
                level,
                f"{message}: {len(unlogged)} more faults, on /status and by `burgee check`",
                extra={"source": self._name},
            )
