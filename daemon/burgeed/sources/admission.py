"""Whether what a look found may be read: patiently, since files and manifest are not saved at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from burgee.fault import Fault
from burgeed.bundles.errors import BundleRefused
from burgeed.bundles.manifest import Bundle
from burgeed.clock import Clock
from burgeed.reading.messages import SourceFile
from burgeed.sources.following import GONE_AFTER, View

GRACE = 2 * GONE_AFTER
"""Seconds in which files and manifest that do not belong together may come to: no fault is told before.

A file that is taken away counts as there for GONE_AFTER, whatever the manifest says.
"""


class Policy(Protocol):
    """Who may sign what; :class:`burgeed.bundles.policy.BundlePolicy` is one. Its methods block."""

    def admit(self, source: str, files: Sequence[tuple[str, bytes]], manifest: tuple[str, bytes]) -> Bundle:
        """Verify bytes that are about to be read. Raises BundleRefused."""
        ...

    def accept(self, source: str, bundle: Bundle, manifest_path: str) -> None:
        """Remember that the bundle is served from now on. Raises BundleRefused."""
        ...


class Admission:
    """What one source's policy says of each look.

    Attributes:
        faults: why what was looked at last may not be read, and has not been for a while; empty where there
            is nothing to tell, or not yet.
        next_look: when to look again at the latest, on the monotonic clock; None if nothing presses.

    Args:
        source: the source's name.
        policy: decides.
        clock: for the grace.
    """

    def __init__(self, source: str, policy: Policy, clock: Clock) -> None:
        self.faults: tuple[Fault, ...] = ()
        self.next_look: float | None = None
        self._source = source
        self._policy = policy
        self._clock = clock
        self._seen: tuple[tuple[SourceFile, ...], SourceFile | None] | None = None
        self._bundle: Bundle | None = None
        self._accepted: Bundle | None = None
        self._refused: tuple[Fault, ...] = ()
        self._refused_since: float | None = None

    async def admits(self, view: View) -> bool:
        """Whether the files of a view may be read, as their bytes are."""
        seen = view.files, view.manifest
        if view.manifest is None:
            return False
        if seen != self._seen:
            self._bundle, self._refused = None, ()
            try:
                self._bundle = await asyncio.to_thread(
                    self._policy.admit, self._source, view.files, view.manifest
                )
            except BundleRefused as refusal:
                self._refused = refusal.faults
            self._seen = seen
        self._judge(self._refused)
        return self._bundle is not None

    async def accepts(self, view: View) -> bool:
        """Whether the view that was admitted last may be served; from then on nothing older may."""
        bundle, manifest = self._bundle, view.manifest
        if bundle is None or manifest is None:
            return False
        if bundle is not self._accepted:
            try:
                await asyncio.to_thread(self._policy.accept, self._source, bundle, manifest.path)
            except BundleRefused as refusal:
                self.faults = refusal.faults
                return False
            self._accepted = bundle
        return True

    def reload(self) -> None:
        """Decide anew of what was looked at last."""
        self._seen = None

    def _judge(self, faults: tuple[Fault, ...]) -> None:
        now = self._clock.monotonic()
        if not faults:
            self._refused_since = None
        elif self._refused_since is None:
            self._refused_since = now
        until = None if self._refused_since is None else self._refused_since + GRACE
        waits = until is not None and now < until
        self.next_look = until if waits else None
        self.faults = () if waits else faults
