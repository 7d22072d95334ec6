"""Large definitions are checked in seconds."""

from __future__ import annotations

import time
from typing import Any

import pytest

from burgee.checks import check
from tests.core.checks.checking import NOW, composed, serve


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(
            {
                "flags": {
                    f"f-{number}": {
                        "defaultVariant": "off",
                        "rules": [
                            serve("on", when={"email": {"ends_with": f"@{number}.example.com"}}),
                            serve("on", when={"any": [{"plan": "pro"}, {"seats": {"gte": number}}]}),
                            serve("off", when={"plan": "pro", "seats": number}),
                        ],
                    }
                    for number in range(5_000)
                },
                "overrides": {
                    "customer": {f"c-{n % 100}": {f"f-{n}": "off"} for n in range(5_000)},
                },
            },
            id="5,000 flags",
        ),
        pytest.param(
            {"flags": {"f": {"rules": [serve("on", when={"x": {"gte": -n}, "y": n}) for n in range(5000)]}}},
            id="5,000 rules",
        ),
        pytest.param(
            {
                "flags": {
                    "f": {
                        "rules": [
                            serve("on", when={"customer": [f"c-{each}" for each in range(n, 5000)]})
                            for n in range(40)
                        ]
                    }
                }
            },
            id="long lists",
        ),
        pytest.param(
            {
                "flags": {"f": {"variants": {"a": {"n": 1}}, "defaultVariant": "a"}},
                "overrides": {"customer": {f"c-{n}": {"f": {"patch": {"n": 1}}} for n in range(15_000)}},
            },
            id="15,000 overrides",
        ),
        pytest.param(
            {
                "segments": {
                    "s-0": {"any": [{"a": 1}, {"b": 1}]},
                    **{
                        f"s-{n}": {"all": [{"segment": f"s-{n - 1}"}, {"any": [{"segment": f"s-{n - 1}"}, {"c": n}]}]}  # noqa: E501
                        for n in range(1, 32)
                    },
                },
                "flags": {"f": {"rules": [serve("on", when={"segment": f"s-{n}"}) for n in range(32)]}},
            },
            id="segments that double",
        ),
    ],
)  # fmt: skip
def test_large_definitions_are_checked_in_seconds(document: Any) -> None:
    layers, snapshot = composed(document)
    started = time.process_time()
    check(layers, snapshot, now=NOW)
    assert time.process_time() - started < 8.0
