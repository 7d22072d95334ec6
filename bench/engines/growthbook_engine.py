"""GrowthBook's Python SDK."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any

from growthbook import GrowthBook
from growthbook_openfeature_provider import GrowthBookProvider, GrowthBookProviderOptions

from engines.engine import Engine, Question
from engines.workloads import (
    LADDER,
    MANY_FLAGS,
    MEMBERS,
    OBJECT,
    SHARES,
    WORKLOADS,
    YES,
    TwoConditions,
    User,
)


def engine() -> Engine:
    """GrowthBook with all features."""
    features = _features()
    # One set of parsed features for all users, as an application would share them.
    parsed = GrowthBook(features=features).get_features()

    def bound(user: User) -> GrowthBook:
        return GrowthBook(attributes=attributes_of(user), features=parsed)

    native = {
        workload.name: Question("user.is_on(key)", {"key": workload.key})
        if workload.kind == "boolean"
        else Question(
            "user.get_feature_value(key, default)", {"key": workload.key, "default": workload.default}
        )
        for workload in WORKLOADS[:-1]
    }
    native["W7"] = Question("[user.is_on(key) for key in keys]", {"keys": [flag.key for flag in MANY_FLAGS]})
    return Engine(
        "GrowthBook",
        ("growthbook", "growthbook-openfeature-provider"),
        "Native is a `GrowthBook` bound to the user beforehand; `$regex` stands for ends-with, which it does "
        "not have; no bulk call. Its provider fetches over HTTP when it starts: the client inside was given "
        "the features instead. The provider runs an event loop for each evaluation.",
        bound,
        native,
        _provider(features),
    )


def attributes_of(user: User) -> dict[str, Any]:
    """A user's attributes."""
    return {"id": user.key, **user.attributes}


def _provider(features: dict[str, Any]) -> GrowthBookProvider:
    from growthbook.growthbook_client import GrowthBookClient

    asyncio.set_event_loop(asyncio.new_event_loop())
    provider = GrowthBookProvider(GrowthBookProviderOptions("http://127.0.0.1:9", "none"))
    client = GrowthBookClient(options=provider.gb_options)
    asyncio.get_event_loop().run_until_complete(client.set_payload({"features": features}))
    provider.client = client
    provider.initialized = True
    # The SDK calls it without waiting for what it returns.
    provider.initialize = lambda context: None
    return provider


def _features() -> dict[str, Any]:
    ladder = [
        {
            "condition": {
                "country": {"$in": list(rule.countries)},
                "plan": rule.plan,
                "seats": {"$gte": rule.seats},
            },
            "force": rule.serves,
        }
        for rule in LADDER
    ]
    split = {
        "variations": list(SHARES),
        "weights": [share / 100 for share in SHARES.values()],
        "hashAttribute": "id",
        "key": "divided",
    }
    return {
        "static": {"defaultValue": True},
        "targeted": _targeted(MANY_FLAGS[0]),
        "divided": {"defaultValue": "a", "rules": [split]},
        "ladder": {"defaultValue": "none", "rules": ladder},
        "members": {
            "defaultValue": False,
            "rules": [{"condition": {"id": {"$in": MEMBERS}}, "force": True}],
        },
        "object": {"defaultValue": OBJECT},
        **{flag.key: _targeted(flag) for flag in MANY_FLAGS},
    }


def _targeted(flag: TwoConditions) -> dict[str, Any]:
    condition = {"email": {"$regex": re.escape(flag.suffix) + "$"}, "plan": flag.plan}
    return {"defaultValue": False, "rules": [{"condition": condition, "force": True}]}


class FeatureLoading:
    """Takes a payload over: JSON, then the features of a new `GrowthBook`."""

    def document(self, flags: Sequence[TwoConditions]) -> bytes:
        """The payload of its API."""
        return json.dumps({"features": {flag.key: _targeted(flag) for flag in flags}}).encode()

    def take(self, content: bytes, previous: GrowthBook | None) -> GrowthBook:
        """Parse the features."""
        return GrowthBook(attributes=attributes_of(YES), features=json.loads(content)["features"])

    def is_on(self, taken: GrowthBook, key: str, user: User) -> bool:
        """Ask for one flag."""
        taken.set_attributes(attributes_of(user))
        return taken.is_on(key)
