"""Asks a resolver, blocking or in an event loop, as one thing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from openfeature.contrib.provider.burgee.remote import RemoteResolver

from burgee.resolution import Resolution
from burgee.value import FlagType


def resolve(
    resolver: RemoteResolver, flag_key: str, flag_type: FlagType, context: Mapping[str, Any]
) -> Resolution:
    """Answer at once, else ask the daemon, as the provider does."""
    found = resolver.at_once(flag_key, flag_type, context)
    return resolver.ask(flag_key, flag_type, context) if found is None else found


async def resolve_async(
    resolver: RemoteResolver, flag_key: str, flag_type: FlagType, context: Mapping[str, Any]
) -> Resolution:
    """The same in an event loop."""
    found = resolver.at_once(flag_key, flag_type, context)
    return await resolver.ask_async(flag_key, flag_type, context) if found is None else found


class Asker:
    """Calls one way.

    Attributes:
        way: ``blocking`` or ``asynchronous``.
    """

    def __init__(self, way: str) -> None:
        self.way = way

    def ask(
        self,
        resolver: RemoteResolver,
        context: Mapping[str, Any] | None = None,
        flag_key: str = "flag",
        flag_type: FlagType = "boolean",
    ) -> Resolution:
        """One question."""
        if self.way == "blocking":
            return resolve(resolver, flag_key, flag_type, context or {})
        return asyncio.run(resolve_async(resolver, flag_key, flag_type, context or {}))

    def prefetch(self, resolver: RemoteResolver, context: Mapping[str, Any]) -> int:
        """Ask for all flags."""
        if self.way == "blocking":
            return resolver.prefetch(context)
        return asyncio.run(resolver.prefetch_async(context))
