"""The layer store: what it publishes, when, and what a subscriber gets of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgee.definition import SourceDocument, read_layer
from burgee.evaluation import evaluate
from burgee.flag import Origin
from burgee.generation import Generation
from burgee.layer import Layer
from burgeed.store.generations import GenerationCounter
from burgeed.store.layers import LayerStore
from burgeed.store.subscription import Publication, Subscription
from tests.support.strategies import documents


def a_layer(source: str, document: object, file: str | None = None) -> Layer:
    return read_layer(source, [SourceDocument(document, file)])[0]


def switches(source: str = "base", /, **variants: str) -> Layer:
    """A layer of boolean flags with these default variants."""
    return a_layer(source, {"flags": {key: {"defaultVariant": name} for key, name in variants.items()}})


def a_store(*order: str, optional: tuple[str, ...] = (), **fixed: str) -> LayerStore:
    counter = GenerationCounter(None, new_epoch=lambda: "epoch")
    return LayerStore(order or ("base",), optional=optional, next_generation=counter.next, fixed=fixed)


def answer(store: LayerStore, key: str, context: Mapping[str, Any] | None = None) -> object:
    return evaluate(store.snapshot, key, context or {}, now=0.0).value


async def pending(subscription: Subscription) -> Publication | None:
    """What the subscription would hand out now, without waiting."""
    try:
        async with asyncio.timeout(0):
            return await anext(subscription)
    except TimeoutError:
        return None


def test_is_ready_when_every_required_source_has_delivered() -> None:
    store = a_store("base", "top")
    seen = [(store.ready, store.put("base", switches(a="on"))), (store.ready, store.awaited)]
    store.put("top", switches("top", b="on"))
    assert seen == [(False, None), (False, {"top"})] and store.ready and store.awaited == set()


def test_is_not_ready_while_an_optional_source_has_not_spoken() -> None:
    store = a_store("base", "extra", optional=("extra",))
    store.put("base", switches(a="on"))
    waiting = store.ready
    publication = store.excuse("extra")
    assert not waiting and store.ready and publication is not None


def test_a_required_source_is_never_excused() -> None:
    store = a_store("base")
    assert store.excuse("base") is None and not store.ready


def test_nothing_is_published_of_half_the_sources() -> None:
    store = a_store("base", "top")
    store.put("base", switches(a="on"))
    assert answer(store, "a") is None


def test_later_sources_lie_on_top_whatever_arrives_first() -> None:
    store = a_store("base", "top")
    store.put("top", switches("top", a="off"))
    store.put("base", switches(a="on"))
    assert answer(store, "a") is False


def test_an_equal_layer_publishes_nothing() -> None:
    store = a_store()
    store.put("base", switches(a="on"))
    before = store.snapshot.generation
    assert store.put("base", switches(a="on")) is None
    assert store.snapshot.generation == before == Generation("epoch", 1)


def test_values_of_another_kind_are_a_change_though_python_holds_them_equal() -> None:
    store = a_store()

    def layer(value: object) -> Layer:
        flag = {"variants": {"v": {"leaf": value}}, "defaultVariant": "v"}
        return a_layer("base", {"flags": {"a": flag}})

    store.put("base", layer(1))
    published = [store.put("base", layer(True)), store.put("base", layer(1.0))]
    assert [each and each.flags_changed for each in published] == [{"a"}, {"a"}]


def test_a_new_description_is_a_generation_that_changes_no_flag() -> None:
    store = a_store()
    store.put("base", switches(a="on"))
    described = {"flags": {"a": {"defaultVariant": "on", "description": "new"}}}
    publication = store.put("base", a_layer("base", described))
    assert publication is not None and publication.flags_changed == frozenset()


def test_where_an_equal_flag_stands_now_is_known_without_a_new_generation() -> None:
    store = a_store()
    document = {"flags": {"a": {"defaultVariant": "on"}}}
    store.put("base", a_layer("base", document, "old.yaml"))
    assert store.put("base", a_layer("base", document, "new.yaml")) is None
    assert store.snapshot.flag_sets[""].flags["a"].origin == Origin("base", "new.yaml", ("flags", "a"))


def test_a_source_that_nobody_named_is_refused() -> None:
    with pytest.raises(KeyError):
        a_store("base").put("other", switches("other"))


def test_fixed_attributes_beat_the_requests() -> None:
    store = a_store("base", environment="production")
    document = {
        "flags": {"a": {"defaultVariant": "off"}},
        "overrides": {"environment": {"production": {"a": "on"}}},
    }
    store.put("base", a_layer("base", document))
    assert answer(store, "a", {"environment": "staging"}) is True


def test_a_put_that_fails_leaves_everything_as_it_was() -> None:
    def fail() -> Generation:
        raise OSError("no generation")

    store = LayerStore(["base"], next_generation=fail)
    with pytest.raises(OSError, match="no generation"):
        store.put("base", switches(a="on"))
    assert answer(store, "a") is None


async def test_a_slow_subscriber_gets_the_newest_snapshot_and_every_changed_flag() -> None:
    store = a_store()
    store.put("base", switches(a="on", b="on"))
    subscription = store.subscribe()
    store.put("base", switches(a="off", b="on"))
    store.put("base", switches(a="off", b="off"))
    publication = await anext(subscription)
    assert publication == (store.snapshot, {"a", "b"}, "change")
    assert await pending(subscription) is None


async def test_time_alone_is_announced_with_the_same_snapshot() -> None:
    store = a_store()
    store.put("base", switches(a="on"))
    subscription = store.subscribe()
    store.announce_time(frozenset({"a"}))
    assert await anext(subscription) == (store.snapshot, {"a"}, "time")


async def test_a_change_merged_with_passing_time_is_a_change() -> None:
    store = a_store()
    store.put("base", switches(a="on", b="on"))
    subscription = store.subscribe()
    store.announce_time(frozenset({"a"}))
    store.put("base", switches(a="on", b="off"))
    store.announce_time(frozenset({"a"}))
    assert await anext(subscription) == (store.snapshot, {"a", "b"}, "change")


async def test_time_that_changes_no_flag_is_not_announced() -> None:
    store = a_store()
    store.put("base", switches(a="on"))
    assert store.announce_time(frozenset()) is None


async def test_a_waiting_subscriber_is_woken() -> None:
    store = a_store()
    subscription = store.subscribe()
    waiting = asyncio.create_task(anext(subscription))
    await asyncio.sleep(0)
    store.put("base", switches(a="on"))
    assert (await asyncio.wait_for(waiting, 5)).flags_changed == {"a"}


async def test_a_publication_is_not_lost_with_a_wait_that_is_cancelled() -> None:
    store = a_store()
    subscription = store.subscribe()
    waiting = asyncio.create_task(anext(subscription))
    await asyncio.sleep(0)
    store.put("base", switches(a="on"))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await asyncio.wait_for(anext(subscription), 5)).flags_changed == {"a"}


async def test_closing_ends_every_subscription_after_what_is_pending() -> None:
    store = a_store()
    idle, busy = store.subscribe(), store.subscribe()
    waiting = asyncio.create_task(anext(idle, None))
    await asyncio.sleep(0)
    store.close()
    assert await asyncio.wait_for(waiting, 5) is None
    assert [publication async for publication in busy] == []
    assert [publication async for publication in store.subscribe()] == []


async def test_a_closed_subscription_is_told_nothing_more() -> None:
    store = a_store()
    subscription = store.subscribe()
    subscription.close()
    store.put("base", switches(a="on"))
    assert [publication async for publication in subscription] == []


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(["base", "top"]), documents()),
        st.just(("fetch", "", {})),
    ),
    max_size=8,
)


@settings(max_examples=50, deadline=None)
@given(STEPS)
def test_coalescing_loses_no_change_and_ends_at_the_newest_snapshot(
    steps: list[tuple[str, str, Any]],
) -> None:
    async def live() -> None:
        store = a_store("base", "top", optional=("top",))
        store.excuse("top")
        slow = store.subscribe()
        published: list[Publication] = []
        fetched: list[Publication] = []
        since_fetch: set[str] = set()
        for step, source, document in [*steps, ("fetch", "", {})]:
            if step == "put":
                publication = store.put(source, a_layer(source, document))
                if publication is not None:
                    published.append(publication)
                    since_fetch |= publication.flags_changed
            elif (publication := await pending(slow)) is not None:
                fetched.append(publication)
                assert publication.flags_changed == since_fetch
                assert publication.snapshot is published[-1].snapshot
                since_fetch = set()
        assert bool(fetched) == bool(published) and not since_fetch
        numbers = [publication.snapshot.generation.number for publication in published]
        assert numbers == list(range(1, len(numbers) + 1))

    asyncio.run(live())


@settings(max_examples=50, deadline=None)
@given(documents(), documents(), documents())
def test_adding_a_layer_and_withdrawing_it_is_as_if_it_had_never_been(
    base: dict[str, Any], top: dict[str, Any], other: dict[str, Any]
) -> None:
    def composed(*puts: tuple[str, Callable[[], Layer]]) -> object:
        store = a_store("base", "top")
        for source, layer in puts:
            store.put(source, layer())
        return store.snapshot.flag_sets

    def bottom() -> Layer:
        return a_layer("base", base)

    def nothing() -> Layer:
        return Layer("top")

    added = composed(
        ("base", bottom),
        ("top", lambda: a_layer("top", top)),
        ("top", lambda: a_layer("top", other)),
        ("top", nothing),
    )
    assert added == composed(("base", bottom), ("top", nothing))


def test_what_lies_under_a_source_is_what_the_others_delivered_last() -> None:
    store = a_store("base", "middle", "top")
    assert store.beneath("top") == ()
    base, middle, newer = switches(a="on"), switches("middle", b="on"), switches(a="off")
    store.put("base", base)
    store.put("middle", middle)
    store.put("top", switches("top", c="on"))
    assert store.beneath("top") == (base, middle)
    assert store.beneath("base") == ()
    store.put("base", newer)
    assert store.beneath("top")[0] is newer
    with pytest.raises(KeyError):
        store.beneath("none")
