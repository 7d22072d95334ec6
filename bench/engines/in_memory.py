"""The SDK's InMemoryProvider with evaluators written by hand, and a provider that always says the same."""

from __future__ import annotations

from typing import Any

import mmh3
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider import AbstractProvider, Metadata
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from engines.engine import Engine, Question
from engines.workloads import LADDER, MANY_FLAGS, MEMBERS, OBJECT, ON_OFF, SUFFIX, WORKLOADS, User

Details = FlagResolutionDetails[Any]
_MEMBERS = frozenset(MEMBERS)
_LADDER = [(frozenset(rule.countries), *rule[1:]) for rule in LADDER]


def evaluation_context(user: User) -> EvaluationContext:
    """The SDK's own form of a user."""
    return EvaluationContext(user.key, dict(user.attributes))


def engine() -> Engine:
    """The provider with all flags."""
    flags: dict[str, InMemoryFlag[Any]] = {
        "static": InMemoryFlag("on", ON_OFF),
        "targeted": InMemoryFlag("off", ON_OFF, context_evaluator=_targeted("pro")),
        "divided": InMemoryFlag("a", {"a": "a", "b": "b", "c": "c"}, context_evaluator=_divided),
        "ladder": InMemoryFlag(
            "none",
            {name: name for name in ("none", *(rule.serves for rule in LADDER))},
            context_evaluator=_ladder,
        ),
        "members": InMemoryFlag("off", ON_OFF, context_evaluator=_members),
        "object": InMemoryFlag("usual", {"usual": OBJECT}),
    }
    for flag in MANY_FLAGS:
        flags[flag.key] = InMemoryFlag("off", ON_OFF, context_evaluator=_targeted(flag.plan))
    provider = InMemoryProvider(flags)
    native = {
        workload.name: Question(
            "resolve(key, default, user)",
            {
                "resolve": getattr(provider, f"resolve_{workload.kind}_details"),
                "key": workload.key,
                "default": workload.default,
            },
            lambda details: details.value,
        )
        for workload in WORKLOADS[:-1]
    }
    native["W7"] = Question(
        "[resolve(key, False, user) for key in keys]",
        {"resolve": provider.resolve_boolean_details, "keys": [flag.key for flag in MANY_FLAGS]},
        lambda answers: [each.value for each in answers],
    )
    return Engine(
        "InMemoryProvider, hand-written",
        ("openfeature-sdk",),
        "W2 to W5 and W7 are Python functions written by hand inside the SDK's InMemoryProvider.",
        evaluation_context,
        native,
        provider,
    )


class ConstantProvider(AbstractProvider):
    """Answers without looking: what is left is the client's own time.

    Args:
        value: what it always says.
    """

    def __init__(self, value: Any) -> None:
        super().__init__()
        self._metadata = Metadata("constant")
        self._details = FlagResolutionDetails(value, reason=Reason.STATIC, variant="on")

    def get_metadata(self) -> Metadata:
        """Its name."""
        return self._metadata

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: Any = None
    ) -> Details:
        """The one answer; so say all the others."""
        return self._details

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: Any = None
    ) -> Details:
        """The one answer."""
        return self._details

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: Any = None
    ) -> Details:
        """The one answer."""
        return self._details

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: Any = None
    ) -> Details:
        """The one answer."""
        return self._details

    def resolve_object_details(
        self, flag_key: str, default_value: Any, evaluation_context: Any = None
    ) -> Details:
        """The one answer."""
        return self._details


def _targeted(plan: str) -> Any:
    def evaluate(flag: InMemoryFlag[Any], context: EvaluationContext) -> Details:
        attributes = context.attributes
        email = attributes.get("email")
        if isinstance(email, str) and email.endswith(SUFFIX) and attributes.get("plan") == plan:
            return _answer(flag, "on", Reason.TARGETING_MATCH)
        return _answer(flag, "off", Reason.DEFAULT)

    return evaluate


def _divided(flag: InMemoryFlag[Any], context: EvaluationContext) -> Details:
    position = (mmh3.hash(f"divided{context.targeting_key}", signed=False) * 100) >> 32
    return _answer(flag, "a" if position < 25 else "b" if position < 50 else "c", Reason.SPLIT)


def _ladder(flag: InMemoryFlag[Any], context: EvaluationContext) -> Details:
    given = context.attributes
    for countries, plan, seats, serves in _LADDER:
        if given.get("country") in countries and given.get("plan") == plan:
            has = given.get("seats")
            if isinstance(has, int) and has >= seats:
                return _answer(flag, serves, Reason.TARGETING_MATCH)
    return _answer(flag, "none", Reason.DEFAULT)


def _members(flag: InMemoryFlag[Any], context: EvaluationContext) -> Details:
    if context.targeting_key in _MEMBERS:
        return _answer(flag, "on", Reason.TARGETING_MATCH)
    return _answer(flag, "off", Reason.DEFAULT)


def _answer(flag: InMemoryFlag[Any], variant: str, reason: Reason) -> Details:
    return FlagResolutionDetails(value=flag.variants[variant], reason=reason, variant=variant)
