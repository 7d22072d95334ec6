"""Puts together the resolver that the options ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from burgee.wire.sync import GenerationEvent

from . import forks
from .clock import Clock, Random
from .download import Downloader
from .fallback import Fallback
from .head_and_stream import HeadAndStream
from .knowledge import Knowledge
from .newest_snapshot import NewestSnapshot
from .options import Options
from .remote import RemoteResolver
from .resolver import Resolver
from .shared.place import shared_places
from .shared.watch import HeadWatch
from .transports.endpoint import Whereabouts


def make_resolver(
    options: Options, places: Sequence[Whereabouts], heard: Knowledge, clock: Clock, random: Random
) -> tuple[Resolver, Callable[[], bool]]:
    """Make the resolver, and what tells whether it could answer something without the daemon.

    Args:
        options: of the provider.
        places: where the daemon may be.
        heard: what the event stream says.
        clock: for all waits, and the time of evaluations.
        random: for jitter.

    Raises:
        OptionsError: the bootstrap file cannot be read.
    """
    addresses = [place.address for place in places]
    in_process = options.resolver == "in-process"
    shared = shared_places(addresses, options.runtime_dir)
    watch = HeadWatch(shared, clock, reads=in_process)
    knowledge = HeadAndStream(watch, heard)
    fallback = Fallback(options, clock, random)
    downloader = Downloader(places, options.token, clock)
    newest = NewestSnapshot(
        watch, knowledge, fallback, downloader, clock, random, downloads=in_process or fallback.keeps
    )

    def remote() -> RemoteResolver:
        # Where no head can be, the stream is all that there is to know by, and is asked without a detour.
        known_by = knowledge if shared else heard
        return RemoteResolver(options, tuple(places), clock, random, known_by, newest.stand_in)

    if not in_process:
        return RemoteFirst(remote(), newest), newest.can_answer
    with forks.importing():
        from .in_process import InProcessResolver  # here, since it brings all that evaluates
    return InProcessResolver(newest, remote, options.selector, clock), newest.can_answer


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
