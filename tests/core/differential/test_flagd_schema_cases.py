"""The cases beside flagd's schemas: those under ``positive`` are read, those under ``negative`` refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from burgee import DefinitionError, evaluate_all, read
from tests.core.differential.comparison import snapshot_of
from tests.support.daemon import REPOSITORY
from tests.support.targeting_contexts import NOON

PLACE = REPOSITORY.parent / "shared" / "data" / "flagd-schemas" / "test"
CASES = PLACE if PLACE.is_dir() else None

PUBLISHED = "https://flagd.dev/schema/v0/"
"""Where the folder that the cases stand in is published: relative names of schemas start there."""


def cases(verdict: str) -> list[Any]:
    if CASES is None:
        return [pytest.param(None, marks=pytest.mark.skip(f"flagd's schema cases are not in {PLACE}"))]
    found = {path.relative_to(CASES).as_posix(): path for path in sorted(CASES.rglob(f"{verdict}/*.json"))}
    return [pytest.param(path, id=name) for name, path in found.items()]


def references_in(logic: Any) -> set[str]:
    if isinstance(logic, dict):
        return {logic["$ref"]} if "$ref" in logic else set().union(*map(references_in, logic.values()))
    return set().union(*map(references_in, logic)) if isinstance(logic, list) else set()


def document_of(path: Path) -> Any:
    """The document of a case; targeting by itself is put into a flag, beside the evaluators it names."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if path.parent.parent.name != "targeting":
        assert CASES is not None
        place = urljoin(PUBLISHED, f"test/{path.relative_to(CASES).as_posix()}")
        return {**content, "$schema": urljoin(place, content["$schema"])}
    targeting = {name: each for name, each in content.items() if name != "$schema"}
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "targeting": targeting}
    return {"$evaluators": {name: {"var": "env"} for name in references_in(targeting)}, "flags": {"f": flag}}


@pytest.mark.parametrize("path", cases("positive"))
def test_what_flagds_schema_takes_is_read_and_evaluated(path: Path) -> None:
    snapshot = snapshot_of(document_of(path))
    answers = evaluate_all(snapshot, {"targetingKey": "u-1"}, now=NOON)
    assert {answer.flag_key for answer in answers} == {
        key for flag_set in snapshot.flag_sets.values() for key in flag_set.flags
    }
    assert answers


@pytest.mark.parametrize("path", cases("negative"))
def test_what_flagds_schema_refuses_is_refused_with_a_place(path: Path) -> None:
    with pytest.raises(DefinitionError) as caught:
        read(document_of(path))
    assert [fault for fault in caught.value.faults if fault.severity == "error" and fault.path]
