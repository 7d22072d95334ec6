"""Putting documents through the static checks."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

from burgee import compose, read
from burgee.checks import Finding, check
from burgee.fault import path_text
from burgee.instant import parse_instant
from burgee.layer import Layer
from burgee.snapshot import Snapshot

NOW = parse_instant("2026-03-01T00:00:00Z") or 0.0
thorough = settings(deadline=None, suppress_health_check=list(HealthCheck))


def composed(*all_documents: Any) -> tuple[list[Layer], Snapshot]:
    layers = [
        Layer(f"s{index}", (read(each, source=f"s{index}", file=f"{index}.yaml"),))
        for index, each in enumerate(all_documents)
    ]
    return layers, compose(layers)


def findings(*all_documents: Any, now: float = NOW) -> list[Finding]:
    layers, snapshot = composed(*all_documents)
    return check(layers, snapshot, now=now)


def told(*all_documents: Any, now: float = NOW) -> list[tuple[str, str]]:
    """(check, path) of each finding."""
    return [(each.check, path_text(each.fault.path)) for each in findings(*all_documents, now=now)]


def of_rules(*rules: Any, **beside: Any) -> list[tuple[str, str]]:
    """What is found in a flag with these rules."""
    flag = {"variants": {"a": "1", "b": "2", "c": "3"}, "defaultVariant": "c", "rules": list(rules)}
    found = told({"flags": {"f": flag}, **beside})
    return [each for each in found if each[0] in ("unreachable-rule", "shadowed-rule", "idle-ramp")]


def serve(variant: str = "a", **beside: Any) -> dict[str, Any]:
    return {"serve": variant, **beside}
