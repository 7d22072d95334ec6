"""The hook that counts evaluations and measures how long they take, as OpenTelemetry metrics."""

from __future__ import annotations

import logging

from openfeature.flag_evaluation import FlagEvaluationDetails, FlagValueType
from openfeature.hook import Hook, HookContext, HookHints
from opentelemetry import metrics

from ..clock import Clock, SystemClock
from .attributes import SCHEMA_URL, SCOPE
from .series import Series
from .version import installed_version

EVALUATIONS = "feature_flag.evaluations"
DURATION = "feature_flag.evaluation.duration"
BOUNDARIES = (
    *(0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5),
    *(0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
)
"""Seconds: from an answer out of memory to one that took the whole deadline."""

_START = "start"
_logger = logging.getLogger(SCOPE)


class MetricsHook(Hook):
    """Counts evaluations, and measures their duration, by flag, variant, reason and type of error.

    - ``feature_flag.evaluations``: a counter, unit ``{evaluation}``.
    - ``feature_flag.evaluation.duration``: a histogram, unit ``s``, of the time from this hook's first stage
      to its last: the provider's, and that of the hooks that run in between. An evaluation that the SDK
      refuses before any hook's first stage, since the provider is not ready, has none.

    Both carry ``feature_flag.key``, ``feature_flag.result.variant``, ``feature_flag.result.reason`` and
    ``error.type``. The conventions have no metrics of feature flags yet; the names follow their rules.

    Args:
        limit: how many variants, over all flags, are told apart; those that come later are ``other``.
        meter_provider: None takes the global one.
        clock: for tests.

    Raises:
        ValueError: the limit is under 1.
    """

    def __init__(
        self,
        *,
        limit: int = 1_000,
        meter_provider: metrics.MeterProvider | None = None,
        clock: Clock | None = None,
    ) -> None:
        if limit < 1:
            raise ValueError(f"limit is a number of variants over 0, not {limit!r}")
        self._series = Series(limit)
        self._clock = clock or SystemClock()
        self._complained = False
        meter = metrics.get_meter(SCOPE, installed_version(), meter_provider, SCHEMA_URL)
        self._evaluations = meter.create_counter(
            EVALUATIONS, unit="{evaluation}", description="Evaluations of feature flags."
        )
        self._duration = meter.create_histogram(
            DURATION,
            unit="s",
            description="Duration of evaluations of feature flags.",
            explicit_bucket_boundaries_advisory=BOUNDARIES,
        )

    def before(self, hook_context: HookContext, hints: HookHints) -> None:
        """Remember the time; raises nothing, since that would cost the evaluation its value."""
        try:
            hook_context.hook_data[_START] = self._clock.monotonic()
        except Exception as error:
            self._complain(error)

    def finally_after(
        self,
        hook_context: HookContext,
        details: FlagEvaluationDetails[FlagValueType],
        hints: HookHints,
    ) -> None:
        """Count and measure; raises nothing."""
        try:
            attributes = self._series.of(details)
            self._evaluations.add(1, attributes)
            start = hook_context.hook_data.pop(_START, None)
            if start is not None:
                self._duration.record(max(0.0, self._clock.monotonic() - start), attributes)
        except Exception as error:
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        """Log a fault; loudly once, since it will come back with each evaluation."""
        level = logging.DEBUG if self._complained else logging.WARNING
        self._complained = True
        _logger.log(level, "an evaluation could not be counted", exc_info=error)
