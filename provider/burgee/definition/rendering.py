"""Definitions written as documents: the canonical form, of which ``read(render(d)) == d`` holds."""

from __future__ import annotations

from typing import Any

from burgee.condition import AllOf, AnyOf, AttributeTest, Condition, InSegment, Not
from burgee.context import TARGETING_KEY
from burgee.expression import Expression, ListOf, Literal, Operation, Variable
from burgee.flag import (
    ApplyRules,
    Disable,
    Flag,
    Inherit,
    Kill,
    Level,
    Notes,
    Override,
    Patch,
    Ramp,
    Rule,
    Segment,
    Serve,
    ServeValue,
    ServeVariant,
    Split,
    Window,
)
from burgee.instant import instant_text
from burgee.layer import Definition


def render(definition: Definition) -> dict[str, Any]:
    """Write a definition as a document: mappings, lists and scalars, origins left out."""
    document = render_head(definition)
    if definition.flags:
        document["flags"] = {key: render_flag(flag) for key, flag in definition.flags.items()}
    overrides: dict[str, dict[str, dict[str, Any]]] = {}
    for override in definition.overrides.values():
        of_scope = overrides.setdefault(override.level, {}).setdefault(override.scope, {})
        of_scope[override.flag_key] = render_override(override)
    if overrides:
        document["overrides"] = overrides
    return document


def render_head(definition: Definition) -> dict[str, Any]:
    """Write all of a definition but its flags and overrides."""
    document: dict[str, Any] = {}
    if definition.metadata:
        document["metadata"] = dict(definition.metadata)
    if definition.hierarchy is not None:
        document["hierarchy"] = [render_level(level) for level in definition.hierarchy]
    if definition.fractional_version is not None:
        document["fractionalVersion"] = definition.fractional_version
    if definition.segments:
        document["segments"] = {
            name: render_condition(segment.condition) for name, segment in definition.segments.items()
        }
    if definition.kills:
        document["kill"] = {key: render_kill(kill) for key, kill in definition.kills.items()}
    return document


def render_level(level: Level) -> dict[str, str]:
    """Write one level of a hierarchy."""
    return {"level": level.name, "attribute": level.attribute}


def render_segment(segment: Segment) -> dict[str, Any]:
    """Write a segment's condition."""
    return render_condition(segment.condition)


def render_flag(flag: Flag) -> dict[str, Any]:
    """Write one flag."""
    document: dict[str, Any] = {"variants": {name: each.value for name, each in flag.variants.items()}}
    if flag.default_variant is not None:
        document["defaultVariant"] = flag.default_variant
    if not flag.enabled:
        document["state"] = "DISABLED"
    if flag.rules:
        document["rules"] = [render_rule(rule) for rule in flag.rules]
    if flag.targeting is not None:
        document["targeting"] = render_expression(flag.targeting)
    if flag.leaves:
        document["leaves"] = True
    if flag.requires:
        document["requires"] = dict(flag.requires)
    if flag.metadata:
        document["metadata"] = dict(flag.metadata)
    return document | _notes(flag.notes)


def render_expression(expression: Expression) -> Any:
    """Write a targeting expression as JSONLogic, references filled in."""
    match expression:
        case Literal(value):
            return value
        case ListOf(items):
            return [render_expression(item) for item in items]
        case Variable(path, default):
            rendered = render_expression(default)
            return {"var": ".".join(path) if rendered is None else [".".join(path), rendered]}
        case Operation(operator, operands):
            return {operator: [render_expression(operand) for operand in operands]}
        case _:
            return render_condition(expression)


def render_rule(rule: Rule) -> dict[str, Any]:
    """Write one rule."""
    document: dict[str, Any] = {"name": rule.name} if rule.name else {}
    if rule.condition is not None:
        document["when"] = render_condition(rule.condition)
    outcome = rule.outcome
    if isinstance(outcome, Serve):
        document["serve"] = outcome.variant
        return document | _window(rule.window)
    if isinstance(outcome, Split):
        document["split"] = dict(outcome.weights)
    else:
        document["ramp"] = _ramp(outcome)
    if outcome.by != TARGETING_KEY:
        document["by"] = outcome.by
    if outcome.seed is not None:
        document["seed"] = outcome.seed
    return document | _window(rule.window)


def _ramp(ramp: Ramp) -> dict[str, Any]:
    return {
        "variant": ramp.variant,
        "start": instant_text(ramp.start),
        "complete": instant_text(ramp.complete),
    }


def render_condition(condition: Condition) -> dict[str, Any]:
    """Write a condition in its longest, least ambiguous form."""
    match condition:
        case AllOf(conditions):
            return {"all": [render_condition(each) for each in conditions]}
        case AnyOf(conditions):
            return {"any": [render_condition(each) for each in conditions]}
        case Not(inner):
            return {"not": render_condition(inner)}
        case InSegment(name):
            return {"segment": name}
        case AttributeTest(attribute, operator, operand):
            return {"attribute": attribute, operator: _operand(operator, operand)}


def _operand(operator: str, operand: Any) -> Any:
    if operator in ("is", "is_not", "contains"):
        return operand[1]
    if operator in ("in", "not_in"):
        return [value for _, value in operand]
    if operator == "semver":
        return operand.text
    if operator == "ip_in":
        return list(operand.texts)
    if operator == "in_region":
        return list(operand.names)
    return instant_text(operand) if operator in ("before", "after") else operand


def render_override(override: Override) -> dict[str, Any]:
    """Write one override."""
    document: dict[str, Any] = {}
    match override.effect:
        case ServeVariant(variant):
            document["variant"] = variant
        case ServeValue(value):
            document["value"] = value
        case Patch(patch):
            document["patch"] = dict(patch)
        case ApplyRules(rules):
            document["rules"] = [render_rule(rule) for rule in rules]
        case Disable():
            document["state"] = "DISABLED"
        case Inherit():
            document["inherit"] = True
    if override.lock:
        document["lock"] = True
    return document | _window(override.window) | _notes(override.notes)


def render_kill(kill: Kill) -> dict[str, Any]:
    """Write one kill."""
    if kill.revive:
        return {"revive": True} | _notes(kill.notes)
    return ({"code_default": True} if kill.variant is None else {"variant": kill.variant}) | _notes(
        kill.notes
    )


def _window(window: Window) -> dict[str, str]:
    edges = {"from": window.start, "until": window.end}
    return {name: instant_text(edge) for name, edge in edges.items() if edge is not None}


def _notes(notes: Notes) -> dict[str, Any]:
    document: dict[str, Any] = {
        name: text for name in ("description", "owner", "expires", "note") if (text := getattr(notes, name))
    }
    if notes.tags:
        document["tags"] = list(notes.tags)
    return document
