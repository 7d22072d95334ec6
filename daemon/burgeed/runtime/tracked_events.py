"""The tracked events' file, where the settings name one."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from burgeed.settings.model import Settings
from burgeed.tracking.events import TrackedEvents
from burgeed.tracking.file import EventFile


def open_tracked_events(settings: Settings, stack: AsyncExitStack) -> TrackedEvents:
    """Where tracked events go; the stack closes it.

    Raises:
        EventFileUnusable: the file cannot be written to.
    """
    if settings.track is None:
        return TrackedEvents()
    file = EventFile(settings.track)
    stack.push_async_callback(asyncio.to_thread, file.close)
    return TrackedEvents(file)
