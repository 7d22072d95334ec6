"""Flags that read a country in every way there is, and one that reads none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_SWEDEN = {"if": [{"==": [{"var": "country"}, "SE"]}, "on", "off"]}

DEFINITION: dict[str, Any] = {
    "hierarchy": [
        {"level": "customer", "attribute": "customer"},
        {"level": "nation", "attribute": "country"},
    ],
    "segments": {"european": {"country": {"in_region": "EU"}}},
    "flags": {
        "rule": {"defaultVariant": "off", "rules": [{"when": {"country": "SE"}, "serve": "on"}]},
        "segment": {"defaultVariant": "off", "rules": [{"when": {"segment": "european"}, "serve": "on"}]},
        "absence": {
            "defaultVariant": "off",
            "rules": [{"when": {"country": {"exists": False}}, "serve": "on"}],
        },
        "both": {
            "defaultVariant": "off",
            "rules": [{"when": {"country": "DE", "ip": {"ip_in": ["85.0.0.0/8"]}}, "serve": "on"}],
        },
        "split": {
            "variants": {str(number): number for number in range(50)},
            "defaultVariant": "0",
            "rules": [{"split": {str(number): 1 for number in range(50)}, "by": "country"}],
        },
        "required": {"requires": {"rule": "on"}, "defaultVariant": "off", "rules": [{"serve": "on"}]},
        "level": {"defaultVariant": "off"},
        "targeting": {"variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": _SWEDEN},
        "computed": {
            "variants": {"on": True, "off": False},
            "defaultVariant": "off",
            "targeting": {"if": [{"==": [{"var": {"cat": ["coun", "try"]}}, "SE"]}, "on", "off"]},
        },
        "plan": {"defaultVariant": "off", "rules": [{"when": {"plan": "pro"}, "serve": "on"}]},
        "still": {"defaultVariant": "on"},
    },
    "overrides": {"nation": {"SE": {"level": "on"}}, "customer": {"c-1": {"level": "on"}}},
}

READ_A_COUNTRY = frozenset(DEFINITION["flags"]) - {"plan", "still"}
"""The flags whose answer the database could change."""


def write_definition(path: Path) -> Path:
    """The definition, as a file."""
    path.write_text(json.dumps(DEFINITION))
    return path
