"""The same questions through the OpenFeature client, each provider in a domain of its own."""

from __future__ import annotations

from openfeature import api

from engines.engine import Engine, Question
from engines.in_memory import ConstantProvider
from engines.workloads import WORKLOADS, YES

FLOOR = "client alone (constant provider)"


def questions(engine: Engine) -> dict[str, Question]:
    """W1 to W6 through the client; there is no call for many flags at once."""
    if engine.provider is None:
        return {}
    api.set_provider_and_wait(engine.provider, domain=engine.name)
    client = api.get_client(engine.name)
    return {
        workload.name: Question(
            "ask(key, default, user)",
            {
                "ask": getattr(client, f"get_{workload.kind}_value"),
                "key": workload.key,
                "default": workload.default,
            },
        )
        for workload in WORKLOADS[:-1]
    }


def floor() -> dict[str, Question]:
    """The client with a provider that says what it always says."""
    found = {}
    for workload in WORKLOADS[:-1]:
        domain = f"floor {workload.name}"
        value = "a" if workload.yes is None else workload.yes
        api.set_provider_and_wait(ConstantProvider(value), domain=domain)
        names = {
            "ask": getattr(api.get_client(domain), f"get_{workload.kind}_value"),
            "key": workload.key,
            "default": workload.default,
        }
        found[workload.name] = Question("ask(key, default, user)", names)
        answer = found[workload.name].answer(None)
        if answer != value:
            raise RuntimeError(f"{domain}: {answer!r} of {YES.key}")
    return found


def close() -> None:
    """Shut every provider down."""
    api.shutdown()
