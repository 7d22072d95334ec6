"""Whole flags by our engine and by a peer, and what parts them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from types import MappingProxyType
from typing import Any

from burgee import Resolution, Snapshot, evaluate
from tests.core.differential.comparison import snapshot_of
from tests.core.differential.peers import Peer, Question, encoded, same
from tests.core.differential.replay import Parting, evaluated, partings
from tests.support.targeting_contexts import NOON
from tests.support.targeting_strategies import Grammar

CONTEXTS = 4
SHOWN_EVERY = 10_000
"""Pairs after which a comparison prints how far it is."""
_AROUND = frozenset(("if", "and", "or", "!", "!!", "map", "filter", "all", "none", "some", "reduce"))
"""Operators that an engine compiles together with what stands inside them."""


@dataclass(frozen=True)
class Difference:
    """One way in which a peer differs, and why ours is right.

    Attributes:
        example: logic and data that show it.
        applies: whether it is what parts the two on an expression.
    """

    name: str
    why: str
    example: tuple[Any, Any]
    applies: Callable[[Parting], bool]


@dataclass
class Compared:
    """What a comparison came to.

    Attributes:
        pairs: how many answers were compared.
        equal: how many were the same.
        named: how many answers each known difference parted.
        unknown: answers that no known difference explains, in words.
    """

    pairs: int = 0
    equal: int = 0
    named: Counter[str] = field(default_factory=Counter)
    unknown: list[str] = field(default_factory=list)


def compare(
    peer: Peer, random: Random, pairs: int, differences: Sequence[Difference], *, fractional: int,
    refusals: Mapping[str, Callable[[Any, str], bool]] = MappingProxyType({}), judge: Peer | None = None,
) -> Compared:  # fmt: skip
    """Compare answers to drawn documents and contexts until there are ``pairs``, or ten that nobody explains.

    Args:
        refusals: by name, why the peer refuses a document that we take: (document, its words).
        judge: a peer with json-logic-js beside it.
    """
    compared, shown = Compared(), 0
    while compared.pairs < pairs and len(compared.unknown) < 10:
        grammar = Grammar(random)
        document = grammar.document()
        snapshot = snapshot_of(document, fractional=fractional)
        flag_set = next(iter(snapshot.flag_sets.values()))
        questions = [
            Question(key, str(flag_set.flags[key].flag_type), context)
            for key in document["flags"]
            for context in [grammar.context() for _ in range(CONTEXTS)]
        ]
        answers = peer.flags(document, questions, NOON)
        if isinstance(answers, str):
            names = [name for name, applies in refusals.items() if applies(document, answers)]
            if names:
                compared.named[names[0]] += 1
                continue
            compared.unknown.append(f"refused: {answers}: {json.dumps(document)}")
            continue
        for question, answer in zip(questions, answers, strict=True):
            _compare_one(compared, (peer, judge), snapshot, document, question, answer, differences)
        if compared.pairs // SHOWN_EVERY > shown:
            shown = compared.pairs // SHOWN_EVERY
            print(f"{peer.name}: {compared.pairs} of {pairs} pairs, {compared.equal} equal", flush=True)
    return compared


def _compare_one(
    compared: Compared, peers: tuple[Peer, Peer | None], snapshot: Snapshot, document: Any,
    question: Question, answer: Mapping[str, Any], differences: Sequence[Difference],
) -> None:  # fmt: skip
    flag_set = next(iter(snapshot.flag_sets.values()))
    resolution = evaluate(snapshot, question.flag_key, question.context, now=NOON)
    compared.pairs += 1
    if agree(resolution, answer):
        compared.equal += 1
        return
    targeting = flag_set.flags[question.flag_key].targeting
    nodes = (
        [] if targeting is None else evaluated(flag_set, question.flag_key, targeting, question.context, NOON)
    )
    parted = partings(nodes, question.flag_key, peers[0], NOON, peers[1])
    if nodes and not parted:
        parted = [Parting(None, None, "result", (nodes[0].result,), {}, answer)]
    names = {name_of(each, differences) for each in parted} or {None}
    if None not in names:
        compared.named.update(name for name in names if name is not None)
        return
    strange = [each for each in parted if name_of(each, differences) is None]
    compared.unknown.append(
        f"{question.flag_key} of {json.dumps(document)} for {json.dumps(question.context)}: "
        f"ours {resolution}, theirs {answer}; parted by "
        + "; ".join(
            f"{each.operator} {each.operands!r}: {each.ours} {each.theirs} {each.reference}"
            for each in strange
        )
    )


def name_of(parting: Parting, differences: Sequence[Difference]) -> str | None:
    """The name of the difference that explains an operation; None where ours is wrong or nobody knows why."""
    if parting.reference is not None and not same(parting.ours, parting.reference):
        return None
    seen = [parting]
    if parting.operator in _AROUND:
        seen += [
            replace(parting, operator=operator, operands=operands) for operator, operands in parting.nested
        ]
    return next((each.name for each in differences if any(map(each.applies, seen))), None)


def agree(resolution: Resolution, answer: Mapping[str, Any]) -> bool:
    """Whether value, variant, reason and error code are the same."""
    code = None if resolution.error_code is None else str(resolution.error_code)
    value = resolution.value if resolution.has_value else None
    return same(encoded(value), encoded(answer["value"])) and (
        resolution.variant,
        str(resolution.reason),
        code,
    ) == (answer["variant"], answer["reason"], answer["code"])
