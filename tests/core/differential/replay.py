"""Every part of one evaluation as a question of its own, to find where two engines part.

A whole answer that differs is explained only once the innermost expressions are known that the peer computes
differently: their operators, and the values of their operands, on which the two still agreed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from burgee.errors import BurgeeError
from burgee.expression import Expression, ListOf, Literal, Operation, Variable
from burgee.reads import FLAGD
from burgee.snapshot import FlagSet
from burgee.targeting import Targeting
from tests.core.differential.peers import Peer, encoded, same

OWN = frozenset(("starts_with", "ends_with", "sem_ver", "fractional"))
"""Operators of flagd, which json-logic-js does not have."""

_NULL = {"plain": None}


@dataclass
class Node:
    """One expression that was evaluated.

    Attributes:
        data: what ``var`` saw.
        result: what ours gave.
        inside: the expressions that were evaluated for it.
    """

    expression: Expression
    data: Any
    result: Any = None
    inside: list[Node] = field(default_factory=list)

    @cached_property
    def key(self) -> str:
        """The same for the same expression on the same data."""
        return json.dumps([written(self.expression), encoded(self.data)], sort_keys=True)


@dataclass(frozen=True)
class Parting:
    """An expression that a peer computes differently though it agreed on all inside it.

    Attributes:
        operator: ``var`` and the like; ``result`` where engines part only over what the whole result names.
        operands: what ours computed inside it.
        nested: (operator, operands) of all operations inside it, which some engines compile differently.
        ours, theirs: results, encoded.
        reference: what json-logic-js gives; None where it has no such operator.
    """

    logic: Any
    data: Any
    operator: str
    operands: tuple[Any, ...]
    ours: Any
    theirs: Any
    reference: Any = None
    nested: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    @property
    def raised(self) -> bool:
        """Whether the peer gave no result at all."""
        return "raised" in self.theirs


@dataclass(slots=True)
class _Tracing(Targeting):
    top: list[Node] = field(default_factory=list)

    def value(self, expression: Expression, data: Any) -> Any:
        beside, node = self.top, Node(expression, data)
        beside.append(node)
        self.top = node.inside
        node.result = Targeting.value(self, expression, data)
        self.top = beside
        return node.result


def evaluated(
    flag_set: FlagSet, flag_key: str, expression: Expression, context: Any, now: float
) -> list[Node]:
    """The tree of one evaluation, and the constant parts beside it: some engines fold those first."""
    data = context
    if isinstance(context, Mapping):
        data = {**context, FLAGD: {"flagKey": flag_key, "timestamp": int(now)}}
    found = []
    for each, seen in [(expression, data), *((constant, {}) for constant in _constants(expression))]:
        tracing = _Tracing(
            flag_key,
            data if isinstance(data, Mapping) else {},
            flag_set.segments,
            flag_set.fractional_version,
        )
        try:
            tracing.value(each, seen)
        except BurgeeError:
            continue
        found += tracing.top
    return found


def _constants(expression: Expression) -> Iterator[Expression]:
    """Operations that read no data, the largest only."""
    match expression:
        case Operation(operator, operands):
            if operator not in ("var", "missing", "missing_some", "fractional") and all(
                map(_is_constant, operands)
            ):
                yield expression
            else:
                for operand in operands:
                    yield from _constants(operand)
        case ListOf(items):
            for item in items:
                yield from _constants(item)


def _is_constant(expression: Expression) -> bool:
    match expression:
        case Literal():
            return True
        case ListOf(parts):
            return all(map(_is_constant, parts))
        case Operation(operator, parts):
            return operator not in ("missing", "missing_some", "fractional", "var") and all(
                map(_is_constant, parts)
            )
    return False


def written(expression: Expression) -> Any:
    """An expression as JSONLogic."""
    match expression:
        case Literal(value):
            return value
        case ListOf(items):
            return [written(item) for item in items]
        case Variable(path, default):
            name = ".".join(path)
            return {"var": name if default == Literal(None) else [name, written(default)]}
        case Operation(operator, operands):
            return {operator: [written(operand) for operand in operands]}
    raise AssertionError(f"{expression} is not of JSONLogic")


def partings(
    nodes: Sequence[Node], flag_key: str, peer: Peer, now: float, judge: Peer | None = None
) -> list[Parting]:
    """The innermost expressions that the peer, or json-logic-js, computes differently.

    Args:
        judge: has json-logic-js beside it, where the peer has not.
    """
    flat: list[Node] = []
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        waiting.extend(node.inside)
        if isinstance(node.expression, Variable | Operation):
            flat.append(node)
    unique = {node.key: node for node in flat}
    requests = [_request(node, flag_key) for node in unique.values()]
    answers = peer.operations(requests, now)
    judged = answers if judge is None else judge.operations(requests, now)
    found = {}
    for node, answer, judgement in zip(unique.values(), answers, judged, strict=True):
        mine, theirs, reference = encoded(node.result), answer["peer"], judgement.get("reference")
        if not same(mine, theirs) or (reference is not None and not same(mine, reference)):
            found[node.key] = _parting(node, mine, theirs, reference)
    innermost = [each for key, each in found.items() if not _parts_inside(unique[key], found)]
    # A part that is folded before anything is evaluated parts every expression around it.
    texts = [json.dumps(each.logic) for each in innermost]
    return [
        each
        for each, text in zip(innermost, texts, strict=True)
        if not any(inner != text and inner in text for inner in texts)
    ]


def _parting(node: Node, ours: Any, theirs: Any, reference: Any) -> Parting:
    nested, waiting = [], list(node.inside)
    while waiting:
        each = waiting.pop()
        waiting.extend(each.inside)
        if isinstance(each.expression, Operation):
            nested.append(_step(each))
    return Parting(written(node.expression), node.data, *_step(node), ours, theirs, reference, tuple(nested))


def _step(node: Node) -> tuple[str, tuple[Any, ...]]:
    if isinstance(node.expression, Variable):
        default = node.expression.default
        return "var", (
            ".".join(node.expression.path),
            default.value if isinstance(default, Literal) else None,
        )
    operator = node.expression.operator if isinstance(node.expression, Operation) else "literal"
    return operator, tuple(each.result for each in node.inside)


def _parts_inside(node: Node, found: Mapping[str, Parting]) -> bool:
    return any(each.key in found or _parts_inside(each, found) for each in node.inside)


def _request(node: Node, flag_key: str) -> dict[str, Any]:
    logic = written(node.expression)
    return {"logic": logic, "data": encoded(node.data), "flagKey": flag_key, "reference": not has_own(logic)}


def has_own(logic: Any) -> bool:
    """Whether an operator of flagd's own stands anywhere in it."""
    if isinstance(logic, Mapping):
        return not OWN.isdisjoint(logic) or any(map(has_own, logic.values()))
    return isinstance(logic, list) and any(map(has_own, logic))
