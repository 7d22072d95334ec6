"""A child, a grandchild, a child that hears events, and what each has open."""

from __future__ import annotations

import os
import sys
import threading
import time

from following import follow, make_provider, phase, say, wait_for_children
from openfeature import api
from openfeature.event import EventDetails, ProviderEvent


def sockets() -> set[str]:
    """The sockets that this process has open."""
    links = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except FileNotFoundError:
            continue
    return {link for link in links if link.startswith("socket:")}


if __name__ == "__main__":
    provider = make_provider()
    api.set_provider_and_wait(provider)
    phase()
    ours = sockets()
    child = os.fork()
    if child == 0:
        say(role="child", shared=len(ours & sockets()), knows=provider._heard.generation() is not None)
        heard = threading.Event()

        def note(details: EventDetails) -> None:
            say(role="child", event=details.flags_changed)
            heard.set()

        if sys.argv[1] == "postfork":
            provider.postfork()
            provider.postfork()
            until = time.monotonic() + 20
            while provider._heard.generation() is None and time.monotonic() < until:
                time.sleep(0.005)
            say(role="child", follows=provider._heard.generation() is not None)
        grandchild = os.fork()
        if grandchild == 0:
            follow("grandchild")
            os._exit(0)
        api.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, note)
        follow("child")
        worst = wait_for_children([grandchild])
        os._exit(worst if heard.wait(20) else 6)
    provider.postfork()
    follow("parent")
    code = wait_for_children([child])
    say(role="parent", threads=sum(t.name == "burgee-subscription" for t in threading.enumerate()))
    sys.exit(code)
