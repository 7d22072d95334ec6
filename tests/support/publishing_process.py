"""The publishing part of a daemon that publishes as fast as it can: `publishing_process.py DIRECTORY`.

It says on standard output that the first generation can be read, and goes on until it is killed.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path

from burgee.definition import SourceDocument, read_layer
from burgeed.clock import SystemClock
from burgeed.store.directory import OwnedDirectory
from burgeed.store.generations import GenerationCounter
from burgeed.store.layers import LayerStore
from burgeed.store.permissions import Permissions
from burgeed.store.publisher import Publisher
from burgeed.store.shared_directory import SharedDirectory
from burgeed.store.sharing import Sharing

PADDING = "x" * 200_000
"""Makes a snapshot long enough to be killed in the middle of."""


async def publish(directory: Path) -> None:
    """Publish one generation after the other."""
    counter = GenerationCounter(OwnedDirectory(directory / "state"))
    store = LayerStore(["base"], next_generation=counter.next)
    sharing = Sharing(lambda: SharedDirectory(directory, Permissions(), socket="burgee.sock"), SystemClock())
    publisher = Publisher(store, sharing=sharing)
    publishing = asyncio.create_task(publisher.run())
    told = publisher.subscribe()
    for number in itertools.count():
        document = {"flags": {"a": {"variants": {"v": f"{number}{PADDING}"}, "defaultVariant": "v"}}}
        store.put("base", read_layer("base", [SourceDocument(document, None)])[0])
        await anext(told)
        if number == 0:
            print("published", flush=True)
    await publishing


if __name__ == "__main__":
    asyncio.run(publish(Path(sys.argv[1])))
