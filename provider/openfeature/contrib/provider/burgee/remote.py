"""The resolver that asks the daemon."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from burgee.context import Context
from burgee.resolution import ErrorCode, Reason, Resolution
from burgee.value import FlagType, fingerprint
from burgee.wire.ofrep import read_answer
from burgee.wire.sync import GenerationEvent

from .address import Address, default_addresses, parse_address
from .breaker import Breaker
from .clock import Clock, Random
from .coercion import TypeMismatch, coerce
from .exchange import (
    LARGEST_BODY,
    LONGEST_KEY,
    Conversation,
    Unreachable,
    evaluation_request,
    read_response,
    send,
)
from .last_known import LastKnown, Question
from .options import Options
from .transports.blocking import BlockingTransport
from .transports.endpoint import Whereabouts
from .transports.idle import IdleConnections

if TYPE_CHECKING:
    from .transports.asynchronous import AsynchronousTransport

_ENVELOPE = len(b'{"context":}')


def addresses_of(options: Options, environment: Mapping[str, str] = os.environ) -> tuple[Address, ...]:
    """Where to look for the daemon, in order."""
    return default_addresses(environment) if options.address is None else (parse_address(options.address),)


class RemoteResolver:
    """One OFREP exchange for an answer; the last known one where the daemon fails.

    What the daemon says is passed on, an unknown flag too. Where it says nothing usable (nobody listens, no
    answer in time, garbage, HTTP 5xx) the last good answer for the same flag, type and context is given with
    the reason STALE, else an error. After a call that timed out, others do not wait for a while.

    Args:
        options: deadline, cache size, selector and connections of them.
        places: where the daemon may be.
        clock: for deadlines.
        random: for jitter.
    """

    def __init__(
        self, options: Options, places: tuple[Whereabouts, ...], clock: Clock, random: Random
    ) -> None:
        self._options = options
        self._places = places
        self._clock = clock
        self._idle = IdleConnections()
        self._last_known = LastKnown(options.cache_size)
        self._breaker = Breaker(clock, random, probe=options.deadline)
        self._blocking = BlockingTransport(places, self._idle, clock)
        self._asynchronous: AsynchronousTransport | None = None
        self._making = threading.Lock()

    def resolve(self, flag_key: str, flag_type: FlagType, context: Context) -> Resolution:
        """Answer within the deadline, blocking."""
        return self._blocking.run(self._converse(flag_key, flag_type, context), self._options.deadline)

    async def resolve_async(self, flag_key: str, flag_type: FlagType, context: Context) -> Resolution:
        """Answer within the deadline, never blocking the event loop."""
        transport = self._asynchronous or self._make_asynchronous()
        return await transport.run(self._converse(flag_key, flag_type, context), self._options.deadline)

    def daemon_is_back(self) -> None:
        """Let all calls through again."""
        self._breaker.answered()

    def daemon_said(self, event: GenerationEvent) -> None:
        """Nothing is kept that an event could end."""

    def after_fork(self) -> None:
        """Connections at rest know by themselves whose they are."""

    def close(self) -> None:
        """Close the connections at rest and forget the last known answers."""
        self._idle.close()
        self._last_known.clear()
        self._breaker.answered()

    def _make_asynchronous(self) -> AsynchronousTransport:
        # Imported here: an application without an event loop does not pay for asyncio.
        from .transports.asynchronous import AsynchronousTransport

        with self._making:
            if self._asynchronous is None:
                self._asynchronous = AsynchronousTransport(
                    self._places, self._idle, self._clock, connections=self._options.connections
                )
            return self._asynchronous

    def _converse(self, flag_key: str, flag_type: FlagType, context: Context) -> Conversation:
        if not 0 < len(flag_key) <= LONGEST_KEY:
            message = f"a flag's key has 1 to {LONGEST_KEY} characters, this one {len(flag_key)}"
            return Resolution.error(flag_key, ErrorCode.FLAG_NOT_FOUND, message)
        body = fingerprint(context)
        if len(body) > LARGEST_BODY - _ENVELOPE:
            message = f"the context has {len(body)} bytes of JSON, over the daemon's limit of {LARGEST_BODY}"
            return Resolution.error(flag_key, ErrorCode.INVALID_CONTEXT, message)
        question = Question.about(flag_key, flag_type, body)
        ticket = self._breaker.admit()
        if ticket is None:
            message = "the daemon did not answer a moment ago; it is asked again shortly"
            return self._instead(question, Resolution.error(flag_key, ErrorCode.PROVIDER_NOT_READY, message))
        try:
            response = yield from send(evaluation_request(flag_key, body, self._options.selector))
        except Unreachable as failure:
            if failure.timed_out:
                self._breaker.timed_out(ticket)
            return self._instead(question, Resolution.error(flag_key, failure.code, str(failure)))
        self._breaker.answered()
        answer = read_response(flag_key, response)
        if not answer.final:
            return self._instead(question, answer.resolution)
        resolution = _of_type(flag_type, answer.resolution)
        if resolution.error_code is None:
            self._last_known.remember(question, answer.body)
        else:
            self._last_known.forget(question)
        return resolution

    def _instead(self, question: Question, failure: Resolution) -> Resolution:
        """The last known answer, else the failure."""
        body = self._last_known.recall(question)
        if body is None:
            return failure
        known = _of_type(question.flag_type, read_answer(question.flag_key, 200, body))
        return replace(known, reason=Reason.STALE)


def _of_type(flag_type: FlagType, resolution: Resolution) -> Resolution:
    if not resolution.has_value:
        return resolution
    try:
        value = coerce(resolution.value, flag_type)
        return resolution if value is resolution.value else replace(resolution, value=value)
    except TypeMismatch as mismatch:
        return Resolution.error(
            resolution.flag_key, ErrorCode.TYPE_MISMATCH, str(mismatch), resolution.metadata
        )
