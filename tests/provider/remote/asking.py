"""Asks a resolver, blocking or in an event loop, as one thing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from openfeature.contrib.provider.burgee.remote import RemoteResolver

from burgee.resolution import Resolution
from burgee.value import FlagType


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
            return resolver.resolve(flag_key, flag_type, context or {})
        return asyncio.run(resolver.resolve_async(flag_key, flag_type, context or {}))

    def prefetch(self, resolver: RemoteResolver, context: Mapping[str, Any]) -> int:
        """Ask for all flags."""
        if self.way == "blocking":
            return resolver.prefetch(context)
        return asyncio.run(resolver.prefetch_async(context))
