"""The conversations of the remote resolver: one flag, or all of them for one context."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from burgee.context import Context
from burgee.errors import MessageError
from burgee.resolution import ErrorCode, Reason, Resolution
from burgee.selector import Selector
from burgee.value import FlagType, fingerprint

from .answer_reach import all_told_by, told_by
from .breaker import Breaker
from .cache import AnswerCache
from .cache_key import digest
from .cached_answer import of_type
from .clock import Clock
from .exchange import (
    BULK_SHARE,
    LARGEST_BODY,
    LONGEST_KEY,
    Conversation,
    Unreachable,
    bulk_request,
    evaluation_request,
    read_response,
    send,
)
from .from_memory import remembered
from .knowledge import Knowledge
from .options import Options
from .prefetched import Prefetched
from .single_flight import Flights, Landing

if TYPE_CHECKING:
    from burgee.snapshot import Snapshot

BREATHER = 100
"""Answers that are kept in one go; then an event loop's other tasks have their turn."""

_TURN = Landing(Future())
_TURN.future.set_result(None)
_HELD = "the daemon did not answer a moment ago; it is asked again shortly"
_HANGS = "the daemon is waited for in vain; it is asked again once it speaks"
_ENVELOPE = len(b'{"context":}')
_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class Asking:
    """What is said to the daemon, and what is done with its answers; the waiting is done by others.

    Args:
        options: selector, prefetch and cache size of them.
        cache: keeps the answers.
        breaker: says when not to ask.
        flights: shares exchanges.
        knowledge: what the daemon serves now.
        instead: a snapshot for when it does not answer, or None.
        clock: for the time of questions.
    """

    def __init__(
        self,
        options: Options,
        cache: AnswerCache,
        breaker: Breaker,
        flights: Flights,
        knowledge: Knowledge,
        instead: Callable[[], Snapshot | None],
        clock: Clock,
    ) -> None:
        self._options = options
        self._selector = Selector.parse(options.selector)
        self._cache = cache
        self._breaker = breaker
        self._flights = flights
        self._knowledge = knowledge
        self._instead = instead
        self._clock = clock
        self._prefetched = Prefetched(options.cache_size)

    def one(self, flag_key: str, flag_type: FlagType, context: Context) -> Conversation[Resolution]:
        """Ask for one flag."""
        if not 0 < len(flag_key) <= LONGEST_KEY:
            message = f"a flag's key has 1 to {LONGEST_KEY} characters, this one {len(flag_key)}"
            return Resolution.error(flag_key, ErrorCode.FLAG_NOT_FOUND, message)
        if not _is_unicode(flag_key):
            message = f"{flag_key!r} is no valid Unicode text, so there is no flag of that key"
            return Resolution.error(flag_key, ErrorCode.FLAG_NOT_FOUND, message)
        body = fingerprint(context)
        if len(body) > LARGEST_BODY - _ENVELOPE:
            message = f"the context has {len(body)} bytes of JSON, over the daemon's limit of {LARGEST_BODY}"
            return Resolution.error(flag_key, ErrorCode.INVALID_CONTEXT, message)
        question = self._cache.question(flag_key, context, body)
        if question is None:
            return (yield from self._one(flag_key, flag_type, context, body))
        landing, is_anothers = self._flights.join(question)
        if not is_anothers:
            try:
                return (yield from self._one(flag_key, flag_type, context, body))
            finally:
                self._flights.land(question, landing)
        if not self._breaker.is_open:  # else that one is on trial, and nobody waits with it
            try:
                yield landing
            except Unreachable as failure:
                self._flights.leave(question, landing)
                return self._after(failure, flag_key, flag_type, context, body)
            found = self._cache.exact(flag_key, flag_type, context)
            if found is not None:
                return found
            # The answer can serve another question only, or there was none.
        return (yield from self._one(flag_key, flag_type, context, body))

    def all(self, context: Context) -> Conversation[int]:
        """Ask for all flags, and return how many answers were kept."""
        body = fingerprint(context)
        if not self._cache.keeps or len(body) > LARGEST_BODY - _ENVELOPE:
            return 0
        ticket = self._breaker.admit()
        if ticket is None:
            return 0
        try:
            kept, _ = yield from self._bulk(context, body, share=1.0)
        except Unreachable as failure:
            if failure.timed_out:
                self._breaker.timed_out(ticket)
            _logger.debug("flags were not asked for beforehand: %s", failure)
            return 0
        return kept

    def clear(self) -> None:
        """Forget which contexts were asked about."""
        self._prefetched.clear()

    def after_fork(self) -> None:
        """In the child: take its locks anew."""
        self._prefetched.after_fork()

    def _one(
        self, flag_key: str, flag_type: FlagType, context: Context, body: bytes
    ) -> Conversation[Resolution]:
        ticket = self._breaker.admit()
        if ticket is None:
            message = _HANGS if self._knowledge.hangs() else _HELD
            held = Resolution.error(flag_key, ErrorCode.PROVIDER_NOT_READY, message)
            return self._otherwise(held, flag_type, context, body)
        if self._options.prefetch and self._cache.keeps:
            found = yield from self._among_all(flag_key, context, body)
            if found is not None:
                return of_type(flag_type, found)
        asked_at = self._clock.monotonic()
        try:
            options = self._options
            response = yield from send(evaluation_request(flag_key, body, options.selector, options.token))
        except Unreachable as failure:
            if failure.timed_out:
                self._breaker.timed_out(ticket)
            return self._after(failure, flag_key, flag_type, context, body)
        self._breaker.answered()
        answer = read_response(flag_key, response)
        if not answer.final:
            return self._otherwise(answer.resolution, flag_type, context, body)
        if self._cache.keeps:
            self._cache.keep(flag_key, context, body, told_by(response, answer.resolution, asked_at))
        return of_type(flag_type, answer.resolution)

    def _among_all(self, flag_key: str, context: Context, body: bytes) -> Conversation[Resolution | None]:
        """One flag's answer out of all, where this is the first question about a context; None otherwise."""
        if not self._prefetched.claim(digest(body), self._knowledge.generation()):
            return None
        try:
            _, found = yield from self._bulk(context, body, share=BULK_SHARE, wanted=flag_key)
        except Unreachable as failure:
            _logger.debug("flags were not asked for beforehand: %s", failure)
            return None
        return found

    def _bulk(
        self, context: Context, body: bytes, *, share: float, wanted: str = ""
    ) -> Conversation[tuple[int, Resolution | None]]:
        """Keep the answers for all flags; how many, and the one that is wanted.

        Answers for which there is no time are left.
        """
        asked_at = self._clock.monotonic()
        options = self._options
        response = yield from send(bulk_request(body, options.selector, share, options.token))
        self._breaker.answered()
        if response.status != 200:
            return 0, None
        kept, found, generation = 0, None, None
        try:
            for number, told in enumerate(all_told_by(response, asked_at)):
                if number % BREATHER == BREATHER - 1:
                    if self._clock.monotonic() - asked_at > share * self._options.deadline:
                        break
                    yield _TURN
                resolution, generation = told.resolution, told.generation
                kept += self._cache.keep(resolution.flag_key, context, body, told)
                if resolution.flag_key == wanted:
                    found = resolution
        except MessageError as fault:
            _logger.debug("flags were not asked for beforehand: %s", fault)
        if generation is not None:
            self._prefetched.came(digest(body), generation)
        return kept, found

    def _after(
        self, failure: Unreachable, flag_key: str, flag_type: FlagType, context: Context, body: bytes
    ) -> Resolution:
        said = Resolution.error(flag_key, failure.code, str(failure))
        return self._otherwise(said, flag_type, context, body)

    def _otherwise(
        self, failure: Resolution, flag_type: FlagType, context: Context, body: bytes
    ) -> Resolution:
        """The last known answer, or that of a snapshot where it is the later one, else the failure."""
        kept = self._cache.last_known(failure.flag_key, context, body)
        known = None if kept is None else kept.stale(flag_type)
        try:
            snapshot = self._instead()
            later = kept is None or (snapshot is not None and kept.is_before(snapshot.generation))
            if snapshot is not None and (known is None or later):
                known = self._evaluated(snapshot, failure.flag_key, flag_type, context) or known
        except Exception as error:
            _logger.warning("the snapshot kept for bad days is of no use: %s", error)
        return failure if known is None else known

    def _evaluated(
        self, snapshot: Snapshot, flag_key: str, flag_type: FlagType, context: Context
    ) -> Resolution | None:
        from .evaluator import evaluate  # nothing new: who read the snapshot imported it

        if flag_key in snapshot.needs_daemon:
            return None
        resolution = evaluate(snapshot, flag_key, context, now=self._clock.wall(), selector=self._selector)
        if resolution.error_code is not None:
            return None
        answer = of_type(flag_type, remembered(resolution, Reason.STALE))
        return answer if answer.error_code is None else None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
