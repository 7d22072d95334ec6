"""Keeping what is set in a file, and serving it from there until the database answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from burgeed.clock import Clock
from burgeed.control.applying import Applier
from burgeed.control.last_known import LastKnownState
from burgeed.control.protocol import State

KEPT_EVERY: Final = 1.0
"""Seconds between two looks for a state that has to be kept."""

_log = logging.getLogger(__name__)


async def serve_last_known(last_known: LastKnownState, applier: Applier) -> None:
    """Serve what was kept, if anything; nothing can be written before the database answers."""
    state = await asyncio.to_thread(last_known.find)
    if state is not None:
        _log.warning(
            "the store is away: what was set last time is served", extra={"revision": state.revision}
        )
        applier.offer(state)
        await applier.serve_all()


async def keep_last_known(
    last_known: LastKnownState, clock: Clock, state: Callable[[], State | None]
) -> None:
    """Keep each state that has not been kept, until cancelled.

    Args:
        state: the present one; None before it has been read.
    """
    kept: State | None = None
    complained = False
    while True:
        await clock.sleep(KEPT_EVERY)
        present = state()
        if present is None or present is kept:
            continue
        try:
            await asyncio.to_thread(last_known.keep, present)
            kept, complained = present, False
        except OSError as error:
            if not complained:
                _log.warning("what is set cannot be kept", extra={"error": str(error)})
            complained = True
