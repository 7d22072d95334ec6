"""What OpenTelemetry hears of evaluations, one line each; and an event that is told to the daemon.

    scripts/run                             # in another terminal: the daemon on config/flags.yaml
    .venv/bin/pip install opentelemetry-sdk
    .venv/bin/python examples/telemetry.py

An application sets its logger provider and its meter provider up with an exporter (OTLP, for example) and
adds the two hooks; that is all. Here the records and metrics are printed instead of exported.
"""

from __future__ import annotations

import sys

from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.burgee.hooks import EvaluationEventHook, MetricsHook
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ProviderNotReadyError
from openfeature.track import TrackingEventDetails
from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import TracerProvider


class Printing(LogRecordProcessor):
    """Prints each event: its trace, its name, its attributes."""

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Print one."""
        record = log_record.log_record
        attributes = " ".join(f"{name}={value}" for name, value in sorted((record.attributes or {}).items()))
        print(f"{record.trace_id or 0:032x} {record.event_name} {attributes}")

    def shutdown(self) -> None:
        """Nothing is held back."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held back."""
        return True


def evaluate_and_track() -> None:
    """One request's work: three evaluations, and what the user then did."""
    client = api.get_client()
    anna = EvaluationContext(
        "anna",
        {"customer": "c-42", "organization": "acme", "environment": "production", "plan": "enterprise"},
    )
    with trace.get_tracer("shop").start_as_current_span("checkout"):
        client.get_boolean_value("new-checkout", False, anna)
        client.get_string_value("welcome-message", "Hello.", anna)
        client.get_boolean_value("no-such-flag", False, anna)
    client.track("ordered", anna, TrackingEventDetails(99.5, {"currency": "EUR"}))


def print_counts(reader: InMemoryMetricReader) -> None:
    """How often each flag was evaluated, by variant and reason."""
    data = reader.get_metrics_data()
    for resource in data.resource_metrics if data else ():
        for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
            for point in metric.data.data_points:
                if isinstance(point, NumberDataPoint):
                    print(
                        f"{metric.name} {point.value} {' '.join(map(str, (point.attributes or {}).values()))}"
                    )


def main() -> None:
    """Set OpenTelemetry up, evaluate, track, and print."""
    loggers, reader = LoggerProvider(), InMemoryMetricReader()
    loggers.add_log_record_processor(Printing())
    set_logger_provider(loggers)
    metrics.set_meter_provider(MeterProvider([reader]))
    trace.set_tracer_provider(TracerProvider())

    provider = BurgeeProvider()
    try:
        api.set_provider_and_wait(provider)
    except ProviderNotReadyError as reason:
        sys.exit(str(reason))
    api.add_hooks([EvaluationEventHook(), MetricsHook()])
    evaluate_and_track()
    print_counts(reader)
    api.shutdown()  # sends what was tracked
    print(f"tracked: {provider.tracking.counts.sent} sent, {provider.tracking.counts.dropped} dropped")


if __name__ == "__main__":
    main()
