"""What the SDK tells its handlers, collected; and chance and generations made to order."""

from __future__ import annotations

import time
from random import Random

from openfeature import _event_support, api
from openfeature.client import OpenFeatureClient
from openfeature.event import EventDetails, EventHandler, ProviderEvent
from openfeature.provider import ProviderStatus

from burgee.wire.sync import GenerationEvent


class Longest(Random):
    """Chance that always says the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        return b


Told = list[tuple[float, ProviderEvent, EventDetails]]


class TakingNote:
    """A handler that collects the events of one kind."""

    def __init__(self, told: Told, event: ProviderEvent) -> None:
        self.told = told
        self.event = event

    def __call__(self, details: EventDetails) -> None:
        if details.provider_name == "burgee":
            self.told.append((time.monotonic(), self.event, details))


def listen() -> Told:
    """Every event of Burgee's from now on, with its moment."""
    told: Told = []
    for event in ProviderEvent:
        api.add_handler(event, TakingNote(told, event))
    return told


_submit = _event_support._submit_handler


def submit_in_order(handler: EventHandler, details: EventDetails) -> None:
    """Call at once what only takes note: the SDK's pool has several threads, which overtake each other."""
    if isinstance(handler, TakingNote):
        handler(details)
    else:
        _submit(handler, details)


def names(told: Told) -> list[str]:
    return [event.value.removeprefix("PROVIDER_") for _, event, _ in sorted(told, key=lambda one: one[0])]


def status(client: OpenFeatureClient | None = None) -> ProviderStatus:
    return (client or api.get_client()).get_provider_status()


def a_generation(number: int, *flags: str, reason: str = "config") -> GenerationEvent:
    return GenerationEvent("e", number, flags_changed=frozenset(flags), reason=reason)
