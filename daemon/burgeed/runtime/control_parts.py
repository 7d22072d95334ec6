"""The parts of the control plane, made and opened from the settings where these name a store."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from burgeed.audit.errors import KeyUnusable
from burgeed.audit.modes import MODES, refusal_to_start, runs_in_fips_mode
from burgeed.authority.peers import PeerRoles
from burgeed.authority.registry import TokenRegistry
from burgeed.clock import Clock
from burgeed.control.demands import demands_of
from burgeed.control.event_log import EventLog
from burgeed.control.last_known import Files, LastKnownState
from burgeed.control.plane import RANDOM, Plane
from burgeed.control.schema import MIGRATIONS
from burgeed.database.errors import DatabaseError, DatabaseUnavailable, DatabaseUnusable
from burgeed.database.opening import OpenableDatabase, database_of
from burgeed.database.protocol import Database
from burgeed.database.sqlite import SqliteDatabase
from burgeed.jitter import full_jitter
from burgeed.runtime.denials import Denials
from burgeed.server.authorization import Authorization
from burgeed.server.sync_token import SyncToken
from burgeed.server.token_audit import recorded_tokens
from burgeed.settings.model import Settings
from burgeed.store.layers import LayerStore
from burgeed.store.publisher import Publisher

if TYPE_CHECKING:
    # They load the cryptography library, which a daemon without a store does without.
    from burgeed.audit.journal import Journal
    from burgeed.audit.log import AuditLog
    from burgeed.control.erasing import HistoryReach

TOKENS_REFRESHED_EVERY: Final = 1.0
"""Seconds between two looks for tokens that another daemon on the same database made or revoked."""

FIRST_RETRY, LONGEST_RETRY = 0.1, 10.0
"""Seconds at most before a database that is away is asked again, after the first failure and after many."""

_log = logging.getLogger(__name__)


class ControlUnusable(Exception):
    """The settings ask for what cannot be; the text names the option and the remedy."""


@dataclass(slots=True)
class ControlParts:
    """What is there where the daemon has a store.

    Attributes:
        is_open: whether what is kept has been read and is served.
    """

    database: Database
    plane: Plane
    tokens: TokenRegistry
    audit: AuditLog
    events: EventLog
    denials: Denials
    clock: Clock
    reach: HistoryReach
    is_open: bool = False

    def running(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What runs side by side until it is cancelled."""
        yield self.plane.follow()
        yield self.audit.run()
        yield self.denials.run(self.audit)
        yield self._follow_tokens()

    def share_through(self, publisher: Publisher) -> None:
        """Have what was shared before go with who is erased, and what subscribers were told."""

        async def forget() -> None:
            self.events.forget()
            await publisher.forget_older()

        self.reach.also(forget)

    async def open(self) -> None:
        """Read what is kept and serve it; while the database is away, again and again."""
        await self.plane.open()
        await self._until_it_answers(self.tokens.open)
        self.events.begin(self.plane.state.revision)
        self.is_open = True

    async def _follow_tokens(self) -> None:
        while True:
            await self.clock.sleep(TOKENS_REFRESHED_EVERY)
            await self._until_it_answers(self.tokens.refresh)

    async def _until_it_answers(self, ask: Callable[[], Awaitable[None]]) -> None:
        attempt = 0
        while True:
            try:
                await ask()
                return
            except DatabaseError as error:
                if attempt == 0:
                    _log.warning("the store cannot be read: trying again", extra={"error": str(error)})
                await self.clock.sleep(full_jitter(RANDOM, attempt, FIRST_RETRY, LONGEST_RETRY))
                attempt += 1


@dataclass(frozen=True, slots=True)
class Store:
    """What is kept, and what keeps the record of it."""

    database: OpenableDatabase
    journal: Journal
    audit: AuditLog


async def open_store(
    settings: Settings, environment: Mapping[str, str], stack: AsyncExitStack, clock: Clock
) -> Store | None:
    """Open what the settings name; the stack closes it. None where they name none, and where nobody asked for
    the one in the state directory and it cannot be had.

    Raises:
        ControlUnusable: the settings ask for what cannot be.
        KeyUnusable: a key of the audit cannot be used.
        DatabaseUnusable: the database cannot be opened, whenever it is tried.
    """
    if settings.store is None:
        return None
    try:
        return await _open_store(settings, settings.store, environment, stack, clock)
    except (KeyUnusable, DatabaseUnusable) as error:
        if settings.store_stated:
            raise
        _log.warning(
            "no store: nothing can be set at run time; --state-dir or --store says where",
            extra={"reason": str(error)},
        )
        return None


async def _open_store(
    settings: Settings, uri: str, environment: Mapping[str, str], stack: AsyncExitStack, clock: Clock
) -> Store:
    from burgeed.audit.anchor import anchor_of
    from burgeed.audit.opening import keys_of, open_audit

    mode = MODES[settings.audit_mode]
    retention = settings.audit_retention or mode.least_retention
    try:
        anchors = [anchor_of(anchor) for anchor in settings.audit_anchors]
    except ValueError as error:
        raise ControlUnusable(f"--audit-anchor: {error}") from error
    why_not = refusal_to_start(
        mode, anchors=len(anchors), retention_days=retention, fips=mode.fips_required and runs_in_fips_mode()
    )
    if why_not is not None:
        raise ControlUnusable(f"--audit-mode: {why_not}")
    keys = await asyncio.to_thread(keys_of, settings, environment)
    database = database_of(uri, MIGRATIONS, clock=clock)
    stack.push_async_callback(database.close)
    try:
        await database.open()
    except DatabaseUnavailable as error:
        _log.warning("the store is not there yet", extra={"error": str(error)})
    audit = await open_audit(settings, keys, database, clock)
    return Store(database, audit.journal, audit)


def control_over(
    kept: Store, stack: AsyncExitStack, layers: LayerStore, clock: Clock, files: Files | None
) -> ControlParts:
    """The parts over what is kept; the stack ends them.

    Args:
        files: the state directory; beside a database elsewhere it keeps what is set, for a start without it.
    """
    from burgeed.control.erasing import HistoryReach

    database, journal = kept.database, kept.journal
    is_elsewhere = not isinstance(database, SqliteDatabase)
    events = EventLog(secrets.token_hex(8))
    plane = Plane(
        database,
        journal,
        layers,
        clock,
        tell=events.append,
        demands=demands_of(journal.mode),
        last_known=LastKnownState(files) if is_elsewhere and files is not None else None,
    )
    stack.push_async_callback(plane.close)
    tokens = TokenRegistry(database, clock, recorded_tokens(journal))
    reach = HistoryReach(database, clock, served=plane.beneath)
    kept.audit.reach = reach
    return ControlParts(database, plane, tokens, kept.audit, events, Denials(clock.wall), clock, reach)


def authorization_of(
    settings: Settings, control: ControlParts | None, sync_token: SyncToken | None, clock: Clock
) -> Authorization:
    """Who may ask for what, by these settings."""
    peers = PeerRoles(settings.admin_peers)
    if control is None:
        return Authorization(None, peers, settings.evaluation, sync_token=sync_token, clock=clock)
    return Authorization(
        control.tokens,
        peers,
        settings.evaluation,
        sync_token=sync_token,
        on_denied=control.denials.take,
        clock=clock,
    )
