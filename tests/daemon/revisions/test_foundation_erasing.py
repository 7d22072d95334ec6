"""What sources once delivered, without a subject that it named."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from burgee.definition import SourceDocument, read_layer
from burgeed.revisions.foundation_erasing import attributes_in, without
from burgeed.revisions.foundations import Foundation, pack, unpack
from burgeed.revisions.naming import Subject

SUBJECT = Subject("customer", 'k"42', "erased-0f", attributes=frozenset({"account"}))
FLAGS: dict[str, Any] = {
    "hierarchy": [{"level": "customer", "attribute": "account"}],
    "flags": {"a": {"defaultVariant": "off", "owner": "anna"}, "b": {"defaultVariant": "off"}},
}
OTHERS = {"c-1": {"a": "on"}}
NAMING: dict[str, Any] = {
    **FLAGS,
    "segments": {"pilots": {"account": ["c-1", 'k"42']}},
    "overrides": {"customer": {'k"42': {"a": {"variant": "on", "note": "secret"}}, **OTHERS}},
    "kill": {"b": {"variant": "off", "note": 'k"42 asked'}},
}


def packed(document: dict[str, Any], file: str = "flags.yaml") -> bytes:
    layer, _ = read_layer("f", [SourceDocument(document, file)])
    return pack(Foundation((layer,), {"environment": "production"})).content


def test_its_overrides_go_and_its_name_elsewhere_is_the_pseudonym() -> None:
    content = packed(NAMING, 'customers/k"42/flags.yaml')
    assert attributes_in(content, "customer") == {"account"}
    found = without(content, SUBJECT)
    assert found is not None
    plain = zlib.decompress(found.content)
    assert b'k\\"42' not in plain and b"secret" not in plain
    foundation = unpack(found.content)
    [definition] = foundation.layers[0].definitions
    assert {(each.scope, each.flag_key) for each in definition.overrides.values()} == {("c-1", "a")}
    assert definition.kills["b"].notes.note == "erased-0f asked"
    assert "erased-0f" in str(definition.segments["pilots"].condition)
    assert definition.flags["a"].origin.file == "customers/erased-0f/flags.yaml"
    assert foundation.fixed == {"environment": "production"}
    assert without(found.content, SUBJECT) is None


def test_without_it_a_foundation_is_the_one_that_its_sources_deliver_once_they_leave_it_out() -> None:
    naming = {**FLAGS, "overrides": {"customer": {'k"42': {"a": "on"}, **OTHERS}}}
    layer, _ = read_layer("f", [SourceDocument({**FLAGS, "overrides": {"customer": OTHERS}}, "flags.yaml")])
    found = without(packed(naming), SUBJECT)
    expected = pack(Foundation((layer,), {"environment": "production"}))
    assert found is not None and (found.digest, found.content) == (expected.digest, expected.content)


def test_one_that_does_not_name_it_stays_as_it_is_and_a_damaged_one_is_told() -> None:
    assert without(packed(FLAGS), SUBJECT) is None
    # The name is within a text that means something else: a variant's value.
    flag = {"variants": {"on": 'k"42', "off": ""}, "defaultVariant": "off"}
    assert without(packed({"flags": {"a": flag}}), SUBJECT) is None
    with pytest.raises(ValueError, match="damaged"):
        without(b"xx", SUBJECT)
