"""Starts every part of the daemon, keeps all of them running or none, and ends them in order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from burgee.flag import Origin
from burgeed.clock import Clock
from burgeed.control.plane import RANDOM
from burgeed.control.planning.view import SOURCE as ADMIN
from burgeed.control.recorded_contexts import RecordedContexts
from burgeed.database.errors import DatabaseError
from burgeed.geography.attributes import needs_daemon
from burgeed.geography.enrichment import Enrichment
from burgeed.geography.following import FollowedDatabase
from burgeed.reading.process import ReaderProcess
from burgeed.runtime.announcement import Serving
from burgeed.runtime.control_parts import ControlParts, authorization_of, control_over, open_store
from burgeed.runtime.countries import announce_countries
from burgeed.runtime.edges import announce_edges
from burgeed.runtime.failures import told_as_failures
from burgeed.runtime.first_words import FirstWords
from burgeed.runtime.responsiveness import spare_the_first_load
from burgeed.runtime.signed_sources import policy_of
from burgeed.runtime.sink import SourceSink
from burgeed.runtime.state import open_shared_directory, open_state_directory, own_runtime_directory
from burgeed.runtime.tracked_events import open_tracked_events
from burgeed.runtime.transport import certificate_of
from burgeed.server.app import build_application
from burgeed.server.listeners import Listeners
from burgeed.server.services import Services
from burgeed.server.sync_token import SyncToken
from burgeed.server.tls.following import FollowedCertificate
from burgeed.server.unix_socket import UnixAddress
from burgeed.settings.model import Settings, SourceSetting
from burgeed.sources.protocol import Source
from burgeed.sources.uri import from_uri
from burgeed.store.layers import LayerStore
from burgeed.store.publisher import Publisher
from burgeed.store.sharing import Sharing
from burgeed.store.status import SourceStatuses
from burgeed.tracking.events import TrackedEvents

LONGEST_END = 8.0
"""Seconds from the signal until what still runs is cut off."""

_log = logging.getLogger(__name__)


class Sidecar:
    """One run of the daemon."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        announce: Callable[[Serving], None],
        *,
        environment: Mapping[str, str] | None = None,
        first_token: bool = False,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._announce = announce
        self._environment = environment or {}
        self._wants_first_token = first_token
        self._statuses = SourceStatuses((), clock.wall)
        self._stopping = asyncio.Event()
        self._first_words = FirstWords()
        self._sources: dict[str, Source] = {}
        self._tracked = TrackedEvents()
        self._sync_token = None if settings.sync_token_file is None else SyncToken(settings.sync_token_file)
        self._countries = None if settings.geoip is None else FollowedDatabase(settings.geoip, clock)
        self._certificate: FollowedCertificate | None = None

    async def run(self) -> None:
        """Serve until told to stop. Raises SidecarFailed."""
        self._follow_signals()
        with told_as_failures():
            async with AsyncExitStack() as stack:
                await self._start(stack)
        _log.info("ended")

    async def _start(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        self._certificate = certificate_of(settings, self._clock)
        if self._certificate is not None:
            await self._certificate.open()
        if self._countries is not None:
            await self._countries.open()
        self._tracked = open_tracked_events(settings, stack)
        if self._sync_token is not None:
            await self._sync_token.check()
        stack.callback(own_runtime_directory(settings))
        state = open_state_directory(settings, stack)
        kept = await open_store(settings, self._environment, stack, self._clock)
        layers = [*settings.sources, *([] if kept is None else [SourceSetting(ADMIN)])]
        policy = policy_of(settings, state.files)
        self._statuses = SourceStatuses([each[:2] for each in layers], self._clock.wall, policy)
        store = LayerStore(
            [source.uri for source in layers],
            optional=[source.uri for source in layers if source.optional],
            next_generation=state.counter.next,
            fixed=settings.fixed,
            fractional_version=settings.fractional_version,
        )
        stack.callback(store.close)
        control = None if kept is None else control_over(kept, stack, store, self._clock, state.files)
        publisher = Publisher(
            store,
            sharing=Sharing(partial(open_shared_directory, settings), self._clock),
            needs_daemon=needs_daemon if self._countries is not None else lambda snapshot: frozenset(),
            clock=self._clock,
        )
        if control is not None:
            control.share_through(publisher)
        reader = ReaderProcess()
        stack.push_async_callback(reader.close)
        await reader.start()
        for source in settings.sources:
            self._sources[source.uri] = from_uri(source.uri, reader=reader, clock=self._clock, policy=policy)
        listeners = Listeners(
            build_application(self._services(store, publisher, control)),
            unix=UnixAddress(settings.socket, settings.socket_mode, settings.socket_group),
            listen=settings.listen,
            management=settings.management,
            allowed_hosts=settings.allowed_hosts,
            certificate=self._certificate,
        )
        stack.push_async_callback(listeners.close)
        await listeners.start()
        # Given back before the socket is: the next daemon on this socket finds the directory free.
        stack.push_async_callback(publisher.close)
        await self._live(store, publisher, listeners, control)

    async def _live(
        self, store: LayerStore, publisher: Publisher, listeners: Listeners, control: ControlParts | None
    ) -> None:
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
            if self._certificate is not None:
                tasks.append(group.create_task(self._certificate.follow()))
            if control is not None:
                tasks.append(group.create_task(self._run_control(control)))
            await self._first_words.wait(store, publisher, self._stopping)
            self._announce_serving(store, listeners, await self._first_token(control))
            await self._stopping.wait()
            _log.info("ending")
            publishing.cancel()
            await asyncio.wait({publishing})
            await publisher.close()
            await self._end(listeners)
            for task in tasks:
                task.cancel()

    async def _run_control(self, control: ControlParts) -> None:
        async with asyncio.TaskGroup() as group:
            for each in control.running():
                group.create_task(each)
            await control.open()
            self._statuses.delivered(ADMIN, ())
            self._heard()

    async def _first_token(self, control: ControlParts | None) -> str | None:
        if control is None or not self._wants_first_token or not control.is_open:
            return None
        try:
            return await control.tokens.first_token()
        except DatabaseError as error:
            _log.warning("no first token can be made", extra={"error": str(error)})
            return None

    def _services(self, store: LayerStore, publisher: Publisher, control: ControlParts | None) -> Services:
        countries, settings = self._countries, self._settings
        return Services(
            store=store,
            publisher=publisher,
            clock=self._clock,
            sources=self._statuses.all,
            locate=self._locate,
            version=_version(),
            enrichment=None if countries is None else Enrichment(countries, settings.fixed),
            sync_token=self._sync_token,
            certificate=self._certificate,
            tracked=self._tracked,
            control=None if control is None else control.plane,
            audit=None if control is None else control.audit,
            tokens=None if control is None else control.tokens,
            events=None if control is None else control.events,
            recorded=RecordedContexts(settings.record_contexts, RANDOM) if settings.record_contexts else None,
            authorization=authorization_of(settings, control, self._sync_token, self._clock),
        )

    async def _locate(self, origin: Origin) -> tuple[int, int] | None:
        source = self._sources.get(origin.source)
        if source is None or origin.file is None:
            return None
        [position] = await source.locate(origin.file, [origin.path])
        return position

    def _heard(self) -> None:
        self._first_words.hear(self._statuses)

    def _announce_serving(self, store: LayerStore, listeners: Listeners, token: str | None) -> None:
        addresses = listeners.addresses
        self._announce(
            Serving(
                str(self._settings.socket),
                next(iter(addresses.http), None),
                next(iter(addresses.management), None),
                store.ready,
                store.snapshot,
                token,
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
        if self._certificate is not None:
            self._certificate.reload()
        self._tracked.reopen()


def _version() -> str:
    try:
        return version("burgee")
    except PackageNotFoundError:
        return "unknown"
