"""Telling subscribers when time alone changes answers: a window's edge, a ramp's step."""

from __future__ import annotations

import asyncio

from burgee.dependencies import dependencies, next_edge_of_all
from burgee.snapshot import Snapshot
from burgeed.clock import Clock
from burgeed.store.layers import LayerStore
from burgeed.store.subscription import Subscription

SHORTEST_INTERVAL = 1.0
"""Seconds between two announcements, and the longest that a jump of the wall clock goes unnoticed."""


async def announce_edges(store: LayerStore, clock: Clock) -> None:
    """Announce the edges in time as they pass, those within a second of one another together.

    The wall clock may jump either way. It is looked at once a second; whatever has an edge between what it
    showed and what it shows has changed. Ends when the store is closed.
    """
    subscription = store.subscribe()
    announced = clock.wall()
    try:
        while True:
            snapshot = store.snapshot
            # In threads, since they look at every flag.
            edge = await asyncio.to_thread(next_edge_of_all, snapshot, announced)
            while store.snapshot is snapshot:
                now = clock.wall()
                if now < announced or (edge is not None and now >= edge[0]):
                    passed = await asyncio.to_thread(flags_between, snapshot, *sorted((announced, now)))
                    store.announce_time(passed)
                    announced = now
                    await clock.sleep(SHORTEST_INTERVAL)
                    break
                announced = now
                remaining = SHORTEST_INTERVAL if edge is None else min(edge[0] - now, SHORTEST_INTERVAL)
                await _published(subscription, remaining)
    except StopAsyncIteration:
        return
    finally:
        subscription.close()


def flags_between(snapshot: Snapshot, earlier: float, later: float) -> frozenset[str]:
    """Keys of the flags that have an edge in (earlier, later], both in Unix seconds."""
    return frozenset(
        flag_key
        for flag_set in snapshot.flag_sets.values()
        for flag_key in flag_set.flags
        if (edge := dependencies(flag_set, flag_key).next_edge(earlier)) is not None and edge <= later
    )


async def _published(subscription: Subscription, seconds: float) -> None:
    """Wait for the next publication, for so long at most."""
    try:
        async with asyncio.timeout(seconds):
            await anext(subscription)
    except TimeoutError:
        pass
