"""The latest layer of each source, and the snapshot that they compose to."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from burgee.bucket import FractionalVersion
from burgee.composition import changes, compose
from burgee.generation import Generation
from burgee.layer import Layer
from burgee.recomposition import recompose
from burgee.snapshot import Snapshot
from burgeed.store.subscription import CHANGE, TIME, Publication, Subscription


class _Composed(NamedTuple):
    """A snapshot, and how it differs from the one before: in answers, or in anything."""

    snapshot: Snapshot
    flags_changed: frozenset[str]
    is_other: bool


class LayerStore:
    """Composes what the sources deliver, and publishes it when it differs.

    Nothing is composed before every source has spoken: each required one has to deliver, each optional one
    to deliver or to be found without content (:meth:`excuse`). So no request is ever answered from half of
    what the daemon was told to serve.

    Args:
        required: names of the sources that must deliver.
        optional: names of those that need not.
        order: all of them, bottom layer first.
        next_generation: counts one up; called once for each snapshot that is published.
        fixed: attributes that the daemon sets for all requests.
        fractional_version: the generation of flagd's ``fractional`` for documents that do not say.
    """

    def __init__(
        self,
        order: Iterable[str],
        *,
        optional: Iterable[str] = (),
        next_generation: Callable[[], Generation],
        fixed: Mapping[str, str | int | float | bool] | None = None,
        fractional_version: FractionalVersion = 2,
    ) -> None:
        self._layers: dict[str, Layer | None] = dict.fromkeys(order)
        self._optional = frozenset(optional)
        self._awaited = frozenset(self._layers)
        self._next_generation = next_generation
        self._fixed = dict(fixed or {})
        self._fractional_version = fractional_version
        self._subscriptions: set[Subscription] = set()
        self._snapshot = Snapshot(fixed=self._fixed)
        self._ready = False
        self._closed = False
        self._turn = asyncio.Lock()

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot; an empty one until the store is ready."""
        return self._snapshot

    @property
    def fractional_version(self) -> FractionalVersion:
        """The generation of flagd's ``fractional`` for documents that do not say."""
        return self._fractional_version

    @property
    def fixed(self) -> Mapping[str, str | int | float | bool]:
        """Attributes that the daemon sets for all requests."""
        return self._fixed

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What the sources have delivered last, bottom first."""
        return tuple(layer for layer in self._layers.values() if layer is not None)

    def beneath(self, source: str) -> tuple[Layer, ...]:
        """What the sources under one have delivered last, bottom first. Raises KeyError."""
        if source not in self._layers:
            raise KeyError(source)
        under = itertools.takewhile(lambda item: item[0] != source, self._layers.items())
        return tuple(layer for _, layer in under if layer is not None)

    @property
    def ready(self) -> bool:
        """Whether a snapshot of all sources has been published. Once true, it stays so."""
        return self._ready

    @property
    def awaited(self) -> frozenset[str]:
        """Names of the sources that have still to speak before the store is ready."""
        return self._awaited

    def put(self, source: str, layer: Layer) -> Publication | None:
        """Take a source's new layer in place of its last one.

        Returns:
            What was published, or None where the snapshot stayed equal or a source is still awaited.

        Raises:
            KeyError: no source has that name.
        """
        layers = self._layers_with(source, layer)
        return self._take_over(self._composed(*self._standing, layers), layers, self._awaited - {source})

    async def take(self, source: str, layer: Layer) -> Publication | None:
        """The same as :meth:`put`, composed in a thread so that requests are answered meanwhile.

        Those who call this at the same time are served one after the other.

        Raises:
            KeyError: no source has that name.
        """
        async with self._turn:
            while True:
                before = self._snapshot, self._layers
                layers = self._layers_with(source, layer)
                composed = await asyncio.to_thread(self._composed, *self._standing, layers)
                # What was published or put meanwhile has to be compared with, and composed, too.
                if self._snapshot is before[0] and self._layers is before[1]:
                    return self._take_over(composed, layers, self._awaited - {source})

    def excuse(self, source: str) -> Publication | None:
        """Wait no longer for a source that has nothing to deliver yet, if it is an optional one."""
        if source not in self._optional or source not in self._awaited:
            return None
        layers = dict(self._layers)
        return self._take_over(self._composed(*self._standing, layers), layers, self._awaited - {source})

    def announce_time(self, flags: frozenset[str]) -> Publication | None:
        """Publish the snapshot once more, since the answers of these flags changed with time alone."""
        if not self._ready or not flags:
            return None
        return self._publish(Publication(self._snapshot, flags, TIME))

    def announce_outside(self, flags: frozenset[str]) -> Publication | None:
        """Publish the definitions once more as a new generation, since something that is not part of them
        changed the answers of these flags.
        """
        if not self._ready or not flags:
            return None
        self._snapshot = replace(self._snapshot, generation=self._next_generation())
        return self._publish(Publication(self._snapshot, flags, CHANGE))

    def subscribe(self) -> Subscription:
        """Follow what is published from now on; the caller closes it."""
        subscription = Subscription(self._subscriptions.discard)
        if self._closed:
            subscription.close()
        else:
            self._subscriptions.add(subscription)
        return subscription

    def close(self) -> None:
        """End every subscription, later ones at once."""
        self._closed = True
        for subscription in list(self._subscriptions):
            subscription.close()

    def _layers_with(self, source: str, layer: Layer) -> dict[str, Layer | None]:
        if source not in self._layers:
            raise KeyError(source)
        return {**self._layers, source: layer}

    @property
    def _standing(self) -> tuple[Snapshot, tuple[Layer, ...] | None]:
        """The snapshot, and the layers that it is composed of; None before it is of any."""
        return self._snapshot, self.layers if self._ready else None

    def _composed(
        self, old: Snapshot, before: Sequence[Layer] | None, layers: Mapping[str, Layer | None]
    ) -> _Composed:
        """What these layers compose to, and how it differs; touches nothing of the store's."""
        after = [layer for layer in layers.values() if layer is not None]
        recomposed = None if before is None else recompose(old, before, after)
        if recomposed is not None:
            new, among = recomposed
            flags_changed = changes(old, new, among=among)
        else:
            new = compose(
                after,
                generation=old.generation,
                fixed=self._fixed,
                fractional_version=self._fractional_version,
            )
            flags_changed = changes(old, new)
        return _Composed(new, flags_changed, bool(flags_changed) or new != old)

    def _take_over(
        self, composed: _Composed, layers: dict[str, Layer | None], awaited: frozenset[str]
    ) -> Publication | None:
        """Take these layers over; whatever can fail does so before anything has changed."""
        new = composed.snapshot
        is_news = not awaited and (not self._ready or composed.is_other)
        if is_news:
            new = replace(new, generation=self._next_generation())
        self._layers, self._awaited = layers, awaited
        if awaited:
            return None
        # An equal one is taken over too, unpublished: where things stand in their files is left out of
        # equality, and explain shows it.
        self._snapshot = new
        self._ready = True
        return self._publish(Publication(new, composed.flags_changed, CHANGE)) if is_news else None

    def _publish(self, publication: Publication) -> Publication:
        for subscription in list(self._subscriptions):
            subscription.offer(publication)
        return publication
