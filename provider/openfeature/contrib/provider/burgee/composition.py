"""Puts together the resolver that the options ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import forks
from .clock import Clock, Random
from .downloader import Downloader
from .fallback import Fallback
from .head_and_stream import HeadAndStream
from .knowledge import Knowledge
from .newest_snapshot import NewestSnapshot
from .options import Options
from .remote import RemoteResolver
from .remote_first import RemoteFirst
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
