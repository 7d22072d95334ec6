"""Starts every part of the daemon, keeps all of them running or none, and ends them in order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from burgee.flag import Origin
from burgee.snapshot import Snapshot
from burgeed.clock import Clock
from burgeed.geography.attributes import needs_daemon
from burgeed.geography.database import DatabaseUnusable
from burgeed.geography.enrichment import Enrichment
from burgeed.geography.following import FollowedDatabase
from burgeed.reading.process import ReaderFailed, ReaderProcess
from burgeed.runtime import logs
from burgeed.runtime.edges import announce_edges
from burgeed.runtime.responsiveness import share_the_interpreter, spare_the_first_load
from burgeed.runtime.sink import SourceSink
from burgeed.runtime.state import open_counter, open_shared_directory, own_runtime_directory
from burgeed.runtime.tracked_events import open_tracked_events
from burgeed.server.app import build_application
from burgeed.server.listeners import Listeners
from burgeed.server.services import Services
from burgeed.server.sync_token import SyncToken, TokenUnusable
from burgeed.server.unix_socket import ListenError, UnixAddress
from burgeed.settings.model import Settings
from burgeed.sources.protocol import Source
from burgeed.sources.uri import SourceError, from_uri
from burgeed.store.directory import DirectoryUnusable
from burgeed.store.layers import LayerStore
from burgeed.store.publisher import Publisher
from burgeed.store.sharing import Sharing
from burgeed.store.status import SourceStatuses
from burgeed.tracking.events import TrackedEvents
from burgeed.tracking.file import EventFileUnusable

FIRST_WORDS = 5.0
"""Seconds that the line of JSON waits for every source's first word, so that who reads it finds flags."""

LONGEST_END = 8.0
"""Seconds from the signal until what still runs is cut off."""

_log = logging.getLogger(__name__)


class SidecarFailed(Exception):
    """The daemon could not start, or a part of it broke; the text is for a person.

    Args:
        wrong_settings: whether the settings are to blame.
    """

    def __init__(self, message: str, *, wrong_settings: bool = False) -> None:
        super().__init__(message)
        self.wrong_settings = wrong_settings


@dataclass(frozen=True, slots=True)
class Serving:
    """Where the daemon serves, and what.

    Attributes:
        socket: the Unix socket's path.
        http: ``http://HOST:PORT``; None where it is switched off.
        management: the same for health only; None where there is none.
        ready: whether it evaluates already, or waits for a source.
        snapshot: what it serves, if it is ready.
    """

    socket: str
    http: str | None
    management: str | None
    ready: bool
    snapshot: Snapshot

    def line(self) -> dict[str, str | int | None]:
        """What is printed for scripts."""
        return {
            "socket": self.socket,
            "http": self.http,
            "management": self.management,
            "pid": os.getpid(),
            "generation": str(self.snapshot.generation) if self.ready else None,
        }


