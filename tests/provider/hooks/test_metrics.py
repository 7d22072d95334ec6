"""The metrics of evaluations, as OpenTelemetry's SDK receives them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.burgee.hooks import MetricsHook
from openfeature.contrib.provider.burgee.hooks.series import Series
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagType, Reason
from openfeature.hook import Hook, HookContext, HookHints

from tests.provider.hooks.conftest import ANNA, Metrics, ask, hooked

EVALUATIONS = "feature_flag.evaluations"
DURATION = "feature_flag.evaluation.duration"


def series(key: str, reason: str, variant: str | None = None, error: str | None = None) -> Any:
    """The attributes of one series."""
    attributes = {"feature_flag.key": key, "feature_flag.result.reason": reason}
    if variant is not None:
        attributes["feature_flag.result.variant"] = variant
    if error is not None:
        attributes["error.type"] = error
    return frozenset(attributes.items())


def test_evaluations_are_counted_and_timed_by_flag_variant_reason_and_error(
    client: OpenFeatureClient, metrics: Metrics, way: str
) -> None:
    hooked(client, MetricsHook(meter_provider=metrics.provider))
    for _ in range(3):
        ask(way, client, "boolean", "checkout", False, ANNA)
    ask(way, client, "boolean", "checkout", False)
    ask(way, client, "boolean", "old", False)
    ask(way, client, "string", "limit", "")
    expected = {
        series("checkout", "targeting_match", "on"): 3,
        series("checkout", "default", "off"): 1,
        series("old", "disabled"): 1,
        series("limit", "error", error="type_mismatch"): 1,
    }
    assert metrics.counts(EVALUATIONS) == expected
    assert metrics.counts(DURATION) == expected
    assert metrics.metric(EVALUATIONS).unit == "{evaluation}"
    assert metrics.metric(DURATION).unit == "s"


class SlowHook(Hook):
    """Lets time pass within an evaluation, on a clock of the test's."""

    def __init__(self, seconds: float) -> None:
        self.now = 100.0
        self._seconds = seconds

    def before(self, hook_context: HookContext, hints: HookHints) -> None:
        self.now += self._seconds

    def monotonic(self) -> float:
        return self.now


def test_a_duration_is_in_seconds_and_falls_into_fine_buckets(
    client: OpenFeatureClient, metrics: Metrics, way: str
) -> None:
    slow: Any = SlowHook(0.000_2)
    hooked(client, MetricsHook(meter_provider=metrics.provider, clock=slow), slow)
    ask(way, client, "string", "greeting", "")
    [point] = metrics.metric(DURATION).data.data_points
    assert point.sum == pytest.approx(0.000_2)
    [bucket] = [place for place, count in enumerate(point.bucket_counts) if count]
    assert point.explicit_bounds[bucket - 1 : bucket + 1] == (0.000_1, 0.000_25)


def test_an_evaluation_before_ready_is_counted_and_not_timed(
    openfeature_api: Any, metrics: Metrics, way: str
) -> None:
    api.set_provider(BurgeeProvider("unix:///nowhere/burgee.sock", initialize_deadline=30))
    client = hooked(api.get_client(), MetricsHook(meter_provider=metrics.provider))
    ask(way, client, "boolean", "checkout", True)
    assert metrics.counts(EVALUATIONS) == {series("checkout", "error", error="provider_not_ready"): 1}
    data = metrics.reader.get_metrics_data()
    assert data is not None and DURATION not in str(data)


def test_evaluations_at_once_keep_their_times_apart(client: OpenFeatureClient, metrics: Metrics) -> None:
    hooked(client, MetricsHook(meter_provider=metrics.provider))

    def work() -> None:
        for _ in range(25):
            client.get_boolean_value("checkout", False, ANNA)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    expected = {series("checkout", "targeting_match", "on"): 200}
    assert metrics.counts(EVALUATIONS) == metrics.counts(DURATION) == expected


def test_a_clock_that_fails_costs_the_metric_and_never_the_value(
    client: OpenFeatureClient, metrics: Metrics, way: str
) -> None:
    class Broken:
        def monotonic(self) -> float:
            raise RuntimeError("mine")

    broken: Any = Broken()
    hooked(client, MetricsHook(meter_provider=metrics.provider, clock=broken))
    assert ask(way, client, "boolean", "checkout", False, ANNA).value is True
    assert metrics.counts(EVALUATIONS) == {series("checkout", "targeting_match", "on"): 1}


def details(key: str, variant: str | None = "on", **how: Any) -> FlagEvaluationDetails[Any]:
    return FlagEvaluationDetails(
        flag_key=key, value=True, variant=variant, **{"reason": Reason.STATIC, **how}
    )


@pytest.mark.parametrize("by", ["key", "variant"])
def test_flags_and_variants_beyond_the_limit_are_other(metrics: Metrics, by: str) -> None:
    hook = MetricsHook(limit=3, meter_provider=metrics.provider)
    context = HookContext("f", FlagType.BOOLEAN, False, EvaluationContext())
    for number in (*range(5), *range(5)):
        one = details(f"f-{number}") if by == "key" else details("f", f"v-{number}")
        hook.finally_after(context, one, {})
    told = [(f"f-{number}", "on") if by == "key" else ("f", f"v-{number}") for number in range(3)]
    expected = {series(key, "static", variant): 2 for key, variant in told}
    assert metrics.counts(EVALUATIONS) == {**expected, series("other", "static", "other"): 4}


def test_the_last_flag_within_the_limit_is_itself() -> None:
    bounded = Series(1_000)
    told = [bounded.of(details(f"f-{number}"))["feature_flag.key"] for number in range(1_001)]
    assert told[:1_000] == [f"f-{number}" for number in range(1_000)]
    assert told[1_000] == "other"


def test_a_thousand_threads_of_new_flags_never_exceed_the_limit() -> None:
    bounded = Series(50)
    told: list[Mapping[str, str]] = []

    def work(number: int) -> None:
        told.extend(bounded.of(details(f"f-{number % 80}-{place}")) for place in range(40))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(told) == 64 * 40
    assert 1 < len({attributes["feature_flag.key"] for attributes in told}) <= 51


@pytest.mark.parametrize(
    ("how", "reason", "error"),
    [
        ({"reason": None}, "unknown", None),
        ({"reason": "MY_OWN_1"}, "other", None),
        ({"reason": Reason.ERROR, "error_code": ErrorCode.PARSE_ERROR}, "error", "parse_error"),
        ({"reason": Reason.ERROR}, "error", "general"),
        ({"reason": Reason.ERROR, "error_code": "MINE"}, "error", "other"),
        ({"reason": Reason.STALE, "flag_metadata": None}, "stale", None),
    ],
)
def test_words_that_nobody_defined_are_other(how: dict[str, Any], reason: str, error: str | None) -> None:
    told = Series(10).of(details("f", None, **how))
    assert frozenset(told.items()) == series("f", reason, error=error)


def test_a_limit_under_one_is_refused() -> None:
    with pytest.raises(ValueError, match="over 0, not 0"):
        MetricsHook(limit=0)
