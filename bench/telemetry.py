"""What the telemetry hooks and track() cost the caller.

Every evaluation goes through the OpenFeature client to the SDK's InMemoryProvider, so that what differs is
the hook. Beside our hooks stands one that does nothing, and one that only hands constant attributes to
OpenTelemetry: what differs from that one is ours. OpenTelemetry's SDK exports nothing here.

The time is that which the calling thread had of its core: others on the machine disturb it least.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from harness import machine
from harness.report import Report, options
from harness.rounds import Arm, interleave, interval, medians, ratios
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.burgee.hooks import EvaluationEventHook, MetricsHook
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationDetails
from openfeature.hook import Hook, HookContext, HookHints
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider
from openfeature.track import TrackingEventDetails
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

CONSTANT = {
    "feature_flag.key": "flag",
    "feature_flag.result.variant": "on",
    "feature_flag.result.reason": "static",
}
CONTEXT = EvaluationContext("u-1", {"customer": "c-42", "plan": "pro"})
NOTHING, AGAIN = "a hook that does nothing", "the same again"
BARE_EVENT, BARE_METRICS = "a bare event of OpenTelemetry's", "bare metrics of OpenTelemetry's"
EVENT, METRICS = "EvaluationEventHook", "MetricsHook"


class Ignoring(LogRecordProcessor):
    """Takes every record, and does nothing with it."""

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Take one."""

    def shutdown(self) -> None:
        """There is nothing to end."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """There is nothing to flush."""
        return True


class BareEvent(Hook):
    """Emits the same event each time."""

    def __init__(self, provider: LoggerProvider) -> None:
        self._events = provider.get_logger("bench")

    def finally_after(
        self, hook_context: HookContext, details: FlagEvaluationDetails[Any], hints: HookHints
    ) -> None:
        """Emit it."""
        self._events.emit(event_name="feature_flag.evaluation", timestamp=time.time_ns(), attributes=CONSTANT)


class BareMetrics(Hook):
    """Counts and records under the same attributes each time."""

    def __init__(self, provider: MeterProvider) -> None:
        meter = provider.get_meter("bench")
        self._counter = meter.create_counter("bench.evaluations")
        self._histogram = meter.create_histogram("bench.duration")

    def finally_after(
        self, hook_context: HookContext, details: FlagEvaluationDetails[Any], hints: HookHints
    ) -> None:
        """Count and record."""
        self._counter.add(1, CONSTANT)
        self._histogram.record(0.000_01, CONSTANT)


def evaluating(hooks: list[Hook], calls: int) -> Callable[[], float]:
    """Microseconds of an evaluation with these hooks."""
    client = api.get_client()
    client.add_hooks(hooks)

    def measure() -> float:
        began = time.thread_time_ns()
        for _ in range(calls):
            client.get_boolean_value("flag", False, CONTEXT)
        return (time.thread_time_ns() - began) / calls / 1e3

    return measure


def tracking(provider: BurgeeProvider, calls: int) -> Callable[[], float]:
    """Microseconds of an event, while nobody takes any: the queue is full and gives up the oldest."""

    def measure() -> float:
        began = time.thread_time_ns()
        for _ in range(calls):
            provider.track("ordered", CONTEXT, TrackingEventDetails(99.5, {"currency": "EUR"}))
        return (time.thread_time_ns() - began) / calls / 1e3

    return measure


def main() -> None:
    """Measure and print."""
    given = options(__doc__)
    calls, passes = (50, 1) if given.quick else (2_000, 6)
    near, _ = machine.cores()
    report = Report("telemetry hooks", given)
    api.set_provider_and_wait(InMemoryProvider({"flag": InMemoryFlag("on", {"on": True, "off": False})}))
    loggers, meters = LoggerProvider(), MeterProvider([InMemoryMetricReader()])
    loggers.add_log_record_processor(Ignoring())
    tracked = BurgeeProvider("unix:///nowhere/burgee.sock")
    arms = [
        Arm("no hook", evaluating([], calls)),
        Arm(NOTHING, evaluating([Hook()], calls)),
        Arm(AGAIN, evaluating([Hook()], calls)),
        Arm("EvaluationEventHook, nobody takes events", evaluating([EvaluationEventHook()], calls)),
        Arm(BARE_EVENT, evaluating([BareEvent(loggers)], calls)),
        Arm(EVENT, evaluating([EvaluationEventHook(logger_provider=loggers)], calls)),
        Arm("MetricsHook, nobody takes metrics", evaluating([MetricsHook()], calls)),
        Arm(BARE_METRICS, evaluating([BareMetrics(meters)], calls)),
        Arm(METRICS, evaluating([MetricsHook(meter_provider=meters)], calls)),
        Arm("track(), no evaluation", tracking(tracked, calls)),
    ]
    with machine.on_core(near):
        measured = interleave(arms, given.rounds, passes=passes)
    middles = {name: medians(rounds) for name, rounds in measured.items()}
    report.table(
        f"Microseconds of the caller's core a call, {calls * passes} a round",
        ("what", "median, of rounds (least to greatest)", "over a hook that does nothing"),
        [(name, interval(each), ratios(each, middles[NOTHING])) for name, each in middles.items()],
    )
    report.table(
        "Ratios within a round",
        ("what", "median (least to greatest)"),
        [
            (f"{over} / {under}", ratios(middles[over], middles[under]))
            for over, under in ((EVENT, BARE_EVENT), (METRICS, BARE_METRICS), (AGAIN, NOTHING))
        ],
    )
    report.note("The last line is the control.")
    report.figures("median microseconds of each round", middles)
    tracked.tracking.close(0.1)
    api.shutdown()
    report.finish()


if __name__ == "__main__":
    main()
