"""The same questions to the core and to hand-written evaluators in the SDK's InMemoryProvider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mmh3
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.evaluation import evaluate, evaluate_all
from burgee.generation import Generation
from burgee.snapshot import Snapshot

NOW = 1_795_000_000.0
"""Seconds since the Unix epoch."""

MEMBERS = [f"u-{number}" for number in range(1_000)]
MANY = 200
ATTRIBUTES: dict[str, Any] = {
    "email": "ada@example.com",
    "plan": "pro",
    "customer": "c-42",
    "organization": "acme",
    "environment": "production",
}
TARGETING_KEY = "u-500"

_TWO_CONDITIONS = {
    "defaultVariant": "off",
    "rules": [{"when": {"email": {"ends_with": "@example.com"}, "plan": "pro"}, "serve": "on"}],
}
_ON_OFF = {"on": True, "off": False}
_Details = FlagResolutionDetails[Any]


@dataclass(frozen=True)
class Case:
    """One question, asked both ways.

    Attributes:
        flags: how many flags one call evaluates.
        core: asks the core.
        by_hand: asks InMemoryProvider.
        value_of: the value in either answer.
    """

    name: str
    flags: int
    core: Callable[[], Any]
    by_hand: Callable[[], Any]

    def check(self) -> None:
        """Raise where the two do not answer alike."""
        ours, theirs = self.core(), self.by_hand()
        pairs = zip(ours, theirs, strict=True) if self.flags > 1 else [(ours, theirs)]
        for our, their in pairs:
            if (our.value, our.variant) != (their.value, their.variant) or our.error_code is not None:
                raise RuntimeError(f"{self.name}: {our} and {their} are not the same answer")


def cases() -> list[Case]:
    """Every question."""
    one = _snapshot(
        {
            "static": {"defaultVariant": "on"},
            "targeted": _TWO_CONDITIONS,
            "divided": {
                "variants": {"a": "a", "b": "b", "c": "c"},
                "defaultVariant": "a",
                "rules": [{"split": {"a": 25, "b": 25, "c": 50}}],
            },
            "members": {
                "defaultVariant": "off",
                "rules": [{"when": {"targetingKey": MEMBERS}, "serve": "on"}],
            },
            "ladder": {
                "variants": {"small": 1, "middle": 2, "large": 3, "huge": 4},
                "defaultVariant": "small",
            },
        },
        {
            "environment": {"production": {"ladder": "middle"}},
            "organization": {"acme": {"ladder": "large"}},
            "customer": {"c-1": {"ladder": "huge"}},
        },
    )
    many = _snapshot({f"targeted-{number:03d}": _TWO_CONDITIONS for number in range(MANY)})
    provider = InMemoryProvider(
        {
            "static": InMemoryFlag("on", _ON_OFF),
            "targeted": InMemoryFlag("off", _ON_OFF, context_evaluator=_targeted),
            "divided": InMemoryFlag("a", {"a": "a", "b": "b", "c": "c"}, context_evaluator=_divided),
            "members": InMemoryFlag("off", _ON_OFF, context_evaluator=_members),
            "ladder": InMemoryFlag(
                "small", {"small": 1, "middle": 2, "large": 3, "huge": 4}, context_evaluator=_ladder
            ),
        }
    )
    all_by_hand = InMemoryProvider(
        {key: InMemoryFlag("off", _ON_OFF, context_evaluator=_targeted) for key in _keys(many)}
    )
    context = {"targetingKey": TARGETING_KEY, **ATTRIBUTES}
    of_sdk = EvaluationContext(TARGETING_KEY, ATTRIBUTES)

    def case(name: str, key: str, resolve: Callable[..., Any], default: Any) -> Case:
        return Case(
            name,
            1,
            lambda: evaluate(one, key, context, now=NOW),
            lambda: resolve(key, default, of_sdk),
        )

    keys = _keys(many)
    return [
        case("static boolean", "static", provider.resolve_boolean_details, False),
        case("two conditions", "targeted", provider.resolve_boolean_details, False),
        case("split 25/25/50", "divided", provider.resolve_string_details, ""),
        case("one of a list of 1,000", "members", provider.resolve_boolean_details, False),
        case("ladder of three levels", "ladder", provider.resolve_integer_details, 0),
        Case(
            f"{MANY} flags of two conditions",
            MANY,
            lambda: evaluate_all(many, context, now=NOW),
            lambda: [all_by_hand.resolve_boolean_details(key, False, of_sdk) for key in keys],
        ),
    ]


def _snapshot(flags: dict[str, Any], overrides: dict[str, Any] | None = None) -> Snapshot:
    document = {"flags": flags, "overrides": overrides or {}}
    layer, _ = read_layer("bench", [SourceDocument(document, None)])
    return compose([layer], generation=Generation("bench", 1))


def _keys(snapshot: Snapshot) -> list[str]:
    return [key for each in snapshot.flag_sets.values() for key in sorted(each.flags)]


def _targeted(flag: InMemoryFlag[Any], context: EvaluationContext) -> _Details:
    attributes = context.attributes
    email = attributes.get("email")
    if isinstance(email, str) and email.endswith("@example.com") and attributes.get("plan") == "pro":
        return _answer(flag, "on", Reason.TARGETING_MATCH)
    return _answer(flag, "off", Reason.DEFAULT)


def _divided(flag: InMemoryFlag[Any], context: EvaluationContext) -> _Details:
    bucket = (mmh3.hash(f"divided{context.targeting_key}", signed=False) * 100) >> 32
    return _answer(flag, "a" if bucket < 25 else "b" if bucket < 50 else "c", Reason.SPLIT)


_MEMBERS = frozenset(MEMBERS)


def _members(flag: InMemoryFlag[Any], context: EvaluationContext) -> _Details:
    if context.targeting_key in _MEMBERS:
        return _answer(flag, "on", Reason.TARGETING_MATCH)
    return _answer(flag, "off", Reason.DEFAULT)


_LADDER = (
    ("customer", {"c-1": "huge"}),
    ("organization", {"acme": "large"}),
    ("environment", {"production": "middle"}),
)


def _ladder(flag: InMemoryFlag[Any], context: EvaluationContext) -> _Details:
    for attribute, scopes in _LADDER:
        variant = scopes.get(context.attributes.get(attribute))  # type: ignore[call-overload]
        if variant is not None:
            return _answer(flag, variant, Reason.TARGETING_MATCH)
    return _answer(flag, "small", Reason.DEFAULT)


def _answer(flag: InMemoryFlag[Any], variant: str, reason: Reason) -> _Details:
    return FlagResolutionDetails(value=flag.variants[variant], reason=reason, variant=variant)
