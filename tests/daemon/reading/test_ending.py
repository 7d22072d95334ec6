"""The end of a child process: nothing of it is left open."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE

from burgeed.reading.ending import end, gone

ENDLESS = "import os\nwhile True: os.write(1, bytes(65536))"


async def test_what_a_killed_process_wrote_is_read_out() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", ENDLESS, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    await process.stdout.readexactly(1)
    end(process)
    async with asyncio.timeout(20):
        assert await gone(process) == -9
    assert process.stdout.at_eof()
