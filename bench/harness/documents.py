"""Definitions to measure with: believable mixtures of flags, the same ones in every run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

ASKED = "new-checkout"
"""The boolean flag that single evaluations ask for: an override of the organization decides it."""

SAVED = "release-name"
"""The string flag whose value a save changes."""

PLACEHOLDER = "save-000000"
"""The value of :data:`SAVED`; saves put another one of the same length in its place."""

CONTEXT: Mapping[str, str | int | bool] = {
    "customer": "c-42",
    "organization": "acme",
    "environment": "production",
    "email": "ada@example.com",
    "plan": "pro",
    "country": "SE",
}
"""The attributes of whoever asks; the targeting key comes on top."""


def definition(count: int) -> dict[str, Any]:
    """A definition of ``count`` flags (at least 2), with rules, splits and overrides of every level."""
    flags: dict[str, Any] = {
        ASKED: {
            "description": "The checkout on one page.",
            "defaultVariant": "off",
            "rules": [
                {"name": "staff", "when": {"email": {"ends_with": "@burgee.example"}}, "serve": "on"},
                {"when": {"plan": "pro", "segment": "nordic"}, "split": {"on": 25, "off": 75}},
            ],
        },
        SAVED: {"variants": {"current": PLACEHOLDER}, "defaultVariant": "current"},
    }
    environment: dict[str, Any] = {}
    organization: dict[str, Any] = {ASKED: "on"}
    customer: dict[str, Any] = {}
    for number in range(count - len(flags)):
        key = f"feature-{number:05d}"
        flags[key] = _flag(number)
        if number % 5 == 0:
            environment[key] = _variant(number)
        if number % 7 == 0:
            organization[key] = _variant(number)
        if number % 11 == 0:
            customer[key] = _variant(number)
    return {
        "metadata": {"flagSetId": "bench", "version": "1"},
        "segments": {"nordic": {"country": {"in": ["SE", "NO", "DK", "FI", "IS"]}}},
        "flags": flags,
        "overrides": {
            "environment": {"production": environment, "staging": {ASKED: "on"}},
            "organization": {"acme": organization},
            "customer": {"c-42": customer},
        },
    }


def rendered(document: Mapping[str, Any], suffix: str) -> bytes:
    """The document as the bytes of a file whose name ends in ``suffix``: ``json`` or ``yaml``."""
    if suffix == "json":
        return json.dumps(document, indent=2).encode()
    written: bytes = yaml.dump(dict(document), Dumper=yaml.CSafeDumper, sort_keys=False, encoding="utf-8")
    return written


def _flag(number: int) -> dict[str, Any]:
    match number % 5:
        case 0:
            return {"description": f"Switch number {number}.", "defaultVariant": "off"}
        case 1:
            when = {"email": {"ends_with": "@example.com"}, "plan": "pro"}
            return {"defaultVariant": "off", "rules": [{"name": "pro staff", "when": when, "serve": "on"}]}
        case 2:
            split = {"on": 25 + number % 50, "off": 75 - number % 50}
            return {"defaultVariant": "off", "rules": [{"when": {"segment": "nordic"}, "split": split}]}
        case 3:
            return {"variants": {"small": 25, "large": 500 + number}, "defaultVariant": "small"}
    tuning = {"limit": number, "retry": {"attempts": 3, "pause": 0.5}, "hosts": ["a", "b"]}
    return {"variants": {"usual": tuning, "off": {"limit": 0}}, "defaultVariant": "usual"}


def _variant(number: int) -> str:
    return {3: "large", 4: "off"}.get(number % 5, "on")
