"""Hypothesis strategies for documents of the definition language, contexts and instants."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

NAMES = ["alpha", "beta", "gamma", "delta"]
ATTRIBUTES = ["plan", "country", "seats", "beta", "joined", "targetingKey", "customer", "organization"]
LEVELS = ["customer", "organization", "environment"]
SCOPES = ["acme", "c-1", "42", "production"]
INSTANTS = [
    "2026-01-01T00:00:00Z",
    "2026-06-01T00:00:00Z",
    "2026-06-01T12:00:00.5+02:00",
    "2027-01-01T00:00:00Z",
]

scalars = st.one_of(
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.0, 10.0]),
    st.sampled_from(["pro", "free", "1", "", "SE", "acme", "42", *INSTANTS]),
)
instants = st.floats(1767225600 - 86400, 1798761600 + 86400)


def contexts() -> st.SearchStrategy[dict[str, Any]]:
    """Contexts that rules can tell apart, odd values among them."""
    odd = st.one_of(
        st.none(), st.lists(scalars, max_size=2), st.dictionaries(st.text(max_size=2), scalars, max_size=2)
    )
    return st.dictionaries(
        st.sampled_from([*ATTRIBUTES, "environment"]), st.one_of(scalars, scalars, odd), max_size=7
    )


def conditions(segments: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions that refer to ``segments`` only."""
    return _conditions(tuple(segments))


@cache
def _conditions(segments: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    # Made once: making a recursive strategy takes longer than drawing from it.
    attribute = st.sampled_from(ATTRIBUTES)
    tests: list[st.SearchStrategy[Any]] = [
        scalars,
        st.lists(scalars, min_size=1, max_size=3),
        st.fixed_dictionaries({}, optional={"is_not": scalars, "contains": scalars}).filter(bool),
        st.builds(lambda low: {"gte": low, "lt": low + 2}, st.integers(-2, 2)),
        st.sampled_from([{"starts_with": "p"}, {"ends_with": "E"}, {"exists": True}, {"exists": False}]),
        st.builds(lambda text: {"after": text}, st.sampled_from(INSTANTS)),
        st.builds(lambda values: {"not_in": values}, st.lists(scalars, min_size=1, max_size=2)),
    ]
    leaf = st.dictionaries(attribute, st.one_of(tests), min_size=1, max_size=2)
    if segments:
        leaf = st.one_of(leaf, st.builds(lambda name: {"segment": name}, st.sampled_from(segments)))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(lambda each: {"all": each}, st.lists(inner, min_size=1, max_size=2)),
            st.builds(lambda each: {"any": each}, st.lists(inner, min_size=1, max_size=2)),
            st.builds(lambda each: {"not": each}, inner),
        ),
        max_leaves=4,
    )


@st.composite
def rules(draw: st.DrawFn, variants: list[str], segments: list[str]) -> dict[str, Any]:
    """A rule that serves one of ``variants``."""
    rule: dict[str, Any] = {}
    if draw(st.booleans()):
        rule["when"] = draw(conditions(segments))
    if draw(st.booleans()):
        rule["name"] = draw(st.sampled_from(["staff", "a quarter", "everyone"]))
    kind = draw(st.sampled_from(["serve", "split", "ramp"]))
    if kind == "serve":
        rule["serve"] = draw(st.sampled_from(variants))
    elif kind == "split":
        weights = draw(st.dictionaries(st.sampled_from(variants), st.integers(0, 5), min_size=1))
        rule["split"] = weights if sum(weights.values()) else {variants[0]: 1}
    else:
        rule["ramp"] = {
            "variant": draw(st.sampled_from(variants)),
            "start": INSTANTS[0],
            "complete": INSTANTS[3],
        }
    if kind != "serve" and draw(st.booleans()):
        rule["by"] = draw(st.sampled_from(["customer", "seats"]))
    if kind != "serve" and draw(st.booleans()):
        rule["seed"] = draw(st.sampled_from(["a", "b"]))
    if draw(st.integers(0, 3)) == 0:
        rule |= {"from": INSTANTS[0], "until": INSTANTS[1]}
    return rule


@st.composite
def flags(draw: st.DrawFn, key: str, earlier: dict[str, list[str]], segments: list[str]) -> dict[str, Any]:
    """A flag that requires nothing but flags of ``earlier`` (key to variants)."""
    values: Any = draw(
        st.sampled_from(
            [
                {"on": True, "off": False},
                {"a": "red", "b": "", "c": "1"},
                {"few": 1, "many": 10},
                {"low": 0.5, "high": 10},
                {"small": {"ui": {"dark": False}, "n": 1}, "large": {"ui": {"dark": True}, "n": 2}},
            ]
        )
    )
    names = list(values)
    flag: dict[str, Any] = {"variants": values}
    if draw(st.integers(0, 4)):
        flag["defaultVariant"] = draw(st.sampled_from(names))
    if draw(st.integers(0, 8)) == 0:
        flag["state"] = "DISABLED"
    flag["rules"] = draw(st.lists(rules(names, segments), max_size=3))
    if earlier and draw(st.integers(0, 2)) == 0:
        required = draw(st.sampled_from(sorted(earlier)))
        flag["requires"] = {required: draw(st.sampled_from(earlier[required]))}
    if draw(st.booleans()):
        flag["metadata"] = {"team": "growth", "key": key}
    return flag


@st.composite
def overrides(draw: st.DrawFn, flag: dict[str, Any], segments: list[str]) -> Any:
    """An override that fits a flag."""
    names = list(flag["variants"])
    kinds = ["variant", "scalar", "rules", "state", "value"]
    is_object = isinstance(flag["variants"][names[0]], dict)
    kind = draw(st.sampled_from([*kinds, "patch", "patch"] if is_object else kinds))
    if kind == "scalar":
        return draw(st.sampled_from(names))
    override: dict[str, Any] = {}
    match kind:
        case "variant":
            override["variant"] = draw(st.sampled_from(names))
        case "value":
            override["value"] = flag["variants"][draw(st.sampled_from(names))]
        case "rules":
            override["rules"] = draw(st.lists(rules(names, segments), min_size=1, max_size=2))
        case "state":
            override["state"] = "DISABLED"
        case "patch":
            override["patch"] = draw(
                st.sampled_from([{"n": 7}, {"ui": {"dark": True}}, {"ui": {"dark": None}}])
            )
    if draw(st.integers(0, 2)) == 0:
        override["lock"] = True
    if draw(st.integers(0, 3)) == 0:
        override["from"] = draw(st.sampled_from(INSTANTS[:2]))
    return override


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Valid documents that use the whole language."""
    segments: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(["nordic", "big"]), unique=True)):
        segments[name] = draw(conditions(list(segments)))
    document: dict[str, Any] = {"segments": segments, "flags": {}, "overrides": {}, "kill": {}}
    variants: dict[str, list[str]] = {}
    for key in draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1)):
        flag = draw(flags(key, variants, list(segments)))
        document["flags"][key] = flag
        variants[key] = list(flag["variants"])
        for level in draw(st.lists(st.sampled_from(LEVELS), unique=True, max_size=3)):
            scope = draw(st.sampled_from(SCOPES))
            of_scope = document["overrides"].setdefault(level, {}).setdefault(scope, {})
            of_scope[key] = draw(overrides(flag, list(segments)))
        if draw(st.integers(0, 8)) == 0:
            document["kill"][key] = draw(st.sampled_from([variants[key][0], {"code_default": True}]))
    return document
