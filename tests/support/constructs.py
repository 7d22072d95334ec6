"""Which constructs of the definition language a flag uses, found in parsed documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from burgee.condition import OPERATORS, RESERVED_NAMES

EFFECTS = ("variant", "value", "patch", "rules", "state", "inherit")
MAY_LACK = {"variants": "variants", "defaultVariant": "default variant"}


def overrides_of(flag: str, documents: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """(level, override) of a flag."""
    for document in documents:
        for level, scopes in document["overrides"].items():
            yield from ((level, flags[flag]) for flags in scopes.values() if flag in flags)


def conditions_of(condition: Any) -> Iterator[str]:
    """What a condition shows of the language."""
    if len(condition) > 1 and "attribute" not in condition:
        yield "several keys"
    for name, test in condition.items():
        if name in RESERVED_NAMES:
            yield name
            inner = test if name in ("all", "any") else [test] if name == "not" else []
            for each in inner:
                yield from conditions_of(each)
        elif isinstance(test, dict):
            yield from test
        elif name not in OPERATORS:
            yield "a bare list" if isinstance(test, list) else "equality"


def rules_of(rules: list[Any]) -> Iterator[str]:
    """What rules show of the language."""
    for rule in rules:
        yield "rule with a name" if "name" in rule else "rule without a name"
        yield from (f"{edge} of a rule" for edge in ("from", "until") if edge in rule)
        kind = next(kind for kind in ("serve", "split", "ramp") if kind in rule)
        yield kind
        yield from (f"{name} of a {kind}" for name in ("by", "seed") if name in rule)
        yield from conditions_of(rule["when"]) if "when" in rule else ("rule without when",)


def constructs_of_override(override: Any) -> Iterator[str]:
    """What an override shows of the language."""
    if isinstance(override, str):
        yield "override as a scalar"
        return
    kind = next(kind for kind in EFFECTS if kind in override)
    yield f"override as {kind}"
    yield from (f"{edge} of an override" for edge in ("from", "until") if edge in override)
    yield from {"note"} & override.keys()
    if "lock" in override:
        yield "lock of rules" if kind == "rules" else f"lock of a {kind}"
    if any("split" in rule for rule in override.get("rules", [])):
        yield "override with a split"


def constructs_of_kill(kill: Any) -> Iterator[str]:
    """What a kill shows of the language."""
    if isinstance(kill, dict):
        yield "kill as revive" if "revive" in kill else "kill to the code default"
    else:
        yield "kill as a scalar"


def constructs(flag: str, documents: Sequence[Any]) -> set[str]:
    """What a flag shows of the language.

    Args:
        flag: its key, defined in the first document.
        documents: parsed, with all scalars as text.
    """
    stated = documents[0]["flags"][flag]
    shown = {
        name for name in ("metadata", "expires", "owner", "tags", "requires", "leaves") if name in stated
    }
    shown |= {f"no {words}" for name, words in MAY_LACK.items() if name not in stated}
    if stated.get("state") == "DISABLED":
        shown.add("state DISABLED")
    shown |= set(rules_of(stated.get("rules", [])))
    for level, override in overrides_of(flag, documents):
        shown |= {f"override of {level}", *constructs_of_override(override)}
    for document in documents:
        if flag in document["kill"]:
            shown |= set(constructs_of_kill(document["kill"][flag]))
    return shown


def constructs_of_targeting(stated: Any, evaluators: Any) -> set[str]:
    """What a flag shows of flagd's notation, evaluators that it refers to included.

    Args:
        stated: the parsed flag.
        evaluators: the document's ``$evaluators``.
    """
    shown: set[str] = {"metadata"} & stated.keys()
    if "defaultVariant" not in stated:
        shown.add("no default variant")
    if stated["state"] == "DISABLED":
        shown.add("state DISABLED")
    if "targeting" not in stated:
        shown.add("no targeting")
    if shown & {"state DISABLED", "no targeting"}:
        return shown
    return shown | set(operators_of(stated["targeting"], evaluators))


def operators_of(expression: Any, evaluators: Any) -> Iterator[str]:
    """The operators of a rule of JSONLogic, and what is particular about their operands."""
    if isinstance(expression, list):
        for each in expression:
            yield from operators_of(each, evaluators)
    elif isinstance(expression, dict):
        for operator, operands in expression.items():
            yield operator
            if operator == "var":
                yield from variables_of(operands)
            elif operator == "$ref":
                yield from operators_of(evaluators[operands], evaluators)
            elif operator == "fractional":
                yield from fractions_of(operands)
            yield from operators_of(operands, evaluators)


def variables_of(operands: Any) -> Iterator[str]:
    """What is particular about the operands of ``var``."""
    if isinstance(operands, list):
        yield "var with a default"
    elif operands.startswith("$flagd."):
        yield operands


def fractions_of(operands: list[Any]) -> Iterator[str]:
    """What is particular about the operands of ``fractional``."""
    if isinstance(operands[0], dict):
        yield "fractional of a value"
    buckets = [each for each in operands if isinstance(each, list)]
    if any(isinstance(weight, dict) for _, *weights in buckets for weight in weights):
        yield "weights of rules"
