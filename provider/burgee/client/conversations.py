"""What both clients have in common: everything but the waiting."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from openfeature.contrib.provider.burgee.address import Address, default_addresses, parse_address
from openfeature.contrib.provider.burgee.clock import Clock, Random, SystemClock
from openfeature.contrib.provider.burgee.last_snapshot import LastSnapshot
from openfeature.contrib.provider.burgee.tls_files import gather_tls_files
from openfeature.contrib.provider.burgee.transports.endpoint import Whereabouts
from openfeature.contrib.provider.burgee.transports.idle import IdleConnections

from burgee.client.evaluator import CONCERNS, Evaluator, keep_current
from burgee.client.event_reader import EventReader, StreamReader
from burgee.client.following import SILENT_AFTER, Progress, follow
from burgee.client.selection import Selection
from burgee.client.socket_reader import SocketReader
from burgee.client.steps import Steps
from burgee.context import Context
from burgee.resolution import Resolution
from burgee.wire.control_events import Position

Over: TypeAlias = Literal["sse", "websocket"]


class Conversations:
    """A client without its driver.

    Args:
        address: ``unix:///path``, ``http://host:port`` or ``https://host:port``; None is ``BURGEE_ADDRESS``,
            else wherever a daemon of this machine listens.
        token: of a principal that may read; None is ``BURGEE_TOKEN``, else none.
        selector: which flag set is evaluated.
        last_snapshot: a file in which the newest snapshot is kept, and found again by the next start.
        over: how events come: as server-sent events, or over a WebSocket.
        silence: seconds without a byte after which the daemon is taken for silent.
        ca: for ``https``, a file with the authorities that the daemon's certificate has to come from, in PEM;
            None is ``BURGEE_CA``, else the system's. Names and authorities are always verified.
        certificate: for ``https``, a file with what is shown to a daemon that wants a client's certificate;
            None is ``BURGEE_CERTIFICATE``, else nothing.
        certificate_key: its private key, not encrypted; None is ``BURGEE_CERTIFICATE_KEY``, else in the same
            file.
        clock: for all waits.
        random: for jitter.

    Raises:
        ValueError: an option means nothing (AddressError, the address).
    """

    def __init__(
        self,
        address: str | None = None,
        token: str | None = None,
        *,
        selector: str = "",
        last_snapshot: str | os.PathLike[str] | None = None,
        over: Over = "sse",
        silence: float = SILENT_AFTER,
        ca: str | os.PathLike[str] | None = None,
        certificate: str | os.PathLike[str] | None = None,
        certificate_key: str | os.PathLike[str] | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        if over not in ("sse", "websocket"):
            raise ValueError(f"over is 'sse' or 'websocket', not {over!r}")
        if not silence > 0:
            raise ValueError(f"silence is a number of seconds above 0, not {silence!r}")
        token = os.environ.get("BURGEE_TOKEN", "") if token is None else token
        if not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError("the token holds what no token does: write one word of visible ASCII")
        text = address or os.environ.get("BURGEE_ADDRESS")
        addresses = (parse_address(text),) if text else default_addresses(os.environ)
        files = gather_tls_files(os.environ, ca=ca, certificate=certificate, certificate_key=certificate_key)
        self._clock: Clock = clock or SystemClock()
        self._random: Random = random or Random()
        self._silence = silence
        self._over = over
        self._token = token
        self._places = tuple(Whereabouts(each, self._clock, files) for each in addresses)
        self._idle = IdleConnections()
        last = None
        if last_snapshot is not None:
            last = LastSnapshot(Path(last_snapshot), self._clock, self._random)
        self._evaluator = Evaluator(selector, last, self._clock)
        self._progress = Progress()
        self._prepare()

    def _prepare(self) -> None:
        """Make what the driver needs."""
        raise NotImplementedError

    def evaluate(self, flag_key: str, context: Context | None = None) -> Resolution:
        """Answer from the last snapshot: at once, without the daemon, never raising.

        PROVIDER_NOT_READY where there is no snapshot yet, and for flags that only the daemon can evaluate.
        """
        return self._evaluator.evaluate(flag_key, context or {})

    @property
    def connected(self) -> bool:
        """Whether the snapshot is being kept current by a daemon that speaks."""
        return self._progress.connected

    @property
    def stale_for(self) -> float:
        """Seconds since the daemon was heard last, infinite where it never was.

        0 while it speaks and the snapshot that it serves is held.
        """
        if self._progress.connected and self._evaluator.is_current:
            return 0.0
        return max(0.0, self._clock.monotonic() - self._progress.heard_at)

    @property
    def diagnosis(self) -> str:
        """What kept the daemon from being followed, last time."""
        return self._progress.diagnosis

    def _follow(self, selection: Selection, progress: Progress, *, insist: bool = False) -> Steps:
        """Follow what is selected, from where the progress is."""

        def open_stream(address: Address, position: Position | None) -> StreamReader:
            headers: list[tuple[str, str]] = []
            if self._token:
                headers.append(("Authorization", f"Bearer {self._token}"))
            if position is not None:
                headers.append(("Last-Event-ID", str(position)))
            if self._over == "sse":
                return EventReader(address, selection.target, tuple(headers))
            return SocketReader(address, selection.target, tuple(headers), os.urandom)

        return follow(
            open_stream,
            progress,
            clock=self._clock,
            random=self._random,
            silence=self._silence,
            insist=insist,
        )

    def _keep_current(self, became_current: Callable[[], None]) -> Steps:
        """Keep the evaluator's snapshot current."""
        return keep_current(
            self._follow(Selection(types=CONCERNS), self._progress, insist=True),
            self._evaluator,
            self._progress,
            token=self._token,
            random=self._random,
            became_current=became_current,
        )


def selection_of(flag: str, flag_set: str | None, level: str, scope: str, types: Sequence[str]) -> Selection:
    """The filters of a call, checked as far as a client can."""
    if isinstance(types, str):
        raise ValueError(f"types is a list such as [{types!r}], not a text")
    return Selection(flag, flag_set, level, scope, tuple(types))


def position_of(after: Position | str | None) -> Position | None:
    """Where to go on from, as a caller says it. Raises ValueError."""
    if after is None or isinstance(after, Position):
        return after
    position = Position.parse(after)
    if position is None:
        raise ValueError(f"{after!r} is no event's id")
    return position
