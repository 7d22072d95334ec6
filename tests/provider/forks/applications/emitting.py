"""Forks again and again while events are told to the SDK; each child has to be able to tell one too."""

from __future__ import annotations

import os
import sys
import threading
import time

from following import make_provider, say, wait_for_children
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider, forks
from openfeature.contrib.provider.burgee.announcements import ConfigurationChanged
from openfeature.event import ProviderEvent, ProviderEventDetails

from burgee.generation import Generation

FORKS = 40
CLIENTS = 50
"""Clients with handlers, which the SDK goes through under its lock."""


def tell_one(provider: BurgeeProvider) -> None:
    """In a child: tell an event, and end."""
    told = threading.Event()
    sdk = provider._on_emit

    def on_emit(*event: object) -> None:
        sdk(*event)
        told.set()

    provider.attach(on_emit)
    change = ConfigurationChanged(("phase",), "made up", Generation("made-up", 1))
    provider._lifecycle.announcer.announce(change)
    os._exit(0 if told.wait(20) else 9)


if __name__ == "__main__":
    provider = make_provider()
    api.set_provider_and_wait(provider)
    for number in range(CLIENTS):
        api.get_client(f"client {number}").add_handler(ProviderEvent.PROVIDER_ERROR, lambda _: None)
    over = threading.Event()

    def emit() -> None:
        while not over.is_set():
            with forks.emission():
                provider.emit(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, ProviderEventDetails())

    threads = [threading.Thread(target=emit) for _ in range(2)]
    for thread in threads:
        thread.start()
    children = []
    for _ in range(FORKS):
        child = os.fork()
        if child == 0:
            tell_one(provider)
        children.append(child)
        time.sleep(0.001)
    worst = wait_for_children(children)
    over.set()
    for thread in threads:
        thread.join()
    say(role="parent", worst=worst)
    sys.exit(worst)
