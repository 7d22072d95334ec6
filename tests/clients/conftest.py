"""A daemon for clients that others wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import RunningDaemon, running_daemon

ODD_KEYS = ("a/b", "with space", "blåbær", "a+b", "a:b;c=d&e", "tilde~(paren)'", "ends/", "100%")
"""Keys that a client which does not encode them can still send."""

DEFINITION: dict[str, Any] = {
    "metadata": {"flagSetId": "clients", "version": "7"},
    "flags": {
        "boolean": {
            "variants": {"yes": True, "no": False},
            "defaultVariant": "yes",
            "metadata": {"team": "a"},
        },
        "string": {"variants": {"greeting": "grüß dich", "empty": ""}, "defaultVariant": "greeting"},
        "integer": {"variants": {"many": 9_007_199_254_740_991, "none": 0}, "defaultVariant": "many"},
        "float": {"variants": {"half": 0.5, "ten": 10.0}, "defaultVariant": "ten"},
        "object": {
            "variants": {"full": {"text": "x", "list": [1, 2.5, None, {"deep": True}], "whole": 3.0}},
            "defaultVariant": "full",
        },
        "disabled-boolean": {"state": "DISABLED", "defaultVariant": "on"},
        "disabled-string": {"state": "DISABLED", "variants": {"a": "a"}, "defaultVariant": "a"},
        "disabled-integer": {"state": "DISABLED", "variants": {"a": 1}, "defaultVariant": "a"},
        "disabled-float": {"state": "DISABLED", "variants": {"a": 1.5}, "defaultVariant": "a"},
        "disabled-object": {"state": "DISABLED", "variants": {"a": {"b": 1}}, "defaultVariant": "a"},
        "code-default": {"variants": {"a": "a"}},
        "targeted": {
            "defaultVariant": "off",
            "rules": [{"name": "adults", "when": {"age": {"gte": 18}}, "serve": "on"}],
        },
        "needs-key": {"defaultVariant": "off", "rules": [{"split": {"on": 1, "off": 1}}]},
        **{
            key: {"variants": {"itself": key, "other": "other"}, "defaultVariant": "itself"}
            for key in ODD_KEYS
        },
    },
    "overrides": {"organization": {"acme": {"boolean": "no"}}},
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """A daemon on DEFINITION, ready."""
    definition: Path = tmp_path_factory.mktemp("definition") / "flags.json"
    definition.write_text(json.dumps(DEFINITION))
    with running_daemon(tmp_path_factory.mktemp("run"), "--source", definition) as running:
        running.wait_ready()
        yield running
