"""Layers that lead on from others are composed anew in what differs, and come to what all of it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgee import Snapshot, changes, compose
from burgee.definition import SourceDocument, read_layer
from burgee.generation import Generation
from burgee.layer import Definition, Layer
from burgee.recomposition import recompose
from burgee.snapshot import Inactive
from tests.core.differential.native_documents import NativeGrammar
from tests.core.snapshot_bytes.snapshots import relaxed
from tests.support.strategies import documents

NAMES = ("flags", "overrides", "kills")


def layer_of(document: Mapping[str, Any], source: str = "admin") -> Layer:
    return read_layer(source, [SourceDocument(document, None)])[0]


def led_on(layer: Layer, drawn: Layer, random: Random) -> Layer:
    """The layer with some entries taken away, and some replaced or added from another one."""
    [definition], [other] = layer.definitions, drawn.definitions
    changed: dict[str, Any] = {}
    for name in NAMES:
        entries, others = dict(getattr(definition, name)), getattr(other, name)
        for key in [*entries]:
            if random.random() < 0.2:
                del entries[key]
        entries |= {key: each for key, each in others.items() if random.random() < 0.4}
        changed[name] = entries
    return replace(layer, definitions=(replace(definition, **changed),))


def inactive(snapshot: Snapshot) -> set[tuple[Any, ...]]:
    return {each[:5] for each in snapshot.inactive}


@settings(relaxed, max_examples=15)
@given(documents(), documents(), documents(), st.integers(0, 2**32), st.booleans(), st.booleans())
def test_what_is_recomposed_is_what_is_composed(
    beneath: dict[str, Any],
    old: dict[str, Any],
    other: dict[str, Any],
    seed: int,
    native: bool,
    stands_for_others: bool,
) -> None:
    random = Random(seed)
    if native:
        beneath, old, other = (NativeGrammar(random).document() for _ in range(3))
    lower, upper = layer_of(beneath, "file"), replace(layer_of(old), stands_for_others=stands_for_others)
    generation = Generation("e", 1)
    before = compose([lower, upper], generation=generation, fixed={"region": "eu"})
    for _ in range(3):
        new = led_on(upper, layer_of(other), random)
        recomposed = recompose(before, [lower, upper], [lower, new])
        whole = compose([lower, new], generation=generation, fixed={"region": "eu"})
        assert recomposed is not None
        assert replace(recomposed.snapshot, inactive=()) == replace(whole, inactive=())
        assert inactive(recomposed.snapshot) == inactive(whole)
        assert len(recomposed.snapshot.inactive) == len(whole.inactive)
        assert sources(recomposed.snapshot) == sources(whole)
        assert changes(before, recomposed.snapshot, among=recomposed.touched) == changes(before, whole)
        before, upper = recomposed.snapshot, new


def sources(snapshot: Snapshot) -> dict[tuple[str, str], str]:
    """What equality leaves out: which source's each flag is to selectors."""
    return {
        (flag_set_id, key): flag.selected_source
        for flag_set_id, flag_set in snapshot.flag_sets.items()
        for key, flag in flag_set.flags.items()
    }


BENEATH = {
    "flags": {"a": {"defaultVariant": "off"}, "b": {"variants": {"x": "x", "y": "y"}, "defaultVariant": "x"}},
    "overrides": {"customer": {"c-1": {"b": "y"}}},
    "kill": {"a": "off"},
}


def served(*layers: Layer) -> tuple[Snapshot, list[Layer]]:
    return compose(layers), list(layers)


def test_what_did_not_change_is_the_very_object_that_it_was() -> None:
    file, admin = layer_of(BENEATH, "file"), layer_of({"overrides": {"customer": {"c-2": {"a": "on"}}}})
    before, layers = served(file, admin)
    found = recompose(before, layers, [file, layer_of({"overrides": {"customer": {"c-3": {"a": "on"}}}})])
    assert found is not None
    old, new = before.flag_sets[""], found.snapshot.flag_sets[""]
    assert new.flags is old.flags
    assert new.kills is old.kills
    assert new.overrides["b"] is old.overrides["b"]
    assert {*new.overrides["a"]["customer"]} == {"c-3"}


