"""Statsig's Rust core, its specs from a store in this process, no network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from statsig_python_core import DataStore, Statsig, StatsigOptions, StatsigUser
from statsig_python_core.data_store import DataStoreResponse

from engines.engine import Engine, Question
from engines.workloads import LADDER, MANY_FLAGS, MEMBERS, OBJECT, SHARES, TwoConditions, User

_TIME = 1_795_000_000_000
_EVERYONE = "everyone"


class _Store(DataStore):
    """Gives the specs to the core when it starts."""

    def __init__(self, specs: str) -> None:
        super().__init__()
        self._specs = specs

    def get(self, key: str) -> DataStoreResponse:
        return DataStoreResponse(result=self._specs, time=_TIME)


def engine() -> Engine:
    """Statsig with all gates and configs."""
    core = _started(json.dumps(_specs()))
    gate = {"check_gate": core.check_gate}
    config = {"get_dynamic_config": core.get_dynamic_config}
    native = {
        "W1": Question('check_gate(user, "static")', gate),
        "W2": Question('check_gate(user, "targeted")', gate),
        "W3": Question('get_dynamic_config(user, "divided").get("value", "")', config),
        "W4": Question('get_dynamic_config(user, "ladder").get("value", "")', config),
        "W5": Question('check_gate(user, "members")', gate),
        "W6": Question('get_dynamic_config(user, "object").value', config),
        "W7": Question(
            "[check_gate(user, key) for key in keys]", {**gate, "keys": [flag.key for flag in MANY_FLAGS]}
        ),
    }
    return Engine(
        "Statsig",
        ("statsig-python-core",),
        "Specs from a data store in this process, network and event logging off, `StatsigUser` built "
        "beforehand; W3, W4 and W6 are dynamic configs; W7 is a loop.",
        user_of,
        native,
        None,
        "no OpenFeature provider for the Rust core on PyPI",
    )


def user_of(user: User) -> StatsigUser:
    """A user as the core takes it."""
    email, country = (str(user.attributes[name]) for name in ("email", "country"))
    custom = {name: user.attributes[name] for name in ("plan", "seats")}
    return StatsigUser(user_id=user.key, email=email, country=country, custom=custom)


def _started(specs: str) -> Statsig:
    options = StatsigOptions()
    options.data_store = _Store(specs)
    options.disable_network = True
    options.disable_all_logging = True
    options.output_log_level = "none"
    options.disable_country_lookup = True
    core = Statsig("secret-none", options)
    core.initialize().wait()
    return core


class _Specs:
    """Collects conditions, which rules name by a key of their own."""

    def __init__(self) -> None:
        self.conditions: dict[str, Any] = {_EVERYONE: _condition("public", None, None, None)}
        self.gates: dict[str, Any] = {}
        self.configs: dict[str, Any] = {}

    def where(self, kind: str, field: str | None, operator: str, value: Any, **more: Any) -> str:
        """The key of a condition."""
        key = str(len(self.conditions))
        self.conditions[key] = _condition(kind, field, operator, value, **more)
        return key

    def gate(self, name: str, *conditions: str) -> None:
        """A gate that is on where all conditions hold."""
        rule = _rule(name, conditions, True)
        self.gates[name] = _spec("feature_gate", name, False, [rule])

    def config(self, name: str, default: Any, rules: list[Any]) -> None:
        """A dynamic config."""
        self.configs[name] = _spec("dynamic_config", name, default, rules)

    def targeted(self, flag: TwoConditions) -> None:
        """A gate of two conditions."""
        self.gate(
            flag.key,
            self.where("user_field", "email", "str_ends_with_any", [flag.suffix]),
            self.where("user_field", "plan", "any", [flag.plan]),
        )

    def document(self) -> dict[str, Any]:
        """What its server would send."""
        return {
            "has_updates": True,
            "time": _TIME,
            "company_id": "bench",
            "feature_gates": self.gates,
            "dynamic_configs": self.configs,
            "layer_configs": {},
            "condition_map": self.conditions,
            "experiment_to_layer": {},
            "response_format": "dcs-v2",
        }


def _specs() -> dict[str, Any]:
    specs = _Specs()
    specs.gate("static", _EVERYONE)
    specs.targeted(MANY_FLAGS[0]._replace(key="targeted"))
    reached, split = 0, []
    for name, share in SHARES.items():
        reached += share * 10
        below = specs.where("user_bucket", None, "lt", reached, additionalValues={"salt": "divided"})
        split.append(_rule(name, [below], {"value": name}))
    specs.config("divided", {"value": ""}, split)
    ladder = [
        _rule(
            rule.serves,
            [
                specs.where("user_field", "country", "any", list(rule.countries)),
                specs.where("user_field", "plan", "any", [rule.plan]),
                specs.where("user_field", "seats", "gte", rule.seats),
            ],
            {"value": rule.serves},
        )
        for rule in LADDER
    ]
    specs.config("ladder", {"value": "none"}, ladder)
    specs.gate("members", specs.where("unit_id", None, "any", MEMBERS))
    specs.config("object", OBJECT, [])
    for flag in MANY_FLAGS:
        specs.targeted(flag)
    return specs.document()


def _condition(kind: str, field: str | None, operator: str | None, value: Any, **more: Any) -> Any:
    return {
        "type": kind,
        "field": field,
        "operator": operator,
        "targetValue": value,
        "additionalValues": {},
        "idType": "userID",
        **more,
    }


def _rule(name: str, conditions: Sequence[str], returns: Any) -> dict[str, Any]:
    return {
        "name": name,
        "id": name,
        "salt": name,
        "passPercentage": 100,
        "conditions": list(conditions),
        "returnValue": returns,
        "idType": "userID",
    }


def _spec(entity: str, name: str, default: Any, rules: list[Any]) -> dict[str, Any]:
    return {
        "type": entity,
        "entity": entity,
        "salt": name,
        "enabled": True,
        "defaultValue": default,
        "idType": "userID",
        "rules": rules,
    }


class InstanceLoading:
    """Takes specs over by a new instance, as a process that starts does."""

    def document(self, flags: Sequence[TwoConditions]) -> bytes:
        """What its server would send."""
        specs = _Specs()
        for flag in flags:
            specs.targeted(flag)
        return json.dumps(specs.document()).encode()

    def take(self, content: bytes, previous: Statsig | None) -> Statsig:
        """Start an instance on the specs."""
        return _started(content.decode())

    def is_on(self, taken: Statsig, key: str, user: User) -> bool:
        """Ask for one gate."""
        return bool(taken.check_gate(user_of(user), key))
