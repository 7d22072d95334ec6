"""The OpenFeature provider."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable
from functools import partial
from typing import Unpack

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent, ProviderEventDetails
from openfeature.hook import Hook
from openfeature.provider import FeatureProvider, Metadata
from openfeature.track import TrackingEventDetails

from .address import addresses_of
from .cache_statistics import CacheStatistics
from .clock import Clock, Random, SystemClock
from .composition import make_resolver
from .forks import ForkWatch, Inherited
from .lifecycle import Lifecycle
from .options import OptionArguments, Options
from .resolving_provider import ResolvingProvider
from .stream_knowledge import StreamKnowledge
from .subscription import Subscription
from .tracking import Tracking
from .translation import to_context
from .transports.endpoint import Whereabouts

_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class BurgeeProvider(ResolvingProvider):
    """Answers from the Burgee daemon beside the application.

    Args:
        address: ``unix:///path``, ``http://host:port`` or ``https://host:port``; None searches.
        clock: for tests.
        random: for jitter; for tests.
        options: as below; what is not given is taken from the environment (``BURGEE_ADDRESS`` and so on),
            else it is the default that stands here. :class:`Options` says more of each.

    Options:
        resolver = 'remote': or 'in-process', which evaluates in the application.
        deadline = 0.5: seconds that one evaluation may take.
        initialize_deadline = 5.0: seconds that ``initialize`` waits for the daemon.
        cache_size = 10000: how many answers ``remote`` keeps.
        selector = '': which flag set to see: ``flagSetId=<id>``, ``source=<name>``.
        grace = 10.0: seconds from STALE to ERROR while the daemon stays silent.
        connections = 64: asynchronous evaluations of one event loop that may be under way at once.
        prefetch = False: whether the first question about a context asks for all flags at once.
        bootstrap = None: a file that answers while there is nothing better.
        last_snapshot = None: a file in which the newest snapshot is kept for the next start.
        runtime_dir = None: where the daemon shares its files; None is its socket's directory.
        token = '': a bearer token, sent with every request.
        ca = None: for ``https``, authorities to trust, in PEM; None is the system's.
        certificate = None: for ``https``, what is shown to a daemon that asks for it, in PEM.
        certificate_key = None: its private key; None is in the same file.

    Raises:
        OptionsError: an option cannot be; a ValueError that names each fault and its remedy.

    Evaluations never raise, and never wait past the deadline. While the daemon fails they answer what it said
    last for the same flag, type and context, with the reason STALE, else the default value and an error code.

    Attributes:
        tracking: sends what :meth:`track` is given; ``tracking.counts`` says what became of it.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        **options: Unpack[OptionArguments],
    ) -> None:
        self.options = Options.gather(os.environ, address=address, **options)
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self._metadata = Metadata(name="burgee")
        files = self.options.tls_files
        self._places = tuple(
            Whereabouts(place, self._clock, files) for place in addresses_of(self.options.address)
        )
        self._heard = StreamKnowledge(self._clock)
        resolver, can_answer_alone = make_resolver(
            self.options, self._places, self._heard, self._clock, self._random
        )
        self.tracking = Tracking(self._places, self._clock, self._random, self.options.token)
        itself = weakref.ref(self)
        subscribe = partial(
            Subscription,
            self._places,
            selector=self.options.selector,
            token=self.options.token,
            grace=self.options.grace,
            fallback=can_answer_alone,
            wanted=lambda: itself() is not None,
            clock=self._clock,
            random=self._random,
        )
        self._lifecycle = Lifecycle(
            subscribe,
            _weakly(itself),
            resolver,
            knowledge=self._heard,
            deadline=self.options.initialize_deadline,
            clock=self._clock,
        )
        self._announcer = self._lifecycle.announcer
        parts: tuple[Inherited, ...] = (self._lifecycle, *self._places, resolver, self.tracking)
        super().__init__(resolver, ForkWatch(*parts, resume=self._lifecycle.resume))

    def attach(self, on_emit: Callable[[FeatureProvider, ProviderEvent, ProviderEventDetails], None]) -> None:
        """Hear from the SDK whom to tell events; it initializes the provider next."""
        super().attach(on_emit)
        self._lifecycle.attached()

    def detach(self) -> None:
        """Hear from the SDK that it listens no more."""
        super().detach()
        self._lifecycle.detached()

    def get_metadata(self) -> Metadata:
        """The provider's name."""
        if self._announcer.holding:
            self._announcer.asked_for_metadata()
        return self._metadata

    def get_provider_hooks(self) -> list[Hook]:
        """None of its own."""
        if self._forks.forked:  # an initialization that a fork cut off is only ever noticed here
            self._forks.catch_up()
        return []

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Begin to follow the daemon and wait for its first word.

        Raises:
            ProviderNotReadyError: it did not come in time. The provider goes on trying, and READY follows.
        """
        self._lifecycle.initialize()

    def shutdown(self) -> None:
        """Stop following, send the tracked events and close the connections; may be called twice."""
        self._lifecycle.shutdown()
        self.tracking.close()

    def postfork(self) -> None:
        """Follow the daemon again at once, in a process that was forked from one that did.

        A child does so by itself when it evaluates first; this spares it the first moments. Nothing happens
        in a process that is no forked child, so it may be called wherever a server says that it has forked.
        """
        self._forks.postfork()

    def prefetch(self, evaluation_context: EvaluationContext | None) -> int:
        """Ask for all flags for one context at once, so that none of them has to be asked for later.

        Returns:
            How many answers are kept: 0 where the daemon does not give any within the deadline, and where
            nothing has to be fetched, since flags are evaluated here. Never raises.
        """
        try:
            return self._resolver.prefetch(to_context(evaluation_context))
        except Exception as error:
            _logger.debug("flags were not asked for beforehand", exc_info=error)
            return 0

    async def prefetch_async(self, evaluation_context: EvaluationContext | None) -> int:
        """The same, without ever blocking the event loop."""
        try:
            return await self._resolver.prefetch_async(to_context(evaluation_context))
        except Exception as error:
            _logger.debug("flags were not asked for beforehand", exc_info=error)
            return 0

    def cache_statistics(self) -> CacheStatistics:
        """How often a call was answered without asking the daemon, and how much is kept for that."""
        return self._resolver.cache_statistics()

    def emit(self, event: ProviderEvent, details: ProviderEventDetails) -> None:
        """Tell the SDK, if it still listens: it may detach, and the interpreter end, at any moment."""
        on_emit = getattr(self, "_on_emit", None)
        if on_emit is None:
            return
        try:
            on_emit(self, event, details)
        except Exception as error:
            _logger.debug("the SDK did not take %s", event, exc_info=error)

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """Queue an event for the daemon; never blocks and never raises."""
        self.tracking.track(tracking_event_name, evaluation_context, tracking_event_details)


def _weakly(itself: weakref.ref[BurgeeProvider]) -> Callable[[ProviderEvent, ProviderEventDetails], None]:
    """Emit while somebody still has the provider, without keeping it for the subscription's thread."""

    def emit(event: ProviderEvent, details: ProviderEventDetails) -> None:
        provider = itself()
        if provider is not None:
            provider.emit(event, details)

    return emit
