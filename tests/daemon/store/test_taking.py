"""Taking a layer composes it in a thread: the outcome is that of putting it, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgee.definition import SourceDocument, read_layer
from burgee.evaluation import evaluate
from burgee.generation import Generation
from burgee.layer import Layer
from burgeed.store import layers as module
from burgeed.store.layers import LayerStore
from tests.support.strategies import documents

compose, recompose = module.compose, module.recompose


def a_store(*order: str) -> LayerStore:
    numbers = itertools.count(1)
    return LayerStore(order, next_generation=lambda: Generation("epoch", next(numbers)))


def a_layer(source: str, document: object) -> Layer:
    return read_layer(source, [SourceDocument(document, None)])[0]


def switch(source: str, key: str, variant: str) -> Layer:
    return a_layer(source, {"flags": {key: {"defaultVariant": variant}}})


class Held:
    """Composing that waits in its thread, once, until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered = threading.Event()
        self.let_go = threading.Event()
        for composing in (compose, recompose):
            monkeypatch.setattr(module, composing.__name__, partial(self.compose, composing))

    def compose(self, composing: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        if not self.entered.is_set() and threading.current_thread() is not threading.main_thread():
            self.entered.set()
            assert self.let_go.wait(30)
        return composing(*arguments, **options)

    async def is_entered(self) -> None:
        assert await asyncio.to_thread(self.entered.wait, 10)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["base", "top"]), documents()), max_size=5))
def test_taking_is_putting(steps: list[tuple[str, dict[str, Any]]]) -> None:
    async def live() -> None:
        taken, put = a_store("base", "top"), a_store("base", "top")
        for source, document in steps:
            layer = a_layer(source, document)
            assert await taken.take(source, layer) == put.put(source, layer)
        assert (taken.snapshot, taken.ready, taken.awaited) == (put.snapshot, put.ready, put.awaited)

    asyncio.run(live())


async def test_what_is_put_meanwhile_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    store, held = a_store("base", "top"), Held(monkeypatch)
    taking = asyncio.create_task(store.take("base", switch("base", "a", "on")))
    await held.is_entered()
    store.put("top", switch("top", "b", "on"))
    held.let_go.set()
    publication = await taking
    assert publication is not None and publication.flags_changed == {"a", "b"} and store.ready


async def test_a_generation_published_meanwhile_is_not_gone_back_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = a_store("base")
    store.put("base", switch("base", "a", "on"))
    held = Held(monkeypatch)
    taking = asyncio.create_task(store.take("base", switch("base", "a", "on")))
    await held.is_entered()
    store.announce_outside(frozenset({"a"}))
    held.let_go.set()
    assert await taking is None and store.snapshot.generation.number == 2


async def test_layers_taken_at_once_are_all_served() -> None:
    names = [f"source-{number}" for number in range(6)]
    store = a_store(*names)
    await asyncio.gather(*(store.take(name, switch(name, name, "on")) for name in names))
    assert store.ready
    assert all(evaluate(store.snapshot, name, {}, now=0.0).value is True for name in names)


async def test_a_source_that_nobody_named_is_refused() -> None:
    with pytest.raises(KeyError):
        await a_store("base").take("other", Layer("other"))


async def test_what_is_served_is_served_on_while_another_is_composed(monkeypatch: pytest.MonkeyPatch) -> None:
    store = a_store("base")
    store.put("base", switch("base", "a", "on"))
    held = Held(monkeypatch)
    taking = asyncio.create_task(store.take("base", switch("base", "a", "off")))
    await held.is_entered()
    before = evaluate(store.snapshot, "a", {}, now=0.0).value
    held.let_go.set()
    await taking
    assert (before, evaluate(store.snapshot, "a", {}, now=0.0).value) == (True, False)
