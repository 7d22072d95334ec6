"""What a source says while its last word is still acted on: the newest of each kind counts, in order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from burgee.definition import SourceDocument, read_layer
from burgee.fault import Fault
from burgee.layer import Layer
from burgeed.runtime.sink import SourceSink
from burgeed.store import layers as store_module
from burgeed.store.generations import GenerationCounter
from burgeed.store.layers import LayerStore
from burgeed.store.status import SourceStatuses


def a_layer(variant: str) -> Layer:
    return read_layer("base", [SourceDocument({"flags": {"a": {"defaultVariant": variant}}}, None)])[0]


class Composing:
    """Composing that waits until it is let go, outside of the event loop's thread."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.let_go = threading.Event()
        self.times = 0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.times += 1
        self.entered.set()
        assert threading.current_thread() is not threading.main_thread() and self.let_go.wait(30)
        return compose(*arguments, **options)


compose = store_module.compose


@pytest.fixture
def composing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Composing]:
    composing = Composing()
    monkeypatch.setattr(store_module, "compose", composing)
    monkeypatch.setattr(store_module, "recompose", lambda *layers: None)
    yield composing
    composing.let_go.set()


class Said:
    """A sink whose first delivery is being composed."""

    def __init__(self) -> None:
        self.store = LayerStore(["base"], next_generation=GenerationCounter(None).next)
        self.statuses = SourceStatuses([("base", False)], lambda: 0.0)
        self.states: list[str] = []
        self.sink = SourceSink("base", self.store, self.statuses, self.note)
        self.running = asyncio.create_task(self.sink.run())

    def note(self) -> None:
        self.states.append(self.statuses["base"].state)

    async def until(self, *states: str) -> None:
        async with asyncio.timeout(10):
            while self.states != list(states):
                await asyncio.sleep(0.001)


async def test_of_what_is_delivered_meanwhile_only_the_newest_is_composed(composing: Composing) -> None:
    said = Said()
    said.sink.delivered(a_layer("on"), ())
    assert await asyncio.to_thread(composing.entered.wait, 10)
    for variant in ("off", "on", "off"):
        said.sink.delivered(a_layer(variant), ())
    composing.let_go.set()
    await said.until("live", "live")
    assert composing.times == 2 and said.store.snapshot.flag_sets[""].flags["a"].default_variant == "off"


async def test_a_complaint_waits_for_the_delivery_before_it(composing: Composing) -> None:
    said = Said()
    said.sink.delivered(a_layer("on"), ())
    assert await asyncio.to_thread(composing.entered.wait, 10)
    for number in range(3):
        said.sink.rejected((Fault(f"fault {number}"),))
    composing.let_go.set()
    await said.until("live", "rejected")
    assert said.statuses["base"].faults == (Fault("fault 2"),) and said.store.ready


async def test_a_delivery_takes_the_place_of_the_complaint_before_it(composing: Composing) -> None:
    said = Said()
    said.sink.delivered(a_layer("on"), ())
    assert await asyncio.to_thread(composing.entered.wait, 10)
    said.sink.rejected((Fault("passing"),))
    said.sink.delivered(a_layer("off"), ())
    composing.let_go.set()
    await said.until("live", "live")


async def test_the_event_loop_goes_on_while_composing(composing: Composing) -> None:
    said = Said()
    said.sink.delivered(a_layer("on"), ())
    assert await asyncio.to_thread(composing.entered.wait, 10)
    for _ in range(100):
        await asyncio.sleep(0)
    assert said.states == [] and not said.store.ready
    composing.let_go.set()
    await said.until("live")