def serve(settings: Settings, clock: Clock, announce: Callable[[Serving], None]) -> None:
    """Serve until SIGTERM or SIGINT; a second one ends the process at once. SIGHUP reads all sources again.

    Args:
        announce: called once, when the daemon serves.

    Raises:
        SidecarFailed: a part could not start, or broke.
    """
    logs.configure(settings.log_format, clock.wall)
    share_the_interpreter()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(Sidecar(settings, clock, announce).run())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's event loop where it is at hand, or else None for asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class Sidecar:
    """One run of the daemon."""

    def __init__(self, settings: Settings, clock: Clock, announce: Callable[[Serving], None]) -> None:
        self._settings = settings
        self._clock = clock
        self._announce = announce
        self._statuses = SourceStatuses(settings.sources, clock.wall)
        self._stopping = asyncio.Event()
        self._spoken = asyncio.Event()
        self._sources: dict[str, Source] = {}
        self._tracked = TrackedEvents()
        self._sync_token = None if settings.sync_token_file is None else SyncToken(settings.sync_token_file)
        self._countries = None if settings.geoip is None else FollowedDatabase(settings.geoip, clock)

    async def run(self) -> None:
        """Serve until told to stop. Raises SidecarFailed."""
        self._follow_signals()
        try:
            async with AsyncExitStack() as stack:
                await self._start(stack)
        except SourceError as error:
            raise SidecarFailed(str(error), wrong_settings=True) from error
        except DatabaseUnusable as error:
            raise SidecarFailed(f"--geoip: {error}", wrong_settings=True) from error
        except EventFileUnusable as error:
            raise SidecarFailed(f"--track: {error}; name another file", wrong_settings=True) from error
        except TokenUnusable as error:
            raise SidecarFailed(f"--sync-token-file: {error}", wrong_settings=True) from error
        except (DirectoryUnusable, ReaderFailed, ListenError) as error:
            raise SidecarFailed(str(error)) from error
        except BaseExceptionGroup as group:
            for leaf in _leaves(group):
                _log.critical("a part of the daemon broke", extra={"error": repr(leaf)})
            raise SidecarFailed("a part of the daemon broke; the log says which") from group
        _log.info("ended")

    async def _start(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        if self._countries is not None:
            await self._countries.open()
        self._tracked = open_tracked_events(settings, stack)
        if self._sync_token is not None:
            await self._sync_token.check()
        stack.callback(own_runtime_directory(settings))
        counter = open_counter(settings, stack)
        store = LayerStore(
            [source.uri for source in settings.sources],
            optional=[source.uri for source in settings.sources if source.optional],
            next_generation=counter.next,
            fixed=settings.fixed,
            fractional_version=settings.fractional_version,
        )
        stack.callback(store.close)
        publisher = Publisher(
            store,
            sharing=Sharing(partial(open_shared_directory, settings), self._clock),
            needs_daemon=needs_daemon if self._countries is not None else lambda snapshot: frozenset(),
        )
        reader = ReaderProcess()
        stack.push_async_callback(reader.close)
        await reader.start()
        for source in settings.sources:
            self._sources[source.uri] = from_uri(source.uri, reader=reader, clock=self._clock)
        listeners = Listeners(
            build_application(self._services(store, publisher)),
            unix=UnixAddress(settings.socket, settings.socket_mode, settings.socket_group),
            listen=settings.listen,
            management=settings.management,
            allowed_hosts=settings.allowed_hosts,
        )
        stack.push_async_callback(listeners.close)
        await listeners.start()
        # Given back before the socket is: the next daemon on this socket finds the directory free.
        stack.push_async_callback(publisher.close)
        await self._live(store, publisher, listeners)

    async def _live(self, store: LayerStore, publisher: Publisher, listeners: Listeners) -> None:
        """Everything that runs side by side: all of it, or none."""
        async with asyncio.TaskGroup() as group:
            publishing = group.create_task(publisher.run())
            tasks = [group.create_task(spare_the_first_load(publisher))]
            for name, source in self._sources.items():
                sink = SourceSink(name, store, self._statuses, self._heard)
                tasks += [group.create_task(sink.run()), group.create_task(source.follow(sink))]
            tasks.append(group.create_task(announce_edges(store, self._clock)))
            if self._countries is not None:
                announce = partial(announce_countries, store)
                tasks.append(group.create_task(self._countries.follow(announce)))
            await self._first_words(publisher)
            self._announce_serving(store, listeners)
            await self._stopping.wait()
            _log.info("ending")
            publishing.cancel()
            await asyncio.wait({publishing})
            await publisher.close()
            await self._end(listeners)
            for task in tasks:
                task.cancel()

    def _services(self, store: LayerStore, publisher: Publisher) -> Services:
        countries = self._countries
        return Services(
            store=store,
            publisher=publisher,
            clock=self._clock,
            sources=self._statuses.all,
            locate=self._locate,
            version=_version(),
            enrichment=None if countries is None else Enrichment(countries, self._settings.fixed),
            sync_token=self._sync_token,
            tracked=self._tracked,
        )

    async def _locate(self, origin: Origin) -> tuple[int, int] | None:
        source = self._sources.get(origin.source)
        if source is None or origin.file is None:
            return None
        [position] = await source.locate(origin.file, [origin.path])
        return position

    def _heard(self) -> None:
        if all(status.state != "waiting" for status in self._statuses.all()):
            self._spoken.set()

    async def _first_words(self, publisher: Publisher) -> None:
        """Wait for every source to speak and for the first snapshot, for a while, unless told to stop."""

        async def published() -> None:
            await self._spoken.wait()
            await publisher.first(FIRST_WORDS)

        waits = [asyncio.ensure_future(each) for each in (published(), self._stopping.wait())]
        try:
            await asyncio.wait(waits, timeout=FIRST_WORDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _announce_serving(self, store: LayerStore, listeners: Listeners) -> None:
        addresses = listeners.addresses
        self._announce(
            Serving(
                str(self._settings.socket),
                next(iter(addresses.http), None),
                next(iter(addresses.management), None),
                store.ready,
                store.snapshot,
            )
        )

    async def _end(self, listeners: Listeners) -> None:
        """Not ready first, then streams ended, then requests in flight answered."""
        try:
            async with asyncio.timeout(LONGEST_END):
                await listeners.close()
        except TimeoutError:
            _log.warning("requests in flight are cut off", extra={"after_seconds": LONGEST_END})

    def _follow_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    def _stop(self, number: signal.Signals) -> None:
        if self._stopping.is_set():
            os._exit(128 + number)
        self._stopping.set()

    def _reload(self) -> None:
        _log.info("reading all sources again")
        for source in self._sources.values():
            source.reload()
        if self._countries is not None:
            self._countries.reload()
        self._tracked.reopen()


def announce_countries(store: LayerStore) -> None:
    """Publish a new generation, since another database of countries is used from now on."""
    publication = store.announce_outside(needs_daemon(store.snapshot))
    if publication is not None:
        _log.info(
            "published a new generation",
            extra={
                "reason": "another database of countries",
                "generation": str(publication.snapshot.generation),
                "flags_changed": len(publication.flags_changed),
            },
        )


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves


def _version() -> str:
    try:
        return version("burgee")
    except PackageNotFoundError:
        return "unknown"
