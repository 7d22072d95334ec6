"""A daemon to ask, and OpenTelemetry's own SDK to tell: its exporters keep everything in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.hook import Hook
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.support.daemon import RunningDaemon, running_daemon

FLAGS = """
metadata: {flagSetId: shop, version: "7"}
flags:
  checkout: {defaultVariant: off, rules: [{when: {beta: true}, serve: on}]}
  greeting: {variants: {plain: hello, warm: welcome}, defaultVariant: plain}
  limit: {variants: {low: 10, high: 100}, defaultVariant: low}
  layout: {variants: {a: {columns: [1, 2], names: [x, y, z]}}, defaultVariant: a}
  old: {state: DISABLED, defaultVariant: on}
  signed: {defaultVariant: on, metadata: {contextId: session-9}}
"""

ANNA = EvaluationContext("anna", {"beta": True})


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """One daemon for the tests of a module."""
    folder = tmp_path_factory.mktemp("daemon")
    (folder / "flags.yaml").write_text(FLAGS)
    with running_daemon(folder, "--source", folder / "flags.yaml") as running:
        running.wait_ready()
        yield running


@pytest.fixture
def client(sidecar: RunningDaemon, openfeature_api: Any) -> OpenFeatureClient:
    """A client of that daemon, without hooks and without a cache, so that each reason is the daemon's."""
    api.set_provider_and_wait(BurgeeProvider(f"unix://{sidecar.socket}", cache_size=0))
    return api.get_client()


def hooked(client: OpenFeatureClient, *hooks: Hook) -> OpenFeatureClient:
    """The client, with these hooks and no others."""
    client.hooks = list(hooks)
    return client


@pytest.fixture(params=["blocking", "asynchronous"])
def way(request: pytest.FixtureRequest) -> str:
    """Both ways to ask."""
    return str(request.param)


def ask(way: str, client: OpenFeatureClient, kind: str, key: str, default: Any, context: Any = None) -> Any:
    """The details of one evaluation, asked for blocking or asynchronously."""
    method = f"get_{kind}_details"
    if way == "blocking":
        return getattr(client, method)(key, default, context)
    return asyncio.run(getattr(client, f"{method}_async")(key, default, context))


class Events:
    """A real logger provider whose records stay here."""

    def __init__(self) -> None:
        self._exporter = InMemoryLogRecordExporter()
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self.provider.add_log_record_processor(SimpleLogRecordProcessor(self._exporter))

    def records(self) -> list[ReadableLogRecord]:
        return list(self._exporter.get_finished_logs())

    def attributes(self) -> list[dict[str, Any]]:
        return [dict(record.log_record.attributes or {}) for record in self.records()]


class Spans:
    """A real tracer provider whose spans stay here."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = provider.get_tracer("test")

    def events(self, name: str) -> list[tuple[str, dict[str, Any]]]:
        """Of the finished span of that name."""
        [span] = [span for span in self._exporter.get_finished_spans() if span.name == name]
        return [(event.name, dict(event.attributes or {})) for event in span.events]


@dataclass
class Metrics:
    """A real meter provider that is read on demand."""

    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)

    def __post_init__(self) -> None:
        self.provider = MeterProvider(metric_readers=[self.reader], shutdown_on_exit=False)

    def metric(self, name: str) -> Any:
        data = self.reader.get_metrics_data()
        assert data is not None
        [metric] = [
            metric
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
        ]
        return metric

    def counts(self, name: str) -> dict[frozenset[tuple[str, Any]], int]:
        """By attributes: a counter's value, or how often a histogram was recorded."""
        points = self.metric(name).data.data_points
        return {
            frozenset(point.attributes.items()): getattr(point, "value", None) or point.count
            for point in points
        }


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()
