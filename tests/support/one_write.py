"""One write of the control plane as a process of its own, for a tracer to break.

Run as ``python -m tests.support.one_write DIRECTORY NUMBER``. Opens the store in the directory, says
``ready``, sets a number for one organization, says ``acknowledged <revision>``, ``refused <text>`` or
``unknown <text>``, then ``serves <number>``, and ends.
"""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from burgee.definition import SourceDocument, read_layer
from burgee.evaluation import evaluate
from burgee.generation import Generation
from burgeed.audit.journal import Journal
from burgeed.audit.keys import open_keys
from burgeed.authority.principal import Principal, Scope
from burgeed.clock import SystemClock
from burgeed.control.commands import OverrideItem, SetOverrides
from burgeed.control.errors import ControlError, Unknown
from burgeed.control.plane import Plane
from burgeed.control.request import WriteRequest
from burgeed.control.schema import MIGRATIONS
from burgeed.database.sqlite import SqliteDatabase
from burgeed.store.layers import LayerStore

FLAG = "limit"
ORGANIZATION = "acme"
DOCUMENT = {"flags": {FLAG: {"variants": {"none": 0, "some": 1}, "defaultVariant": "none"}}}
WRITER = Principal("writer", "peer", frozenset(Scope), uid=0)


async def open_plane(
    directory: Path, stack: AsyncExitStack, connect: Callable[..., sqlite3.Connection] = sqlite3.connect
) -> tuple[Plane, LayerStore]:
    """A control plane on SQLite in the directory, serving; the stack ends it."""
    clock, numbers = SystemClock(), itertools.count(1)
    store = LayerStore(["file", "admin"], next_generation=lambda: Generation("epoch", next(numbers)))
    store.put("file", read_layer("file", [SourceDocument(DOCUMENT)])[0])
    database = SqliteDatabase(directory / "burgee.db", MIGRATIONS, clock=clock, connect=connect)
    stack.push_async_callback(database.close)
    await database.open()
    journal = Journal(open_keys(directory, {}), clock)
    plane = Plane(database, journal, store, clock, tell=lambda events: None)
    stack.push_async_callback(plane.close)
    await plane.open()
    return plane, store


async def write(plane: Plane, number: int) -> int:
    """Set the number; returns the revision. Raises ControlError."""
    item = OverrideItem("organization", ORGANIZATION, FLAG, {"value": number})
    outcome = await plane.write(WriteRequest(SetOverrides("", (item,)), WRITER, reason="one write"))
    return outcome.revision


def served(store: LayerStore) -> object:
    """What an evaluation for the organization answers."""
    return evaluate(store.snapshot, FLAG, {"organization": ORGANIZATION}, now=0.0).value


async def main(directory: Path, number: int) -> None:
    """Do as the module says."""
    async with AsyncExitStack() as stack:
        plane, store = await open_plane(directory, stack)
        print("ready", flush=True)
        try:
            print("acknowledged", await write(plane, number), flush=True)
        except Unknown as error:
            print("unknown", error, flush=True)
        except ControlError as error:
            print("refused", error, flush=True)
        print("serves", served(store), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
