"""The bucketing law, and what it does not promise."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from burgee.bucket import RAMP_STEPS, bucket, chosen_variant, next_ramp_edge, ramp_step

names = st.lists(st.text(min_size=1, max_size=4), min_size=2, max_size=4, unique=True).map(sorted)
keys = st.text(min_size=1, max_size=12)


@given(names, st.lists(st.integers(0, 100), min_size=4, max_size=4), st.integers(1, 100), keys, st.booleans())
def test_whoever_has_the_outer_variant_keeps_it_while_its_weight_grows(
    variants: list[str], weights: list[int], growth: int, key: str, last: bool
) -> None:
    weights = weights[: len(variants)]
    outer, inner = (-1, -2) if last else (0, 1)
    weights[inner] += growth
    total = sum(weights)
    before = chosen_variant(tuple(zip(variants, weights, strict=True)), bucket("seed", key, total))
    weights[inner] -= growth
    weights[outer] += growth
    after = chosen_variant(tuple(zip(variants, weights, strict=True)), bucket("seed", key, total))
    assert before != variants[outer] or after == variants[outer]


def test_a_middle_variant_may_lose_someone_while_its_weight_grows() -> None:
    """The recorded counterexample: b grows from 20 to 40, moves, and this key is left to c."""
    before = (("a", 40), ("b", 20), ("c", 40))
    after = (("a", 10), ("b", 40), ("c", 50))
    loser = next(f"user-{n}" for n in range(1000) if 50 <= bucket("seed", f"user-{n}", 100) < 60)
    position = bucket("seed", loser, 100)
    assert chosen_variant(before, position) == "b"
    assert chosen_variant(after, position) == "c"


@given(keys, st.integers(1, 2**31 - 1))
def test_a_bucket_lies_below_its_total(key: str, total: int) -> None:
    assert 0 <= bucket("seed", key, total) < total


spans = st.tuples(st.floats(0, 4e9), st.floats(1, 4e8)).map(lambda each: (each[0], each[0] + each[1]))


@given(spans, st.floats(-0.5, 1.5), st.floats(0, 0.5))
def test_a_ramp_keeps_whom_it_has(span: tuple[float, float], share: float, further: float) -> None:
    start, complete = span
    now = start + share * (complete - start)
    later = now + further * (complete - start)
    assert 0 <= ramp_step(start, complete, now) <= ramp_step(start, complete, later) <= RAMP_STEPS


@given(spans, st.floats(-0.5, 1.5))
def test_a_ramp_moves_at_its_next_edge_and_not_before(span: tuple[float, float], share: float) -> None:
    start, complete = span
    now = start + share * (complete - start)
    edge = next_ramp_edge(start, complete, now)
    step = ramp_step(start, complete, now)
    if edge is None:
        assert step == RAMP_STEPS
    else:
        assert edge > now
        assert ramp_step(start, complete, edge) > step
        assert ramp_step(start, complete, now + (edge - now) * 0.99) == step


@given(st.lists(st.integers(0, 10), min_size=1, max_size=5).filter(any))
def test_weights_are_shares(weights: list[int]) -> None:
    named = tuple((f"v{index}", weight) for index, weight in enumerate(weights))
    counted = [chosen_variant(named, position) for position in range(sum(weights))]
    assert [counted.count(f"v{index}") for index in range(len(weights))] == weights
