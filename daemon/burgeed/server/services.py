"""What the server is given by the daemon."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from burgee.flag import Origin
from burgeed.authority.registry import TokenRegistry
from burgeed.clock import Clock
from burgeed.control.event_log import EventLog
from burgeed.control.protocol import ControlPlane
from burgeed.control.recorded_contexts import RecordedContexts
from burgeed.geography.enrichment import Enrichment
from burgeed.server.authorization import Authorization
from burgeed.server.limits import Limits
from burgeed.server.sync_token import SyncToken
from burgeed.server.tls.following import FollowedCertificate
from burgeed.store.layers import LayerStore
from burgeed.store.publisher import Publisher
from burgeed.store.status import SourceStatus
from burgeed.tracking.events import TrackedEvents

if TYPE_CHECKING:
    # It loads the cryptography library, which a daemon without a store does without.
    from burgeed.audit.log import AuditLog

Position = tuple[int, int]
"""Line and column, both from 1."""


async def nowhere(origin: Origin) -> Position | None:
    """The position of an origin whose document nobody has."""
    return None


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the daemon that requests reach.

    Attributes:
        store: what is served.
        publisher: what of it is told to others.
        clock: time.
        sources: the status of every source, bottom layer first.
        locate: where an origin stands in its document; None where that is not known.
        version: Burgee's own.
        enrichment: adds the country to contexts; None where there is no database to tell it.
        event_streams: whether bulk answers say where to learn of changes.
        sync_token: what a client on TCP has to show for a whole snapshot; None lets nobody have one there.
        certificate: of the TCP port; None where it speaks plain HTTP.
        limits: of requests, connections and streams.
        tracked: takes the events that applications tell.
        control: what is set at run time; None where the daemon has no store.
        audit: who did what; None where the daemon has no store.
        tokens: None where the daemon has no store.
        events: what the control plane tells; None where the daemon has no store.
        recorded: the sample of contexts that evaluations were asked with; None where none is kept.
        authorization: who may ask for what; None is the rule of a daemon without a store: its own user on
            the Unix socket may everything, anybody near may evaluate.
    """

    store: LayerStore
    publisher: Publisher
    clock: Clock
    sources: Callable[[], Sequence[SourceStatus]]
    locate: Callable[[Origin], Awaitable[Position | None]] = nowhere
    version: str = ""
    enrichment: Enrichment | None = None
    event_streams: bool = True
    sync_token: SyncToken | None = None
    certificate: FollowedCertificate | None = None
    limits: Limits = field(default_factory=Limits)
    tracked: TrackedEvents = field(default_factory=TrackedEvents)
    control: ControlPlane | None = None
    audit: AuditLog | None = None
    tokens: TokenRegistry | None = None
    events: EventLog | None = None
    recorded: RecordedContexts | None = None
    authorization: Authorization | None = None
