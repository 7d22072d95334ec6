"""The admin layer that leads on from the last one is the one that is built of everything."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgeed.control.layer import AdminLayer
from burgeed.revisions.values import Document, Entry, EntryKey

OFF, FAULTY = {"variant": "off"}, {"teleport": True}
KEYS = (
    EntryKey("", "flag", "a"),
    EntryKey("", "kill", "a"),
    EntryKey("", "override", "a", "customer", "c-1"),
    EntryKey("", "override", "b", "customer", "c-2"),
    EntryKey("shop", "override", "a", "organization", "o-1"),
    EntryKey("shop", "flag", "b"),
)


def document_of(key: EntryKey, random: Random) -> Document:
    if random.random() < 0.1:
        return FAULTY
    if key.kind == "flag":
        return {"defaultVariant": random.choice(["on", "off"])}
    return {"variant": random.choice(["on", "off"])}


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_a_layer_that_leads_on_is_the_layer_of_everything(seed: int) -> None:
    random = Random(seed)
    layer, entries = AdminLayer(), dict[EntryKey, Entry]()
    layer.build(entries)
    for revision in range(1, 15):
        changed = random.sample(KEYS, random.randint(1, 3))
        entries = dict(entries)
        for key in changed:
            entries.pop(key, None)
            if random.random() < 0.7:
                entries[key] = Entry(key, document_of(key, random), revision)
        found = layer.change(entries, changed)
        fresh = AdminLayer()
        assert found == fresh.build(entries)
        assert layer.unreadable.keys() == fresh.unreadable.keys()


def test_what_has_not_changed_is_the_very_object_that_it_was() -> None:
    entries = {key: Entry(key, OFF, 1) for key in KEYS if key.kind == "override"}
    layer = AdminLayer()
    before = layer.build(entries)
    changed = KEYS[2]
    after = layer.change({**entries, changed: Entry(changed, {"variant": "on"}, 2)}, [changed])
    [one, other], [same, kept] = before.definitions, after.definitions
    assert kept is other
    assert same.overrides["customer", "c-2", "b"] is one.overrides["customer", "c-2", "b"]
    assert same.overrides["customer", "c-1", "a"] is not one.overrides["customer", "c-1", "a"]


def test_a_layer_that_was_handed_out_stays_as_it_is() -> None:
    entries = {key: Entry(key, OFF, 1) for key in KEYS if key.kind == "override"}
    layer = AdminLayer()
    before = layer.build(entries)
    overrides = dict(before.definitions[0].overrides)
    del entries[KEYS[2]]
    layer.change(entries, [KEYS[2]])
    assert before.definitions[0].overrides == overrides


def test_what_cannot_be_read_is_logged_once_and_served_again_when_it_can(
    caplog: pytest.LogCaptureFixture,
) -> None:
    layer, key = AdminLayer(), KEYS[2]
    layer.build({key: Entry(key, FAULTY, 1)})
    layer.change({key: Entry(key, FAULTY, 1)}, [key])
    assert ([*layer.unreadable], len(caplog.records)) == ([key], 1)
    [definition] = layer.change({key: Entry(key, OFF, 2)}, [key]).definitions
    assert (layer.unreadable, len(definition.overrides)) == ({}, 1)
