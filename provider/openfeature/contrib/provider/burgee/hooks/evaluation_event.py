"""The hook that emits OpenTelemetry's event ``feature_flag.evaluation`` for each evaluation."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, TypeAlias, get_args

from openfeature.flag_evaluation import FlagEvaluationDetails, FlagValueType
from openfeature.hook import Hook, HookContext, HookHints
from opentelemetry import trace
from opentelemetry._logs import Logger, LoggerProvider, get_logger

from ..clock import Clock, SystemClock
from .attributes import KEY, SCHEMA_URL, SCOPE, VALUE, VARIANT, event_attributes, telling
from .version import installed_version

EVENT = "feature_flag.evaluation"

When: TypeAlias = Literal["never", "without variant", "always"]
AttributeMapper: TypeAlias = Callable[[HookContext, FlagEvaluationDetails[Any]], Mapping[str, Any]]
EventMutator: TypeAlias = Callable[[dict[str, Any]], Mapping[str, Any] | None]

_logger = logging.getLogger(SCOPE)


class EvaluationEventHook(Hook):
    """Emits one event for each evaluation, failed ones too.

    It is a log record with the event's name, which carries the ids of the span it falls into; where a backend
    has only spans, it can be an event of that span, instead or as well.

    A flag's value is told on request only: it may be large, or nobody else's business, and the variant names
    it. The conventions require it of providers that have no variants, which Burgee has.

    Args:
        log_events: emit log records.
        span_events: add events to the current span, where one is recording.
        value: whether to tell the value: ``never``, ``without variant`` (that of a disabled flag, an error or
            another provider's flag, for example), or ``always``.
        longest_value: characters of a value as text or JSON; what is beyond is cut off.
        exclude_attributes: names of attributes that are not told, such as ``feature_flag.context.id``.
        attribute_mapper: given the hook context and the details, returns further attributes; they replace
            those of the same name. Where it raises, the event goes without them.
        event_mutator: given all attributes, returns those that are emitted, or None for no event. Where it
            raises, there is no event: it may have been about to hide something.
        logger_provider: None takes the global one.
        clock: for tests.

    Raises:
        ValueError: an option cannot be.
    """

    def __init__(
        self,
        *,
        log_events: bool = True,
        span_events: bool = False,
        value: When = "never",
        longest_value: int = 256,
        exclude_attributes: Collection[str] = (),
        attribute_mapper: AttributeMapper | None = None,
        event_mutator: EventMutator | None = None,
        logger_provider: LoggerProvider | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not (log_events or span_events):
            raise ValueError("the hook would emit nothing: leave log_events or span_events on")
        if value not in get_args(When):
            raise ValueError(f"value is 'never', 'without variant' or 'always', not {value!r}")
        if longest_value < 1:
            raise ValueError(f"longest_value is a number of characters over 0, not {longest_value!r}")
        if isinstance(exclude_attributes, str) or KEY in exclude_attributes:
            raise ValueError(f"exclude_attributes is a list of names without {KEY}, which every event needs")
        self._span_events = span_events
        self._value = value
        self._longest_value = longest_value
        self._excluded = frozenset(exclude_attributes)
        self._map = attribute_mapper
        self._mutate = event_mutator
        self._clock = clock or SystemClock()
        self._complained = False
        self._events: Logger | None = None
        if log_events:
            self._events = get_logger(SCOPE, installed_version(), logger_provider, SCHEMA_URL)

    def finally_after(
        self,
        hook_context: HookContext,
        details: FlagEvaluationDetails[FlagValueType],
        hints: HookHints,
    ) -> None:
        """Emit the event; raises nothing."""
        try:
            events = self._events if self._events is not None and _is_enabled(self._events) else None
            span = trace.get_current_span() if self._span_events else None
            if span is not None and not span.is_recording():
                span = None
            if events is None and span is None:
                return
            attributes = self._attributes(hook_context, details)
            if attributes is None:
                return
            if events is not None:
                now = int(self._clock.wall() * 1_000_000_000)
                events.emit(event_name=EVENT, timestamp=now, attributes=attributes)
            if span is not None:
                span.add_event(EVENT, attributes)
        except Exception as error:
            self._complain("no event is emitted", error)

    def _attributes(
        self, hook_context: HookContext, details: FlagEvaluationDetails[Any]
    ) -> Mapping[str, Any] | None:
        attributes = event_attributes(hook_context, details)
        if self._value == "always" or (self._value == "without variant" and VARIANT not in attributes):
            attributes[VALUE] = telling(details.value, self._longest_value)
        if self._map is not None:
            try:
                attributes.update(self._map(hook_context, details))
            except Exception as error:
                self._complain("the attribute_mapper raised", error)
        for name in self._excluded:
            attributes.pop(name, None)
        return attributes if self._mutate is None else self._mutate(attributes)

    def _complain(self, what: str, error: Exception) -> None:
        """Log a fault; loudly once, since it will come back with each evaluation."""
        level = logging.DEBUG if self._complained else logging.WARNING
        self._complained = True
        _logger.log(level, "the telemetry of an evaluation is incomplete: %s", what, exc_info=error)


def _is_enabled(events: Logger) -> bool:
    """Whether anybody takes the events; older ones cannot tell."""
    ask = getattr(events, "enabled", None)
    return ask is None or bool(ask(event_name=EVENT))
