"""Forks while the provider still initializes in the SDK's thread, which the children do not have."""

from __future__ import annotations

import os
import sys
import time

from following import LONGEST, follow, make_provider, say, wait_for_children
from openfeature import api
from openfeature.provider import ProviderStatus

if __name__ == "__main__":
    api.set_provider(make_provider(initialize_deadline=LONGEST))
    children = []
    for number in range(2):
        child = os.fork()
        if child == 0:
            say(role=f"child {number}", status=api.get_client().get_provider_status().value)
            until = time.monotonic() + LONGEST
            while api.get_client().get_provider_status() is not ProviderStatus.READY:
                api.get_client().get_string_value("phase", "none")
                time.sleep(0.01)
                if time.monotonic() > until:
                    os._exit(7)
            follow(f"child {number}")
            os._exit(0)
        children.append(child)
    follow("parent")
    sys.exit(wait_for_children(children))
