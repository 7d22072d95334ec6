"""Laws of the core, each over generated documents, contexts and instants."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from burgee import changes, compose, evaluate, evaluate_all, explain, read, render
from burgee.dependencies import next_edge, vary
from burgee.layer import Layer
from burgee.resolution import Reason, Resolution
from burgee.snapshot import Snapshot
from burgee.wire.layer import LayerAssembler, layer_lines
from tests.support.strategies import ATTRIBUTES, NAMES, contexts, documents, instants, scalars

relaxed = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def snapshot_of(*all_documents: Any) -> Snapshot:
    layers = [Layer(f"s{index}", (read(each),)) for index, each in enumerate(all_documents)]
    return compose(layers)


def told(resolution: Resolution) -> tuple[Any, ...]:
    """What a client is told, kinds kept apart."""
    value = orjson.dumps(resolution.value, option=orjson.OPT_SORT_KEYS) if resolution.has_value else None
    metadata = orjson.dumps(dict(resolution.metadata), option=orjson.OPT_SORT_KEYS)
    return value, resolution.variant, resolution.reason, resolution.error_code, metadata


@relaxed
@given(documents())
def test_what_is_rendered_reads_back_equal(document: dict[str, Any]) -> None:
    definition = read(document)
    assert read(render(definition)) == definition


@relaxed
@given(documents())
def test_a_layer_survives_its_lines_and_uses_known_objects_again(document: dict[str, Any]) -> None:
    layer = Layer("s", (read(document, source="s"),))
    first = LayerAssembler("s")
    second = LayerAssembler("s", first)
    for line in layer_lines(layer):
        first.feed(line)
        second.feed(line)
    assert first.layer() == layer
    assert all(
        again is once
        for again, once in zip(
            second.layer().definitions[0].flags.values(),
            first.layer().definitions[0].flags.values(),
            strict=True,
        )
    )


@relaxed
@given(documents(), contexts(), instants)
def test_evaluating_never_raises_and_always_says_why(
    document: dict[str, Any], context: Any, now: float
) -> None:
    for resolution in evaluate_all(snapshot_of(document), context, now=now):
        assert isinstance(resolution.reason, Reason)
        assert (resolution.error_code is not None) == (resolution.reason is Reason.ERROR)


huge = st.builds(lambda power: 10**power, st.sampled_from([19, 5000]))
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), huge, st.floats(), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)


@relaxed
@given(
    documents(),
    st.dictionaries(st.one_of(st.sampled_from(ATTRIBUTES), st.text(max_size=3)), json_values),
    instants,
)
def test_evaluating_never_raises_for_any_context(document: dict[str, Any], context: Any, now: float) -> None:
    snapshot = snapshot_of(document)
    for key in [*NAMES, "unknown"]:
        assert evaluate(snapshot, key, context, now=now).flag_key == key
        assert explain(snapshot, key, context, now=now).resolution.flag_key == key


@relaxed
@given(documents(), contexts(), instants)
def test_explaining_gives_the_answer_of_evaluating_and_one_winner(
    document: dict[str, Any], context: Any, now: float
) -> None:
    snapshot = snapshot_of(document)
    for key in NAMES:
        explanation = explain(snapshot, key, context, now=now)
        assert told(explanation.resolution) == told(evaluate(snapshot, key, context, now=now))
        assert sum(rung.winner for rung in explanation.rungs) == 1


@settings(relaxed, max_examples=60)
@given(documents(), contexts(), instants, st.sampled_from([*ATTRIBUTES, "environment", "other"]), scalars)
def test_an_attribute_that_vary_does_not_name_never_changes_the_answer(
    document: dict[str, Any], context: dict[str, Any], now: float, attribute: str, value: Any
) -> None:
    snapshot = snapshot_of(document)
    for key in document["flags"]:
        named = vary(snapshot, key)
        assert named is not None
        if attribute not in named:
            changed = {**context, attribute: value}
            without = {name: each for name, each in context.items() if name != attribute}
            answer = told(evaluate(snapshot, key, context, now=now))
            assert told(evaluate(snapshot, key, changed, now=now)) == answer
            assert told(evaluate(snapshot, key, without, now=now)) == answer


@relaxed
@given(documents(), contexts(), instants)
def test_a_static_answer_varies_with_nothing_and_never_ends(
    document: dict[str, Any], context: Any, now: float
) -> None:
    snapshot = snapshot_of(document)
    for key in document["flags"]:
        if evaluate(snapshot, key, context, now=now).reason is Reason.STATIC:
            assert vary(snapshot, key) == frozenset()
            assert next_edge(snapshot, key, now) is None


@settings(relaxed, max_examples=60)
@given(documents(), contexts(), instants, st.floats(0, 1))
def test_an_answer_holds_until_the_next_edge(
    document: dict[str, Any], context: Any, now: float, share: float
) -> None:
    snapshot = snapshot_of(document)
    for key in document["flags"]:
        edge = next_edge(snapshot, key, now)
        assert edge is None or edge > now
        later = now + share * ((edge - now) if edge is not None else 10**8)
        if edge is None or later < edge:
            before = evaluate(snapshot, key, context, now=now)
            assert told(evaluate(snapshot, key, context, now=later)) == told(before)


@relaxed
@given(documents(), documents(), contexts(), instants)
def test_a_layer_added_and_withdrawn_was_never_there(
    beneath: dict[str, Any], above: dict[str, Any], context: Any, now: float
) -> None:
    layers = [Layer("beneath", (read(beneath),)), Layer("above", (read(above),))]
    before = compose(layers[:1])
    compose(layers)
    after = compose(layers[:1])
    assert after == before
    assert changes(before, after) == frozenset()
    assert [told(each) for each in evaluate_all(after, context, now=now)] == [
        told(each) for each in evaluate_all(before, context, now=now)
    ]


@relaxed
@given(documents(), documents())
def test_every_flag_of_every_layer_is_in_the_snapshot(beneath: dict[str, Any], above: dict[str, Any]) -> None:
    snapshot = snapshot_of(beneath, above)
    assert snapshot.flag_sets[""].flags.keys() == beneath["flags"].keys() | above["flags"].keys()


@settings(relaxed, max_examples=60)
@given(documents(), documents(), contexts(), instants)
def test_a_flag_that_changes_does_not_name_answers_as_before(
    old: dict[str, Any], new: dict[str, Any], context: Any, now: float
) -> None:
    before, after = snapshot_of(old), snapshot_of(old, new)
    changed = changes(before, after)
    for key in old["flags"]:
        if key not in changed:
            assert told(evaluate(after, key, context, now=now)) == told(
                evaluate(before, key, context, now=now)
            )


@relaxed
@given(documents(), contexts(), instants)
def test_all_flags_in_one_pass_answer_as_each_by_itself(
    document: dict[str, Any], context: Any, now: float
) -> None:
    snapshot = snapshot_of(document)
    for resolution in evaluate_all(snapshot, context, now=now):
        assert told(resolution) == told(evaluate(snapshot, resolution.flag_key, context, now=now))
        assert told(resolution) == told(explain(snapshot, resolution.flag_key, context, now=now).resolution)
