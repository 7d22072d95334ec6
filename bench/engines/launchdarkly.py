"""LaunchDarkly's Python SDK, its flags from a file, no events."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ld_openfeature import LaunchDarklyProvider
from ldclient import Config, Context, LDClient
from ldclient.feature_store import InMemoryFeatureStore
from ldclient.integrations import Files
from ldclient.versioned_data_kind import FEATURES

from engines.engine import Engine, Question
from engines.workloads import LADDER, MANY_FLAGS, MEMBERS, OBJECT, SHARES, WORKLOADS, TwoConditions, User


def engine() -> Engine:
    """LaunchDarkly with all flags."""
    folder = Path(tempfile.mkdtemp(prefix="bench-engines-"))
    client, many = (
        LDClient(_config(folder / name, flags))
        for name, flags in (("one.json", _flags()), ("many.json", _many(MANY_FLAGS)))
    )
    native = {
        workload.name: Question(
            "variation(key, user, default)",
            {"variation": client.variation, "key": workload.key, "default": workload.default},
        )
        for workload in WORKLOADS[:-1]
    }
    native["W7"] = Question(
        "all_flags_state(user)",
        {"all_flags_state": many.all_flags_state},
        lambda state: [state.get_flag_value(flag.key) for flag in MANY_FLAGS],
    )
    return Engine(
        "LaunchDarkly",
        ("launchdarkly-server-sdk", "launchdarkly-openfeature-server"),
        "Offline, flags from a file, events off, contexts built beforehand; W7 is `all_flags_state`.",
        context_of,
        native,
        LaunchDarklyProvider(_config(folder / "provider.json", _flags())),
    )


def context_of(user: User) -> Context:
    """A user as a context."""
    builder = Context.builder(user.key)
    for name, value in user.attributes.items():
        builder.set(name, value)
    return builder.build()


def _config(file: Path, flags: dict[str, Any]) -> Config:
    file.write_text(json.dumps({"flags": flags}))
    source = Files.new_data_source(paths=[str(file)])
    return Config("none", update_processor_class=source, send_events=False)


def _flags() -> dict[str, Any]:
    names = ["none", *(rule.serves for rule in LADDER)]
    rules = [
        _rule(
            number,
            {"variation": names.index(rule.serves)},
            _clause("country", "in", *rule.countries),
            _clause("plan", "in", rule.plan),
            _clause("seats", "greaterThanOrEqual", rule.seats),
        )
        for number, rule in enumerate(LADDER)
    ]
    shares = [{"variation": number, "weight": share * 1_000} for number, share in enumerate(SHARES.values())]
    members = _rule(0, {"variation": 0}, _clause("key", "in", *MEMBERS))
    return {
        "static": _flag("static", [True, False], {"variation": 0}),
        "targeted": {**_targeted(MANY_FLAGS[0]), "key": "targeted"},
        "divided": _flag("divided", list(SHARES), {"rollout": {"variations": shares}}),
        "ladder": _flag("ladder", names, {"variation": 0}, rules),
        "members": _flag("members", [True, False], {"variation": 1}, [members]),
        "object": _flag("object", [dict(OBJECT)], {"variation": 0}),
    }


def _many(flags: Sequence[TwoConditions]) -> dict[str, Any]:
    return {flag.key: _targeted(flag) for flag in flags}


def _targeted(flag: TwoConditions) -> dict[str, Any]:
    rule = _rule(
        0, {"variation": 0}, _clause("email", "endsWith", flag.suffix), _clause("plan", "in", flag.plan)
    )
    return _flag(flag.key, [True, False], {"variation": 1}, [rule])


def _clause(attribute: str, operator: str, *values: Any) -> dict[str, Any]:
    return {"attribute": attribute, "op": operator, "values": list(values), "negate": False}


def _rule(number: int, serves: dict[str, Any], *clauses: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"rule-{number}", "clauses": list(clauses), **serves}


def _flag(key: str, variations: list[Any], fallthrough: Any, rules: Sequence[Any] = ()) -> dict[str, Any]:
    return {
        "key": key,
        "version": 1,
        "on": True,
        "salt": key,
        "variations": variations,
        "offVariation": len(variations) - 1,
        "fallthrough": fallthrough,
        "targets": [],
        "prerequisites": [],
        "rules": list(rules),
    }


class StoreLoading:
    """Takes a payload over: JSON, then the feature store's `init`, as its stream does."""

    def document(self, flags: Sequence[TwoConditions]) -> bytes:
        """The flags of its stream's `put`."""
        return json.dumps(_many(flags)).encode()

    def take(self, content: bytes, previous: InMemoryFeatureStore | None) -> InMemoryFeatureStore:
        """Fill the store, the same one the next time."""
        store = previous or InMemoryFeatureStore()
        store.init({FEATURES: json.loads(content)})
        return store

    def is_on(self, taken: InMemoryFeatureStore, key: str, user: User) -> bool:
        """Ask for one flag, of a client on that store."""
        client = LDClient(Config("none", feature_store=taken, send_events=False, use_ldd=True))
        return client.variation(key, context_of(user), False) is True
