"""What one selector shows of one snapshot, with everything about it that is the same for every request."""

from __future__ import annotations

from typing import Any

from multidict import CIMultiDict

from burgee.dependencies import next_edge, vary
from burgee.evaluation import flag_keys
from burgee.selector import Selector
from burgee.snapshot import Snapshot
from burgee.wire import ofrep
from burgeed.geography.attributes import with_address
from burgeed.server.errors import JSON_HEADERS

SELECTORS_REMEMBERED = 64
"""A client can write any selector: only so many are kept for a snapshot."""


class _FlagHeaders:
    __slots__ = ("asked_at", "edge", "headers")

    def __init__(self, headers: CIMultiDict[str], edge: float | None, asked_at: float) -> None:
        self.headers = headers
        self.edge = edge
        self.asked_at = asked_at


class View:
    """One selector's view of one snapshot.

    Attributes:
        selector: what it shows.
        snapshot: of what.
        token: names the snapshot's generation.

    Args:
        enriched: whether contexts without a country are given that of their address.
    """

    def __init__(self, snapshot: Snapshot, selector: Selector, *, enriched: bool = False) -> None:
        self.snapshot = snapshot
        self.selector = selector
        self.token = str(snapshot.generation)
        self._enriched = enriched
        self._flags: dict[str, _FlagHeaders] = {}
        self._flag_keys: tuple[str, ...] | None = None
        self._plain = CIMultiDict(JSON_HEADERS)
        self._plain[ofrep.GENERATION] = self.token
        self._unknown = CIMultiDict(self._plain)
        self._unknown[ofrep.VARY] = ""

    @property
    def flag_keys(self) -> tuple[str, ...]:
        """Keys of the flags that are shown, in order, each once."""
        if self._flag_keys is None:
            self._flag_keys = tuple(flag_keys(self.snapshot, self.selector))
        return self._flag_keys

    @property
    def headers(self) -> CIMultiDict[str]:
        """Headers of an answer about all flags; to be copied before they are changed."""
        return self._plain

    @property
    def metadata(self) -> dict[str, bool | str | int | float]:
        """That of the flag set, where a single one is shown."""
        sets = self.snapshot.selected(self.selector)
        return dict(sets[0].metadata) if len(sets) == 1 else {}

    def headers_of(self, flag_key: str, now: float) -> CIMultiDict[str]:
        """Headers of an answer about one flag at ``now`` (Unix seconds); to be copied before they are
        changed.
        """
        flag = self._flag(flag_key, now)
        if flag is None:
            return self._unknown
        until = ofrep.milliseconds_until(flag.edge, now)
        if until is None:
            return flag.headers
        headers = flag.headers.copy()
        headers[ofrep.UNTIL] = str(until)
        return headers

    def edge_of(self, flag_key: str, now: float) -> float | None:
        """The next instant, in Unix seconds, at which time alone may change the flag's answer."""
        flag = self._flag(flag_key, now)
        return None if flag is None else flag.edge

    def detail_of(self, flag_key: str, now: float) -> dict[str, Any]:
        """What ``Burgee-Detail`` asks for, about one flag."""
        until = ofrep.milliseconds_until(self.edge_of(flag_key, now), now)
        return ofrep.detail(self._vary(flag_key), until)

    def _vary(self, flag_key: str) -> frozenset[str] | None:
        names = vary(self.snapshot, flag_key, self.selector)
        return with_address(names, self.snapshot.fixed) if self._enriched else names

    def _flag(self, flag_key: str, now: float) -> _FlagHeaders | None:
        flag = self._flags.get(flag_key)
        if flag is not None and flag.asked_at <= now and (flag.edge is None or now < flag.edge):
            return flag
        if flag is None:
            if not self.snapshot.candidates(flag_key, self.selector):
                return None
            headers = CIMultiDict(self._plain)
            headers[ofrep.VARY] = ofrep.vary_header(self._vary(flag_key))
        else:
            headers = flag.headers
        flag = _FlagHeaders(headers, next_edge(self.snapshot, flag_key, now, self.selector), now)
        self._flags[flag_key] = flag
        return flag


class Views:
    """The views of the newest snapshot, by the selector's text.

    Args:
        enriched: see :class:`View`.
    """

    def __init__(self, *, enriched: bool = False) -> None:
        self._enriched = enriched
        self._snapshot: Snapshot | None = None
        self._by_text: dict[str, View] = {}

    def of(self, snapshot: Snapshot, selector: str) -> View:
        """The view of ``snapshot`` that the text of a selector asks for. Raises SelectorError."""
        if snapshot is not self._snapshot or len(self._by_text) > SELECTORS_REMEMBERED:
            self._snapshot = snapshot
            self._by_text = {}
        view = self._by_text.get(selector)
        if view is None:
            view = View(snapshot, Selector.parse(selector), enriched=self._enriched)
            self._by_text[selector] = view
        return view
