"""Unleash's Python SDK with its Rust engine, fed beforehand, no server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from openfeature.contrib.provider.unleash import UnleashProvider
from UnleashClient import UnleashClient
from UnleashClient.cache import BaseCache
from UnleashClient.constants import FEATURES_URL
from yggdrasil_engine.engine import UnleashEngine

from engines.engine import Engine, Question
from engines.workloads import LADDER, MANY_FLAGS, MEMBERS, OBJECT, SHARES, WORKLOADS, TwoConditions, User

_SERVER = "http://127.0.0.1:9/api"


class _Cache(BaseCache):
    """Holds the features in memory."""

    def __init__(self, features: dict[str, Any]) -> None:
        self._kept: dict[str, Any] = {FEATURES_URL: json.dumps(features)}
        self.bootstrapped = True

    def set(self, key: str, value: Any) -> None:
        self._kept[key] = value

    def mset(self, data: dict[str, Any]) -> None:
        self._kept.update(data)

    def get(self, key: str, default: Any = None) -> Any:
        return self._kept.get(key, default)

    def exists(self, key: str) -> bool:
        return key in self._kept

    def destroy(self) -> None:
        self._kept.clear()


def engine() -> Engine:
    """Unleash with all features."""
    client = UnleashClient(
        _SERVER,
        "bench",
        instance_id="native",
        disable_metrics=True,
        disable_registration=True,
        cache=_Cache(_features()),
    )
    client.initialize_client(fetch_toggles=False)
    provider = UnleashProvider(_SERVER, "bench-of", "none", fetch_toggles=False, cache=_Cache(_features()))
    provider.client.unleash_disable_metrics = True
    provider.client.unleash_disable_registration = True
    on = {"ask": client.is_enabled}
    variant = {"ask": client.get_variant}
    native = {
        workload.name: Question("ask(key, user)", {**on, "key": workload.key})
        for workload in WORKLOADS
        if workload.name in ("W1", "W2", "W5")
    }
    for workload in WORKLOADS[2:4]:
        native[workload.name] = Question(
            "ask(key, user)",
            {**variant, "key": workload.key},
            lambda found: found["name"],
        )
    native["W6"] = Question(
        'loads(ask("object", user)["payload"]["value"])', {**variant, "loads": json.loads}
    )
    native["W7"] = Question(
        "[ask(key, user) for key in keys]", {**on, "keys": [flag.key for flag in MANY_FLAGS]}
    )
    return Engine(
        "Unleash",
        ("UnleashClient", "yggdrasil-engine", "openfeature-provider-unleash"),
        "Native is `UnleashClient.is_enabled`/`get_variant`, reporting off, counting still on; attributes "
        "are strings; objects are kept as JSON text, so W6 holds `json.loads`; W7 is a loop.",
        lambda user: {"userId": user.key, "properties": {k: str(v) for k, v in user.attributes.items()}},
        native,
        provider,
    )


def _features() -> dict[str, Any]:
    ladder = [
        {
            **_strategy(
                _constraint("country", "IN", *rule.countries),
                _constraint("plan", "IN", rule.plan),
                {**_constraint("seats", "NUM_GTE"), "value": str(rule.seats)},
            ),
            "variants": [_variant(rule.serves, 1_000, "string", rule.serves)],
        }
        for rule in LADDER
    ]
    ladder.append({**_strategy(), "variants": [_variant("none", 1_000, "string", "none")]})
    divided = [_variant(name, share * 10, "string", name) for name, share in SHARES.items()]
    whole = [_variant("usual", 1_000, "json", json.dumps(OBJECT))]
    features = [
        _feature("static", [_strategy()]),
        {**_targeted(MANY_FLAGS[0]), "name": "targeted"},
        _feature("divided", [_strategy()], divided),
        _feature("ladder", ladder),
        _feature("members", [_strategy(_constraint("userId", "IN", *MEMBERS))]),
        _feature("object", [_strategy()], whole),
    ]
    return {"version": 2, "features": [*features, *(_targeted(flag) for flag in MANY_FLAGS)]}


def _feature(name: str, strategies: list[Any], variants: Sequence[Any] = ()) -> dict[str, Any]:
    return {
        "name": name,
        "type": "release",
        "enabled": True,
        "project": "default",
        "strategies": strategies,
        "variants": list(variants),
    }


def _strategy(*constraints: dict[str, Any]) -> dict[str, Any]:
    return {"name": "default", "parameters": {}, "constraints": list(constraints)}


def _constraint(name: str, operator: str, *values: str) -> dict[str, Any]:
    return {"contextName": name, "operator": operator, "values": list(values), "inverted": False}


def _variant(name: str, weight: int, kind: str, value: str) -> dict[str, Any]:
    payload = {"type": kind, "value": value}
    return {"name": name, "weight": weight, "stickiness": "userId", "payload": payload}


def _targeted(flag: TwoConditions) -> dict[str, Any]:
    constraints = (
        _constraint("email", "STR_ENDS_WITH", flag.suffix),
        _constraint("plan", "IN", flag.plan),
    )
    return _feature(flag.key, [_strategy(*constraints)])


class StateLoading:
    """Takes a payload over by the engine's `take_state`."""

    def document(self, flags: Sequence[TwoConditions]) -> bytes:
        """The payload of its API."""
        return json.dumps({"version": 2, "features": [_targeted(flag) for flag in flags]}).encode()

    def take(self, content: bytes, previous: UnleashEngine | None) -> UnleashEngine:
        """Take the state, in the same engine the next time."""
        rust = previous or UnleashEngine()
        rust.take_state(content.decode())
        return rust

    def is_on(self, taken: UnleashEngine, key: str, user: User) -> bool:
        """Ask for one feature."""
        context = {"userId": user.key, "properties": {k: str(v) for k, v in user.attributes.items()}}
        return bool(taken.is_enabled(key, context).is_enabled)