def test_an_override_that_a_changed_flag_strands_is_inactive_and_active_again_with_the_flag() -> None:
    file, none = layer_of(BENEATH, "file"), layer_of({})
    before, layers = served(file, none)
    flags = {"flags": {"b": {"variants": {"x": "x"}, "defaultVariant": "x"}}}
    narrowed = layer_of(flags)
    stranded = recompose(before, layers, [file, narrowed])
    assert stranded is not None
    assert [(each.level, each.scope, each.flag_key) for each in stranded.snapshot.inactive] == [
        ("customer", "c-1", "b")
    ]
    assert "b" not in stranded.snapshot.flag_sets[""].overrides
    back = recompose(stranded.snapshot, [file, narrowed], [file, none])
    assert back is not None
    assert back.snapshot == before


def test_a_kill_that_is_revived_above_is_gone_and_uncovered_without_that() -> None:
    file, none, revived = layer_of(BENEATH, "file"), layer_of({}), layer_of({"kill": {"a": {"revive": True}}})
    before, layers = served(file, none)
    alive = recompose(before, layers, [file, revived])
    assert alive is not None
    assert not alive.snapshot.flag_sets[""].kills
    back = recompose(alive.snapshot, [file, revived], layers)
    assert back is not None
    assert back.snapshot == before


def test_a_kill_that_a_changed_flag_strands_is_inactive_and_effective_again_with_the_flag() -> None:
    killed = {**BENEATH, "kill": {"b": "y"}}
    file, none = layer_of(killed, "file"), layer_of({})
    before, layers = served(file, none)
    narrowed = layer_of({"flags": {"b": {"variants": {"x": "x"}, "defaultVariant": "x"}}})
    stranded = recompose(before, layers, [file, narrowed])
    assert stranded is not None
    assert inactive(stranded.snapshot) == inactive(compose([file, narrowed]))
    assert not stranded.snapshot.flag_sets[""].kills
    back = recompose(stranded.snapshot, [file, narrowed], layers)
    assert back is not None
    assert back.snapshot == before


@pytest.mark.parametrize(
    "definitions",
    [
        (Definition(hierarchy=()),),
        (Definition(fractional_version=1),),
        (Definition(metadata={"version": "2"}),),
        (Definition("other"),),
        (Definition(), Definition("other")),
    ],
    ids=["hierarchy", "fractional version", "metadata", "another set", "one more set"],
)
def test_layers_that_differ_as_wholes_are_not_recomposed(definitions: tuple[Definition, ...]) -> None:
    file, admin = layer_of(BENEATH, "file"), Layer("admin", (Definition(),))
    before, layers = served(file, admin)
    assert recompose(before, layers, [file, Layer("admin", definitions)]) is None


def test_a_layer_more_or_less_is_not_recomposed() -> None:
    file, admin = layer_of(BENEATH, "file"), Layer("admin", (Definition(),))
    before, layers = served(file, admin)
    assert recompose(before, layers, [file]) is None
    assert recompose(before, layers, [admin, file]) is None


def test_what_is_inactive_elsewhere_stays_so() -> None:
    lost = {"flags": {}, "overrides": {"customer": {"c-1": {"gone": "on"}}}}
    file, admin = layer_of(BENEATH, "file"), layer_of({"overrides": {"customer": {"c-2": {"a": "on"}}}})
    layers = [file, Layer("lost", _unchecked(lost)), admin]
    before = compose(layers)
    found = recompose(before, layers, [*layers[:2], Layer("admin", (Definition(),))])
    assert found is not None
    assert found.snapshot.inactive == before.inactive
    assert all(isinstance(each, Inactive) for each in found.snapshot.inactive)


def _unchecked(document: Mapping[str, Any]) -> tuple[Definition, ...]:
    """The overrides of a document, as a layer has them whose flags another one has no more."""
    [definition] = layer_of({**document, "flags": {"gone": {"defaultVariant": "off"}}}).definitions
    return (replace(definition, flags={}),)
