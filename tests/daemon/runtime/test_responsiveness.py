"""What keeps the event loop from being held: no collection in the first load, short turns of threads."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Iterator

import pytest

from burgee.layer import Layer
from burgeed.runtime import responsiveness
from burgeed.store.generations import GenerationCounter
from burgeed.store.layers import LayerStore
from burgeed.store.publisher import Publisher


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    interval = sys.getswitchinterval()
    yield
    sys.setswitchinterval(interval)
    gc.unfreeze()
    gc.enable()


async def test_garbage_is_collected_again_after_the_first_generation_without_what_is_there_by_then() -> None:
    store = LayerStore(["base"], next_generation=GenerationCounter(None).next)
    publisher = Publisher(store)
    sparing = asyncio.create_task(responsiveness.spare_the_first_load(publisher))
    publishing = asyncio.create_task(publisher.run())
    await asyncio.sleep(0)
    before = (gc.isenabled(), gc.get_freeze_count())
    store.put("base", Layer("base"))
    await asyncio.wait_for(sparing, 10)
    publishing.cancel()
    assert before == (False, 0) and gc.isenabled() and gc.get_freeze_count() > 1_000


async def test_garbage_is_collected_again_though_no_generation_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responsiveness, "LONGEST_FIRST_LOAD", 0.01)
    store = LayerStore(["base"], next_generation=GenerationCounter(None).next)
    await asyncio.wait_for(responsiveness.spare_the_first_load(Publisher(store)), 10)
    assert gc.isenabled()


async def test_a_daemon_that_ends_before_its_first_generation_leaves_collection_on() -> None:
    store = LayerStore(["base"], next_generation=GenerationCounter(None).next)
    sparing = asyncio.create_task(responsiveness.spare_the_first_load(Publisher(store)))
    await asyncio.sleep(0)
    sparing.cancel()
    await asyncio.wait({sparing})
    assert gc.isenabled()


def test_other_threads_have_short_turns() -> None:
    responsiveness.share_the_interpreter()
    assert sys.getswitchinterval() == pytest.approx(0.001)
