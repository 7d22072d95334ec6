"""Mutations of documents that know their structure: what comes out is often nearly valid."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from burgee.expression import OPERATORS
from burgee.fault import Path

STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**400, 1e308, -0.0, 0.5, float("nan"),
    float("inf"), "", " ", "\x00", "\ud800", "\u202e", "e\u0301", "K0", "get", "__import__('os')", "${x}",
    "a" * 300, "x" * 70_000, "2026-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999+23:59", "(a+)+$", "[",
    "10.0.0.0/8", ">=1.0.0 <", "EU", [], {}, [[]], {"": ""}, [None], {"$ref": "isStaff"}, {"var": ""},
    {"all": []}, {"not": {}},
)  # fmt: skip
WORDS = (
    *OPERATORS, "$ref", "serve", "split", "ramp", "when", "by", "seed", "all", "any", "not", "segment",
    "attribute", "is", "in", "matches", "semver", "ip_in", "in_region", "before", "lock", "patch", "value",
    "variant", "rules", "state", "targeting", "requires", "leaves", "metadata", "flagSetId", "from", "until",
    "key", "on", "off", "fractionalVersion",
)  # fmt: skip
GROWTH = 12
"""How deep a mutation nests a value at once."""


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of everything inside a value."""
    waiting: list[tuple[Any, Path]] = [(value, path)]
    while waiting:
        current, at = waiting.pop()
        if at:
            yield at
        if isinstance(current, dict):
            waiting.extend((each, (*at, key)) for key, each in current.items())
        elif isinstance(current, list):
            waiting.extend((each, (*at, index)) for index, each in enumerate(current))


def copied(value: Any) -> Any:
    """A copy whose parts can be changed."""
    if isinstance(value, dict):
        return {key: copied(each) for key, each in value.items()}
    return [copied(each) for each in value] if isinstance(value, list) else value


def mutated(document: Any, random: Random) -> Any:
    """The document with one to four changes."""
    changed = copied(document)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        paths = list(places(changed))
        if not paths:
            return random.choice(STRANGE)
        _change(changed, random.choice(paths), paths, random)
    return changed


def _change(document: Any, path: Path, paths: list[Path], random: Random) -> None:
    parent, step = _at(document, path[:-1]), path[-1]
    value = parent[step]
    match random.randrange(9):
        case 0:
            del parent[step]
        case 1 | 2:
            parent[step] = copied(random.choice(STRANGE))
        case 3:
            parent[step] = copied(_at(document, random.choice(paths)))
        case 4:
            other = random.choice(paths)
            beside, where = _at(document, other[:-1]), other[-1]
            if path[: len(other)] != other and other[: len(path)] != path:
                parent[step], beside[where] = beside[where], value
        case 5 if isinstance(parent, dict):
            del parent[step]
            parent[random.choice([*WORDS, random.choice(paths)[-1], *_texts(random)])] = value
        case 6:
            parent[step] = _deepened(value, random)
        case 7 if isinstance(parent, list):
            parent.extend([copied(value) for _ in range(random.choice([1, 2, 40]))])
        case 7:
            parent[random.choice(WORDS)] = copied(value)
        case _:
            parent[step] = _retyped(value, random)


def _at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def _texts(random: Random) -> list[str]:
    return [random.choice([each for each in STRANGE if isinstance(each, str)])]


def _deepened(value: Any, random: Random) -> Any:
    word = random.choice(["!", "not", "all", "any", "if", "and", "cat", "var", "merge", "when"])
    for _ in range(random.choice([1, 2, GROWTH, 70])):
        value = {word: [value]} if random.randrange(2) else {word: value}
    return value


def _retyped(value: Any, random: Random) -> Any:
    match value:
        case bool():
            return random.choice([str(value).lower(), int(value), [value]])
        case int() | float():
            return random.choice([str(value)[:100], -value, [value], value * 10**18, bool(value)])
        case str():
            return random.choice(
                [[value], value.upper(), value + "\x07", value * 3, {value: value}, len(value)]
            )
        case list():
            return random.choice(
                [{str(index): each for index, each in enumerate(value)}, value[:1], value[::-1]]
            )
        case dict():
            return random.choice(
                [list(value), list(value.values()), dict(reversed(value.items())), str(len(value))]
            )
    return random.choice([0, "", [], {}])
