"""The same server in a thread of its own, for clients that block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.daemon.server.admin.controlled import Controlled, controlled


@contextmanager
def controlled_in_a_thread(directory: Path, **options: Any) -> Iterator[Controlled]:
    """A server with a control plane, while the block runs."""
    loop = asyncio.new_event_loop()
    began = threading.Event()
    made: list[Controlled | BaseException] = []
    ended = asyncio.Event()

    async def serve() -> None:
        try:
            async with controlled(directory, **options) as server:
                made.append(server)
                began.set()
                await ended.wait()
        except BaseException as error:
            made.append(error)
            raise
        finally:
            began.set()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert began.wait(30)
        server = made[0]
        if isinstance(server, BaseException):
            raise server
        yield server
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(30)
        loop.close()
