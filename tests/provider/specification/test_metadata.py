"""Metadata: of the provider, of the client, and of flags, whatever was asked."""

from __future__ import annotations

from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider

from tests.provider.specification.conftest import Asking, own_metadata

OF_SET = {"flagSetId": "specification", "version": "7"}


def test_the_provider_has_a_name(provider: BurgeeProvider) -> None:
    assert provider.get_metadata().name == "burgee"
    assert api.get_provider_metadata().name == "burgee"


def test_a_client_knows_its_domain(provider: BurgeeProvider) -> None:
    assert api.get_client("billing").get_metadata().domain == "billing"


def test_a_flags_metadata_come_as_they_were_written(asking: Asking) -> None:
    written = {
        "text": "shop",
        "whole": 102,
        "part": 3.14,
        "yes": True,
        "no": False,
        "empty": "",
        "zero": 0,
    }
    metadata = own_metadata(asking.details("boolean", "with-metadata", False))
    assert metadata == OF_SET | written
    assert {key: type(metadata[key]) for key in written} == {
        key: type(value) for key, value in written.items()
    }


@pytest.mark.parametrize(
    ("flag_type", "flag_key", "default"),
    [
        ("boolean", "boolean", False),
        ("string", "string-disabled", "mine"),
        ("boolean", "code-default", False),
        ("string", "split", "mine"),
        ("integer", "boolean", 7),
        ("boolean", "no-such-flag", False),
        ("boolean", "", False),
        ("boolean", "x" * 300, False),
    ],
)
def test_metadata_are_a_mapping_of_texts_to_scalars_for_answers_and_errors_alike(
    asking: Asking, flag_type: str, flag_key: str, default: Any
) -> None:
    metadata = asking.details(flag_type, flag_key, default).flag_metadata
    assert isinstance(metadata, dict)
    assert all(isinstance(key, str) for key in metadata)
    assert all(isinstance(value, bool | int | float | str) for value in metadata.values())


def test_a_flag_without_metadata_of_its_own_has_its_sets(asking: Asking) -> None:
    assert own_metadata(asking.details("boolean", "boolean", False)) == OF_SET


def test_where_an_answer_came_from_is_in_its_metadata(asking: Asking) -> None:
    assert asking.details("boolean", "boolean", False).flag_metadata["burgee.source"] == "default"
