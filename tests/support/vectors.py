"""The vectors of ``tests/vectors``: definitions, contexts and the answers that the language promises.

Their format is described in ``tests/vectors/README.md``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from burgee.resolution import Resolution

VECTORS = Path(__file__).parent.parent / "vectors"
LANGUAGE = Path(__file__).parent.parent.parent / "docs" / "definition.md"
NOON = "2026-11-20T12:00:00Z"
"""When a vector is evaluated that does not say."""

_RULE = re.compile(r"^- \*\*([A-Z]+\d+)\*\* ", re.MULTILINE)


@dataclass(frozen=True)
class Text:
    """A definition as the bytes of a file would say it."""

    file: str
    text: str


@dataclass(frozen=True)
class Expected:
    """What an answer has to be. A value is meant only where ``has_value``."""

    value: Any
    has_value: bool
    variant: str | None
    reason: str
    error_code: str | None
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class Vector:
    """One question and its answer.

    Attributes:
        file: the vector file's name without ``.json``.
        rules: ids of ``docs/definition.md``.
        now: seconds since the Unix epoch.
        selector: as ``Flagd-Selector`` has it; empty for none.
        vary: the attributes that the answer could depend on, ``*`` for no finite list; None where not stated.
    """

    file: str
    name: str
    rules: tuple[str, ...]
    flag: str
    flag_type: str
    context: Mapping[str, Any]
    now: float
    selector: str
    expected: Expected
    vary: frozenset[str] | None = None

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


@dataclass(frozen=True)
class VectorFile:
    """The vectors that share one set of layers.

    Attributes:
        layers: the lowest first; a parsed document, or a :class:`Text`.
        fixed: attributes that the daemon fixes.
    """

    name: str
    layers: tuple[Any, ...]
    fixed: Mapping[str, str | int | float | bool]
    vectors: tuple[Vector, ...]

    @property
    def has_text(self) -> bool:
        """Whether a layer has to be parsed from a file's text first."""
        return any(isinstance(layer, Text) for layer in self.layers)

    def write(self, folder: Path) -> list[Path]:
        """Write each layer to a file of its own in ``folder``; return their paths, the lowest layer first."""
        paths = []
        for number, layer in enumerate(self.layers):
            if isinstance(layer, Text):
                path = folder / f"{number}-{layer.file}"
                path.write_text(layer.text, encoding="utf-8")
            else:
                path = folder / f"{number}-layer.json"
                path.write_text(json.dumps(layer, ensure_ascii=False, indent=1), encoding="utf-8")
            paths.append(path)
        return paths


@dataclass(frozen=True)
class ExpectedFault:
    """A fault that has to be reported; ``at`` is None where either will do."""

    path: tuple[str | int, ...]
    at: str | None
    contains: tuple[str, ...]
    severity: str


@dataclass(frozen=True)
class Refusal:
    """A document and exactly the faults that it has."""

    file: str
    name: str
    rules: tuple[str, ...]
    document: Any
    faults: tuple[ExpectedFault, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


@dataclass(frozen=True)
class Bucket:
    """One result of the bucketing function."""

    seed: str
    key: str
    total: int
    bucket: int


@dataclass(frozen=True)
class TableRow:
    """One line of the ladder's truth table in ``docs/definition.md``."""

    environment: str
    organization: str
    own_rule: str
    answers: str
    reason: str
    source: str
    patched: str
    leaf: str


def truth_table() -> list[TableRow]:
    """The ladder's truth table of ``docs/definition.md``."""
    text = (
        LANGUAGE.read_text(encoding="utf-8")
        .partition("## The ladder as a truth table")[2]
        .partition("\n## ")[0]
    )
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [TableRow(*(cell.strip() for cell in line.strip("|").split("|"))) for line in lines[1:]]


def rule_ids() -> list[str]:
    """The ids of all rules of ``docs/definition.md``, in its order."""
    return _RULE.findall(LANGUAGE.read_text(encoding="utf-8"))


@cache
def vector_files() -> tuple[VectorFile, ...]:
    """All files of answers."""
    paths = sorted(path for path in VECTORS.glob("*.json") if path.stem != "buckets")
    return tuple(_vector_file(path) for path in paths)


def vectors() -> list[Vector]:
    """All vectors of all files."""
    return [vector for each in vector_files() for vector in each.vectors]


def buckets() -> list[Bucket]:
    """The vectors of the bucketing function."""
    return [Bucket(**each) for each in _parsed(VECTORS / "buckets.json")["buckets"]]


def bucket_rules() -> list[str]:
    """The rules that :func:`buckets` proves."""
    return list(_parsed(VECTORS / "buckets.json")["rule"])


@cache
def refusals() -> tuple[Refusal, ...]:
    """All documents that have to be refused, or warned about."""
    return tuple(
        _refusal(path.stem, entry)
        for path in sorted((VECTORS / "refused").glob("*.json"))
        for entry in _parsed(path)
    )


def seconds(instant: str) -> float:
    """RFC 3339 text as seconds since the Unix epoch, read apart from Burgee's own reader."""
    return datetime.fromisoformat(instant).timestamp()


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal, kinds included: ``1``, ``1.0`` and ``True`` are three values."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)


def disagreements(expected: Expected, answer: Resolution) -> list[str]:
    """What about an answer is not as expected; empty where all is."""
    pairs = [
        ("has a value", expected.has_value, answer.has_value),
        ("value", expected.value, answer.value if answer.has_value else None),
        ("variant", expected.variant, answer.variant),
        ("reason", expected.reason, str(answer.reason)),
        ("error code", expected.error_code, None if answer.error_code is None else str(answer.error_code)),
        ("metadata", dict(expected.metadata), dict(answer.metadata)),
    ]
    return [f"{what}: expected {want!r}, got {got!r}" for what, want, got in pairs if not same(want, got)]


def _parsed(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _vector_file(path: Path) -> VectorFile:
    content = _parsed(path)
    return VectorFile(
        path.stem,
        tuple(_layer(layer) for layer in content["layers"]),
        content.get("fixed", {}),
        tuple(_vector(path.stem, case) for case in content["cases"]),
    )


def _layer(layer: dict[str, Any]) -> Any:
    return Text(**layer) if layer.keys() == {"file", "text"} else layer


def _vector(file: str, case: dict[str, Any]) -> Vector:
    expected = case["expected"]
    return Vector(
        file,
        case["name"],
        tuple(case["rule"]),
        case["flag"],
        case["type"],
        case["context"],
        seconds(case.get("now", NOON)),
        case.get("selector", ""),
        Expected(
            expected.get("value"),
            "value" in expected,
            expected.get("variant"),
            expected["reason"],
            expected.get("errorCode"),
            expected["metadata"],
        ),
        frozenset(expected["vary"]) if "vary" in expected else None,
    )


def _refusal(file: str, entry: dict[str, Any]) -> Refusal:
    return Refusal(
        file,
        entry["name"],
        tuple(entry["rule"]),
        Text(entry["file"], entry["text"]) if "text" in entry else entry["document"],
        tuple(
            ExpectedFault(
                tuple(fault["path"]),
                fault.get("at"),
                tuple(fault.get("contains", ())),
                fault.get("severity", "error"),
            )
            for fault in entry["faults"]
        ),
    )
