"""The resolver that asks the daemon first, and has snapshots at hand for when it does not answer."""

from __future__ import annotations

from burgee.wire.sync import GenerationEvent

from .newest_snapshot import NewestSnapshot
from .remote import RemoteResolver


class RemoteFirst:
    """The remote resolver, and the snapshots that stand in for the daemon.

    Args:
        remote: asks the daemon.
        newest: where ``remote`` looks when the daemon does not answer.
    """

    def __init__(self, remote: RemoteResolver, newest: NewestSnapshot) -> None:
        self._remote = remote
        self._newest = newest
        # What evaluations call is the remote resolver's own: a step less.
        self.at_once = remote.at_once
        self.ask = remote.ask
        self.ask_async = remote.ask_async
        self.prefetch = remote.prefetch
        self.prefetch_async = remote.prefetch_async
        self.cache_statistics = remote.cache_statistics

    def daemon_said(self, event: GenerationEvent) -> None:
        """Let what is remembered end, and have the snapshot at hand before it is needed."""
        self._remote.daemon_said(event)
        self._newest.daemon_said(event)

    def daemon_is_silent(self) -> None:
        """Know nothing of what it serves."""
        self._newest.daemon_is_silent()

    def daemon_is_back(self) -> None:
        """Notice it at once."""
        self._newest.daemon_is_back()
        self._remote.daemon_is_back()

    def after_fork(self) -> None:
        """In a forked child: give up what belongs to the parent."""
        self._remote.after_fork()
        self._newest.after_fork()

    def close(self) -> None:
        """Give back what is held."""
        self._remote.close()
        self._newest.close()
