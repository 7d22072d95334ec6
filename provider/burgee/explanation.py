"""Why an answer is what it is: each rung of the ladder in order, what it said, and which one decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from burgee.context import Context
from burgee.evaluation import interpret
from burgee.fault import path_text
from burgee.flag import Origin
from burgee.resolution import Resolution
from burgee.selector import ANY, Selector
from burgee.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Rung:
    """What one rung said.

    Attributes:
        name: ``flag``, ``kill``, ``requires``, ``lock <level>``, a level, ``rule <name>``,
            ``default``, ``patch``.
        outcome: ``answers``, ``passes``, ``remembered``, ``dropped`` or ``applied``.
        detail: for a person.
        origin: where that was defined, None where nothing was.
        winner: whether this rung decided.
    """

    name: str
    outcome: str
    detail: str
    origin: Origin | None = None
    winner: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """An answer and the rungs that led to it, in the order they were asked."""

    resolution: Resolution
    rungs: tuple[Rung, ...]


def explain(
    snapshot: Snapshot, flag_key: str, context: Context, *, now: float, selector: Selector = ANY
) -> Explanation:
    """Evaluate as :func:`burgee.evaluation.evaluate` does, and keep what each rung said."""
    rungs: list[Rung] = []

    def tell(name: str, outcome: str, detail: str, origin: Origin | None, decided: bool) -> None:
        rungs.append(Rung(name, outcome, detail, origin, decided))

    resolution = interpret(snapshot, flag_key, context, now, selector, tell)
    return Explanation(resolution, tuple(rungs))


def explanation_document(
    explanation: Explanation, positions: Mapping[Origin, tuple[int, int]] | None = None
) -> dict[str, Any]:
    """Write an explanation as JSON-ready data.

    Args:
        positions: (line, column) of origins, both from 1, where they could be found.
    """
    resolution = explanation.resolution
    answer: dict[str, Any] = {"key": resolution.flag_key, "reason": str(resolution.reason)}
    if resolution.has_value:
        answer["value"] = resolution.value
    if resolution.variant is not None:
        answer["variant"] = resolution.variant
    if resolution.error_code is not None:
        answer |= {"errorCode": str(resolution.error_code), "errorDetails": resolution.error_message}
    answer["metadata"] = dict(resolution.metadata)
    return {"answer": answer, "rungs": [_rung_document(rung, positions or {}) for rung in explanation.rungs]}


def _rung_document(rung: Rung, positions: Mapping[Origin, tuple[int, int]]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": rung.name,
        "outcome": rung.outcome,
        "detail": rung.detail,
        "winner": rung.winner,
    }
    if rung.origin is not None:
        origin: dict[str, Any] = {"source": rung.origin.source, "path": path_text(rung.origin.path)}
        if rung.origin.file is not None:
            origin["file"] = rung.origin.file
        if rung.origin in positions:
            origin["line"], origin["column"] = positions[rung.origin]
        document["origin"] = origin
    return document
