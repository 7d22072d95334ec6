"""What the tests of the server share."""

from __future__ import annotations

import pytest

DEFINITION = {
    "metadata": {"flagSetId": "shop", "version": "7"},
    "flags": {
        "static": {"defaultVariant": "on"},
        "text": {"variants": {"a": "A", "b": "B"}, "defaultVariant": "a"},
        "whole": {"variants": {"ten": 10}, "defaultVariant": "ten"},
        "broken": {"variants": {"ten": 10.0, "half": 0.5}, "defaultVariant": "ten"},
        "object": {"variants": {"o": {"deep": {"list": [1, 2.0, "x", None, True]}}}, "defaultVariant": "o"},
        "disabled": {"state": "DISABLED", "defaultVariant": "on"},
        "no-default": {"variants": {"on": True, "off": False}},
        "split": {"defaultVariant": "off", "rules": [{"split": {"on": 50, "off": 50}}]},
        "targeted": {"defaultVariant": "off", "rules": [{"when": {"plan": "pro", "é t": 1}, "serve": "on"}]},
        "edged": {
            "defaultVariant": "off",
            "rules": [
                {"serve": "on", "from": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"},
            ],
        },
        "a/b": {"variants": {"x": "slashed"}, "defaultVariant": "x"},
        "..": {"variants": {"x": "dots"}, "defaultVariant": "x"},
        "ключ ?#%2F+": {"variants": {"x": "unusual"}, "defaultVariant": "x"},
    },
    "overrides": {"customer": {"c-1": {"static": "off"}}},
}


@pytest.fixture(params=["unix", "tcp"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)
