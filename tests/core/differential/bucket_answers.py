"""Prints answers that depend on buckets and on the order of sets, for other processes and other Pythons."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from burgee import compose, evaluate, read
from burgee.bucket import bucket
from burgee.layer import Layer

SHARES: dict[str, Any] = {"a": 1, "b": 2, "ä": 3, "Z": 4}
DOCUMENT: dict[str, Any] = {
    "flags": {
        "split": {"variants": SHARES, "rules": [{"split": {"a": 25, "b": 25, "ä": 25, "Z": 25}}]},
        "seeded": {"variants": SHARES, "rules": [{"split": {"a": 1, "ä": 2}, "seed": "☂"}]},
        "ramp": {
            "rules": [
                {
                    "when": {"country": ["SE", "NO", "DK"]},
                    "ramp": {
                        "variant": "on",
                        "start": "2026-01-01T00:00:00Z",
                        "complete": "2027-01-01T00:00:00Z",
                    },
                }
            ]
        },
        "fractional": {
            "variants": SHARES,
            "targeting": {"fractional": [["a", 10], ["b", 20], ["ä", 30], ["Z", 40]]},
        },
        "by": {"variants": SHARES, "targeting": {"fractional": [{"var": "unit"}, ["a", 1], ["b", 1]]}},
    }
}
UNITS: tuple[Any, ...] = ("u", "Åsa", 7, 7.0, 0.1, True, {"b": 1, "a": [1.5, None]}, 2**40, -1)


def main(vectors: Path) -> None:
    """Print one JSON object: a digest of each kind of answer, and the buckets that the vectors ask for."""
    content = json.loads(vectors.read_text(encoding="utf-8"))["buckets"]
    found: dict[str, Any] = {
        "wrong": [
            each for each in content if bucket(each["seed"], each["key"], each["total"]) != each["bucket"]
        ],
        "vectors": len(content),
    }
    for version in (2, 3):
        snapshot = compose([Layer("s", (read({**DOCUMENT, "fractionalVersion": version}),))])
        answers = []
        for number in range(400):
            unit = UNITS[number % len(UNITS)]
            context = {"targetingKey": f"user-{number}☂", "country": ("SE", "US")[number % 2], "unit": unit}
            answers += [
                (key, answer.variant, str(answer.reason), answer.metadata.get("burgee.rule"))
                for key in DOCUMENT["flags"]
                for answer in [evaluate(snapshot, key, context, now=1_790_000_000.0)]
            ]
        found[f"fractional {version}"] = hashlib.sha256(json.dumps(answers).encode()).hexdigest()
    print(json.dumps(found, sort_keys=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
