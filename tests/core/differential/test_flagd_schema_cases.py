"""The cases beside flagd's schemas: those under ``positive`` are read, those under ``negative`` refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from burgee import DefinitionError, evaluate_all, read
from tests.core.differential.comparison import snapshot_of
from tests.support.daemon import REPOSITORY
from tests.support.targeting_contexts import NOON

FOLDER = Path("data") / "flagd-schemas" / "test"
PLACES = [REPOSITORY.parent / "shared" / FOLDER, Path("/work/shared") / FOLDER]
CASES = next((place for place in PLACES if place.is_dir()), None)

PROVIDERS_ONLY = ("flags/negative/with-array-flags.json",)
"""Refused by the schema of providers, taken by flagd's own (flagd/positive/with-array-flags.json)."""

OWN_LANGUAGE = ("flags/negative/malformed-flag.json", "flags/negative/missing-variants.json")
"""Refused by flagd for want of `state` or `variants`; in our language such a flag is on, with on and off."""


def cases(verdict: str) -> list[Any]:
    if CASES is None:
        looked = " and ".join(map(str, PLACES))
        return [pytest.param(None, marks=pytest.mark.skip(f"flagd's schema cases are in neither {looked}"))]
    found = {path.relative_to(CASES).as_posix(): path for path in sorted(CASES.rglob(f"{verdict}/*.json"))}
    return [
        pytest.param(path, id=name)
        for name, path in found.items()
        if name not in (*PROVIDERS_ONLY, *OWN_LANGUAGE)
    ]


def references_in(logic: Any) -> set[str]:
    if isinstance(logic, dict):
        return {logic["$ref"]} if "$ref" in logic else set().union(*map(references_in, logic.values()))
    return set().union(*map(references_in, logic)) if isinstance(logic, list) else set()


def document_of(path: Path) -> Any:
    """The document of a case; targeting by itself is put into a flag, beside the evaluators it names."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if path.parent.parent.name != "targeting":
        return content
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


@pytest.mark.parametrize("name", [*PROVIDERS_ONLY, *OWN_LANGUAGE])
def test_what_only_flagds_schema_for_providers_refuses_is_read(name: str) -> None:
    if CASES is None:
        pytest.skip("flagd's schema cases are not beside the repository")
    assert [flag_set.flags for flag_set in snapshot_of(document_of(CASES / name)).flag_sets.values()]
