"""An impact as JSON says it: for scripts, and over HTTP."""

from __future__ import annotations

from typing import Any

from burgee.impact import FlagImpact, Impact, Told, Transition
from burgee.impact_counts import Scopes

MOST_LISTED = 1_000
"""Scopes of a level, and positions of a transition, that are listed; how many there are is always told."""


def impact_document(impact: Impact) -> dict[str, Any]:
    """Write an impact.

    Returns:
        ``contexts`` and ``affected`` are numbers of contexts. ``byLevel`` lists for each level the scopes
        that are met, those of most contexts first; ``positions`` are those of the contexts in the sample,
        from 0. A transition's ``before`` and ``after`` are ``{"value": ..., "variant": ...}``,
        ``{"codeDefault": true}`` or ``{"errorCode": ...}``.
    """
    return {
        "contexts": impact.contexts,
        "affected": len(impact.affected),
        "byLevel": {
            level: [
                {"scope": scope, "affected": number, "contexts": impact.sample[level][scope]}
                for scope, number in list(scopes.items())[:MOST_LISTED]
            ]
            for level, scopes in impact.by_level.items()
        },
        "flags": [_flag(each) for each in impact.flags],
    }


def told_document(told: Told) -> dict[str, Any]:
    """Write what an answer says."""
    if told.error_code is not None:
        return {"errorCode": str(told.error_code)}
    document: dict[str, Any] = {"value": told.value} if told.has_value else {"codeDefault": True}
    if told.variant is not None:
        document["variant"] = told.variant
    return document


def _flag(flag: FlagImpact) -> dict[str, Any]:
    document: dict[str, Any] = {"flag": flag.flag_key}
    if flag.flag_set_id is not None:
        document["flagSet"] = flag.flag_set_id
    return document | {
        "change": flag.change,
        "affected": flag.affected,
        "byLevel": _scopes(flag.by_level),
        "transitions": [_transition(each) for each in flag.transitions],
    }


def _scopes(by_level: Scopes) -> dict[str, list[dict[str, Any]]]:
    return {
        level: [{"scope": scope, "affected": number} for scope, number in list(scopes.items())[:MOST_LISTED]]
        for level, scopes in by_level.items()
    }


def _transition(transition: Transition) -> dict[str, Any]:
    return {
        "before": told_document(transition.before),
        "after": told_document(transition.after),
        "contexts": len(transition.positions),
        "positions": list(transition.positions[:MOST_LISTED]),
        "examples": [dict(each) for each in transition.examples],
    }
