"""What a caller is told, with kinds kept apart, and the two ways our own engine comes to it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from random import Random
from typing import Any

from burgee import Resolution, Snapshot, compose, evaluate, evaluate_all, read
from burgee.bucket import FractionalVersion
from burgee.evaluation import interpret
from burgee.layer import Layer
from burgee.selector import ANY

FIXED: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"environment": "production"},
    {"plan": "pro", "seats": 1, "beta": True},
)
"""Attributes that a daemon fixes, one of which a drawn snapshot gets."""


def kinds(value: Any) -> Any:
    """A value in which ``1``, ``1.0``, ``True`` and ``"1"`` are four; the order of keys does not count."""
    if isinstance(value, Mapping):
        return ("object", sorted((key, kinds(each)) for key, each in value.items()))
    if isinstance(value, list | tuple):
        return ("list", [kinds(each) for each in value])
    return (type(value).__name__, repr(value))


def told(resolution: Resolution) -> tuple[Any, ...]:
    """Value, variant, reason, error code, words and metadata of an answer."""
    value = kinds(resolution.value) if resolution.has_value else None
    code = resolution.error_code and str(resolution.error_code)
    words, metadata = resolution.error_message, kinds(resolution.metadata)
    return value, resolution.variant, str(resolution.reason), code, words, metadata, resolution.flag_type


def snapshot_of(document: Any, fixed: Mapping[str, Any] | None = None, fractional: int = 2) -> Snapshot:
    """A document, read and composed."""
    version: FractionalVersion = 3 if fractional == 3 else 2
    return compose([Layer("s", (read(document),))], fixed=fixed, fractional_version=version)


def disagreements(snapshot: Snapshot, flag_key: str, context: Mapping[str, Any], now: float) -> list[Any]:
    """The compiled and the interpreted answer where they are not the same, nothing where they are."""
    compiled = told(evaluate(snapshot, flag_key, context, now=now))
    interpreted = told(interpret(snapshot, flag_key, context, now, ANY, None))
    return [] if compiled == interpreted else [compiled, interpreted]


def bulk_disagreements(snapshot: Snapshot, context: Mapping[str, Any], now: float) -> list[Any]:
    """The answers of a bulk evaluation that single ones do not give."""
    bulk = [told(each) for each in evaluate_all(snapshot, context, now=now)]
    single = [
        told(evaluate(snapshot, each.flag_key, context, now=now))
        for each in evaluate_all(snapshot, context, now=now)
    ]
    return [pair for pair in zip(bulk, single, strict=True) if pair[0] != pair[1]]


def seeded(default: int | None = None) -> tuple[int, Random]:
    """A seed and a Random made of it: ``BURGEE_SEED``, the default, or a new one that a test prints."""
    seed = int(os.environ.get("BURGEE_SEED", default or Random().randrange(1, 2**32)))
    return seed, Random(seed)


def count(name: str, default: int) -> int:
    """How many of something a long run tries: the environment variable ``name``, or a default."""
    return int(os.environ.get(name, default))
