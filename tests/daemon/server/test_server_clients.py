"""OpenFeature's own OFREP client against the server, for every kind of answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import FlagNotFoundError, TargetingKeyMissingError, TypeMismatchError
from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import serving


async def ask(tmp_path: Path, question: Callable[[OFREPProvider], Any]) -> Any:
    """Ask in a thread what the blocking client is asked."""
    async with serving(tmp_path, DEFINITION) as server:
        provider = OFREPProvider(f"http://127.0.0.1:{server.tcp.where}")
        return await asyncio.to_thread(question, provider)


@pytest.mark.parametrize(
    ("method", "key", "default", "value"),
    [
        ("resolve_boolean_details", "static", False, True),
        ("resolve_string_details", "text", "z", "A"),
        ("resolve_integer_details", "whole", 0, 10),
        ("resolve_float_details", "broken", 0.1, 10.0),
        ("resolve_object_details", "object", {}, DEFINITION["flags"]["object"]["variants"]["o"]),
    ],
)
async def test_every_type_comes_through(
    tmp_path: Path, method: str, key: str, default: Any, value: Any
) -> None:
    details = await ask(tmp_path, lambda provider: getattr(provider, method)(key, default))
    assert details.value == value
    assert type(details.value) is type(value)
    assert details.reason == "STATIC" or key == "static"
    assert details.flag_metadata["burgee.source"] == "default"


async def test_a_disabled_flag_is_the_caller_s_default(tmp_path: Path) -> None:
    details = await ask(tmp_path, lambda provider: provider.resolve_boolean_details("disabled", True))
    assert (details.value, details.reason) == (True, "DISABLED")


async def test_the_context_arrives(tmp_path: Path) -> None:
    context = EvaluationContext("u", {"customer": "c-1"})
    details = await ask(tmp_path, lambda provider: provider.resolve_boolean_details("static", True, context))
    assert (details.value, details.reason, details.variant) == (False, "TARGETING_MATCH", "off")


@pytest.mark.parametrize(
    ("key", "error"),
    [("unknown", FlagNotFoundError), ("text", TypeMismatchError), ("split", TargetingKeyMissingError)],
)
async def test_errors_are_the_client_s_own(tmp_path: Path, key: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await ask(tmp_path, lambda provider: provider.resolve_boolean_details(key, False))
