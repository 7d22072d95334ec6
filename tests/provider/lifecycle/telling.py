"""What the SDK tells its handlers, collected; and chance and generations made to order."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random

from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.event import EventDetails, ProviderEvent
from openfeature.provider import ProviderStatus

from burgee.wire.sync import GenerationEvent


class Longest(Random):
    """Chance that always says the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        return b


Told = list[tuple[float, ProviderEvent, EventDetails]]


def listen() -> Told:
    """Every event of Burgee's from now on, with its moment."""
    told: Told = []

    def handler(event: ProviderEvent) -> Callable[[EventDetails], None]:
        def take(details: EventDetails) -> None:
            if details.provider_name == "burgee":
                told.append((time.monotonic(), event, details))

        return take

    for event in ProviderEvent:
        api.add_handler(event, handler(event))
    return told


def names(told: Told) -> list[str]:
    return [event.value.removeprefix("PROVIDER_") for _, event, _ in sorted(told, key=lambda one: one[0])]


def status(client: OpenFeatureClient | None = None) -> ProviderStatus:
    return (client or api.get_client()).get_provider_status()


def a_generation(number: int, *flags: str, reason: str = "config") -> GenerationEvent:
    return GenerationEvent("e", number, flags_changed=frozenset(flags), reason=reason)
