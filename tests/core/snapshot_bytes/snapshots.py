"""Snapshots to write and read, and what two of them are compared by."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from burgee import Snapshot, compose, evaluate, evaluate_all, explain
from burgee.definition import SourceDocument, read_layer
from burgee.dependencies import next_edge, next_edge_of_all, vary
from burgee.evaluation import flag_keys
from burgee.generation import Generation
from burgee.selector import ANY, Selector
from tests.core.differential.comparison import FIXED, told
from tests.core.differential.native_documents import NativeGrammar
from tests.support.strategies import documents
from tests.support.targeting_strategies import Grammar

relaxed = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
SELECTORS = (ANY, Selector("one"), Selector(""), Selector(source="above"), Selector("one", "beneath"))


def composed(*all_documents: Any, fixed: Mapping[str, Any] | None = None, number: int = 7) -> Snapshot:
    """Documents as layers of sources with names and files."""
    names = ("beneath", "above", "top")
    layers = [
        read_layer(name, [SourceDocument(document, f"/etc/{name}.json")])[0]
        for name, document in zip(names, all_documents, strict=False)
    ]
    return compose(layers, generation=Generation("e4f1", number), fixed=fixed)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Snapshots of layers that cover one another, with flag sets, fixed attributes and inactive overrides."""
    all_documents: list[Any] = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["generated", "generated", "native", "flagd"]))
        random = Random(draw(st.integers(0, 2**32)))
        if kind == "generated":
            document = draw(documents())
        else:
            document = NativeGrammar(random).document() if kind == "native" else Grammar(random).document()
        own: dict[str, Any] = {}
        if draw(st.booleans()):
            own["metadata"] = {"flagSetId": "one", "version": "1"}
        all_documents.append({**document, **own})
    return composed(*all_documents, fixed=draw(st.sampled_from(FIXED)))


def everything_told(snapshot: Snapshot, context: Mapping[str, Any], now: float) -> list[Any]:
    """Whatever may be asked of a snapshot about one context."""
    found: list[Any] = [next_edge_of_all(snapshot, now), snapshot.generation, dict(snapshot.fixed)]
    for selector in SELECTORS:
        keys = flag_keys(snapshot, selector)
        found.append([told(each) for each in evaluate_all(snapshot, context, now=now, selector=selector)])
        for key in [*keys, "unknown"]:
            explained = explain(snapshot, key, context, now=now, selector=selector)
            found += [
                key,
                told(evaluate(snapshot, key, context, now=now, selector=selector)),
                told(explained.resolution),
                explained.rungs,
                vary(snapshot, key, selector),
                next_edge(snapshot, key, now, selector),
            ]
    return found


def contents(snapshot: Snapshot) -> Any:
    """All that a snapshot holds, origins included, which equality leaves out."""
    origins = {
        flag_set_id: {
            "flags": {key: each.origin for key, each in flag_set.flags.items()},
            "segments": {key: each.origin for key, each in flag_set.segments.items()},
            "kills": {key: each.origin for key, each in flag_set.kills.items()},
            "overrides": {
                (key, level, scope): each.origin
                for key, levels in flag_set.overrides.items()
                for level, scopes in levels.items()
                for scope, each in scopes.items()
            },
            "dependencies": {key: flag_set.known_dependencies.get(key) for key in flag_set.flags},
        }
        for flag_set_id, flag_set in snapshot.flag_sets.items()
    }
    inactive = [(each, each.override.origin) for each in snapshot.inactive]
    return snapshot, origins, inactive
