from collections.abc import AsyncIterator

import pytest_asyncio
from tests.daemon.sources.following import a_reader

from burgeed.reading.process import ReaderProcess


@pytest_asyncio.fixture
async def reader() -> AsyncIterator[ReaderProcess]:
    async with a_reader() as started:
        yield started
