"""The evaluation event, as OpenTelemetry's SDK receives it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.burgee.hooks import EvaluationEventHook
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagType, Reason
from openfeature.hook import HookContext
from opentelemetry.semconv._incubating.attributes import feature_flag_attributes as conventions
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.schemas import Schemas

from tests.provider.hooks.conftest import ANNA, Events, Spans, ask, hooked
from tests.support.daemon import RunningDaemon

NAME = "feature_flag.evaluation"
FROM_THE_DAEMON = {
    conventions.FEATURE_FLAG_SET_ID: "shop",
    conventions.FEATURE_FLAG_VERSION: "7",
    conventions.FEATURE_FLAG_PROVIDER_NAME: "burgee",
}


def test_an_evaluation_is_one_event_with_the_conventions_attributes(
    client: OpenFeatureClient, events: Events, way: str
) -> None:
    ask(
        way,
        hooked(client, EvaluationEventHook(logger_provider=events.provider)),
        "boolean",
        "checkout",
        False,
        ANNA,
    )
    [record] = events.records()
    assert record.log_record.event_name == NAME
    assert record.log_record.body is None
    assert record.log_record.timestamp is not None
    assert abs(record.log_record.timestamp - record.log_record.observed_timestamp) < 1e9
    assert record.instrumentation_scope.name == "openfeature.contrib.provider.burgee"
    assert record.instrumentation_scope.schema_url == Schemas.V1_44_0.value
    assert dict(record.log_record.attributes or {}) == {
        conventions.FEATURE_FLAG_KEY: "checkout",
        conventions.FEATURE_FLAG_RESULT_VARIANT: "on",
        conventions.FEATURE_FLAG_RESULT_REASON: "targeting_match",
        conventions.FEATURE_FLAG_CONTEXT_ID: "anna",
        **FROM_THE_DAEMON,
    }


def test_an_answer_out_of_memory_says_so(
    openfeature_api: Any, sidecar: RunningDaemon, events: Events, way: str
) -> None:
    api.set_provider_and_wait(BurgeeProvider(f"unix://{sidecar.socket}"))
    client = hooked(api.get_client(), EvaluationEventHook(logger_provider=events.provider))
    for _ in range(2):
        ask(way, client, "boolean", "checkout", False, ANNA)
    first, second = events.attributes()
    assert first[conventions.FEATURE_FLAG_RESULT_REASON] == "targeting_match"
    assert second == {**first, conventions.FEATURE_FLAG_RESULT_REASON: "cached"}


@pytest.mark.parametrize(
    ("key", "default", "error_type"),
    [("unknown", "x", "flag_not_found"), ("limit", "x", "type_mismatch")],
)
def test_a_failure_has_the_type_and_the_text_of_its_error(
    client: OpenFeatureClient, events: Events, way: str, key: str, default: str, error_type: str
) -> None:
    hooked(client, EvaluationEventHook(logger_provider=events.provider, value="never"))
    details = ask(way, client, "string", key, default)
    [attributes] = events.attributes()
    assert attributes[conventions.FEATURE_FLAG_RESULT_REASON] == "error"
    assert attributes[ERROR_TYPE] == error_type
    assert attributes[conventions.FEATURE_FLAG_ERROR_MESSAGE] == details.error_message != ""
    assert conventions.FEATURE_FLAG_RESULT_VARIANT not in attributes
    assert conventions.FEATURE_FLAG_RESULT_VALUE not in attributes


def test_a_disabled_flag_is_no_error(client: OpenFeatureClient, events: Events, way: str) -> None:
    ask(way, hooked(client, EvaluationEventHook(logger_provider=events.provider)), "boolean", "old", True)
    [attributes] = events.attributes()
    assert attributes == {
        conventions.FEATURE_FLAG_KEY: "old",
        conventions.FEATURE_FLAG_RESULT_REASON: "disabled",
        **FROM_THE_DAEMON,
    }


def test_a_provider_that_is_not_ready_is_told_too(openfeature_api: Any, events: Events, way: str) -> None:
    api.set_provider(BurgeeProvider("unix:///nowhere/burgee.sock", initialize_deadline=30))
    client = hooked(api.get_client(), EvaluationEventHook(logger_provider=events.provider))
    ask(way, client, "boolean", "checkout", True)
    [attributes] = events.attributes()
    assert attributes[ERROR_TYPE] == "provider_not_ready"


def test_the_context_id_of_the_metadata_beats_the_targeting_key(
    client: OpenFeatureClient, events: Events
) -> None:
    hooked(client, EvaluationEventHook(logger_provider=events.provider))
    client.get_boolean_value("signed", False, ANNA)
    client.get_boolean_value("signed", False)
    client.get_boolean_value("old", False)
    told = [attributes.get(conventions.FEATURE_FLAG_CONTEXT_ID) for attributes in events.attributes()]
    assert told == ["session-9", "session-9", None]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("never", {}),
        ("without variant", {"old": True, "unknown": 0.25}),
        (
            "always",
            {
                "checkout": False,
                "greeting": "hello",
                "limit": 10,
                "layout": '{"columns":[1,2],"…',
                "old": True,
                "unknown": 0.25,
            },
        ),
    ],
)
def test_the_value_is_told_on_request_only_and_cut(
    client: OpenFeatureClient, events: Events, value: Any, told: Mapping[str, Any]
) -> None:
    hooked(client, EvaluationEventHook(logger_provider=events.provider, value=value, longest_value=18))
    client.get_boolean_value("checkout", True)
    client.get_string_value("greeting", "")
    client.get_integer_value("limit", 0)
    client.get_object_value("layout", {})
    client.get_boolean_value("old", True)
    client.get_float_value("unknown", 0.25)
    seen = {
        attributes[conventions.FEATURE_FLAG_KEY]: attributes[conventions.FEATURE_FLAG_RESULT_VALUE]
        for attributes in events.attributes()
        if conventions.FEATURE_FLAG_RESULT_VALUE in attributes
    }
    assert seen == told
    assert len(events.records()) == 6


@pytest.mark.parametrize(("length", "told"), [(5, "hello"), (4, "hell…")])
def test_a_text_is_cut_beyond_the_longest(
    client: OpenFeatureClient, events: Events, length: int, told: str
) -> None:
    hooked(client, EvaluationEventHook(logger_provider=events.provider, value="always", longest_value=length))
    client.get_string_value("greeting", "")
    assert events.attributes()[0][conventions.FEATURE_FLAG_RESULT_VALUE] == told


def test_an_event_carries_the_ids_of_its_span_and_may_be_an_event_of_it(
    client: OpenFeatureClient, events: Events, spans: Spans, way: str
) -> None:
    hooked(client, EvaluationEventHook(logger_provider=events.provider, span_events=True))
    with spans.tracer.start_as_current_span("request") as span:
        ask(way, client, "boolean", "checkout", False, ANNA)
    ask(way, client, "boolean", "checkout", False, ANNA)
    within, outside = events.records()
    assert within.log_record.trace_id == span.get_span_context().trace_id
    assert within.log_record.span_id == span.get_span_context().span_id
    assert outside.log_record.trace_id == 0
    assert spans.events("request") == [(NAME, dict(within.log_record.attributes or {}))]


def test_span_events_alone_emit_no_log_records(
    client: OpenFeatureClient, events: Events, spans: Spans
) -> None:
    hook = EvaluationEventHook(log_events=False, span_events=True, logger_provider=events.provider)
    with spans.tracer.start_as_current_span("request"):
        hooked(client, hook).get_boolean_value("checkout", False)
    assert [name for name, _ in spans.events("request")] == [NAME]
    assert events.records() == []


def test_attributes_are_added_left_out_and_rewritten(client: OpenFeatureClient, events: Events) -> None:
    def add(hook_context: HookContext, details: FlagEvaluationDetails[Any]) -> dict[str, Any]:
        return {
            "app.beta": hook_context.evaluation_context.attributes["beta"],
            "app.source": details.flag_metadata["burgee.source"],
        }

    def rewrite(attributes: dict[str, Any]) -> dict[str, Any] | None:
        if attributes[conventions.FEATURE_FLAG_KEY] == "greeting":
            return None
        attributes["error.message"] = attributes.pop("app.source")
        return attributes

    hook = EvaluationEventHook(
        logger_provider=events.provider,
        exclude_attributes=[conventions.FEATURE_FLAG_CONTEXT_ID, conventions.FEATURE_FLAG_SET_ID],
        attribute_mapper=add,
        event_mutator=rewrite,
    )
    hooked(client, hook).get_boolean_value("checkout", False, ANNA)
    client.get_string_value("greeting", "", ANNA)
    assert events.attributes() == [
        {
            conventions.FEATURE_FLAG_KEY: "checkout",
            conventions.FEATURE_FLAG_RESULT_VARIANT: "on",
            conventions.FEATURE_FLAG_RESULT_REASON: "targeting_match",
            conventions.FEATURE_FLAG_VERSION: "7",
            conventions.FEATURE_FLAG_PROVIDER_NAME: "burgee",
            "app.beta": True,
            "error.message": "default",
        }
    ]


def test_a_faulty_mapper_costs_its_attributes_and_a_faulty_mutator_the_event_but_never_the_value(
    client: OpenFeatureClient, events: Events, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    def fail(*arguments: Any) -> Any:
        raise RuntimeError("mine")

    hooked(client, EvaluationEventHook(logger_provider=events.provider, attribute_mapper=fail))
    values = [ask(way, client, "boolean", "checkout", False, ANNA).value for _ in range(2)]
    assert len(events.records()) == 2
    hooked(client, EvaluationEventHook(logger_provider=events.provider, event_mutator=fail))
    values += [ask(way, client, "boolean", "checkout", False, ANNA).value for _ in range(2)]
    assert len(events.records()) == 2
    assert values == [True] * 4
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert ["the attribute_mapper raised" in warnings[0].getMessage(), len(warnings)] == [True, 2]


@pytest.mark.parametrize("metadata", [None, {}, {"version": 3, "flagSetId": "", "contextId": 12}])
@pytest.mark.parametrize("reason", [None, "MY_OWN", Reason.STALE])
def test_details_of_other_providers_are_told_as_far_as_they_go(
    events: Events, metadata: Any, reason: str | None
) -> None:
    hook = EvaluationEventHook(logger_provider=events.provider, value="always")
    details = FlagEvaluationDetails(
        flag_key="f", value=2**70, variant="", reason=reason, flag_metadata=metadata
    )
    hook.finally_after(HookContext("f", FlagType.INTEGER, 0, EvaluationContext()), details, {})
    [attributes] = events.attributes()
    expected = {
        conventions.FEATURE_FLAG_KEY: "f",
        conventions.FEATURE_FLAG_RESULT_REASON: {None: "unknown", "MY_OWN": "my_own"}.get(reason, "stale"),
        conventions.FEATURE_FLAG_RESULT_VALUE: str(2**70),
    }
    if metadata:
        expected |= {conventions.FEATURE_FLAG_VERSION: "3", conventions.FEATURE_FLAG_CONTEXT_ID: "12"}
    assert attributes == expected


def test_each_of_many_evaluations_at_once_is_told_under_its_own_span(
    client: OpenFeatureClient, events: Events, spans: Spans
) -> None:
    hooked(client, EvaluationEventHook(logger_provider=events.provider))
    seen: dict[str, int] = {}

    def work(name: str) -> None:
        with spans.tracer.start_as_current_span(name) as span:
            seen[name] = span.get_span_context().span_id
            for _ in range(20):
                client.get_boolean_value("checkout", False, EvaluationContext(name))

    threads = [threading.Thread(target=work, args=(f"t-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    told = [
        (record.log_record.attributes[conventions.FEATURE_FLAG_CONTEXT_ID], record.log_record.span_id)
        for record in events.records()
        if record.log_record.attributes
    ]
    assert sorted(told) == sorted((name, span_id) for name, span_id in seen.items() for _ in range(20))
    assert len(told) == 160


def test_without_anyone_to_take_the_event_nothing_is_made_of_it(client: OpenFeatureClient) -> None:
    made: list[Any] = []
    hooked(client, EvaluationEventHook(event_mutator=lambda attributes: made.append(attributes)))
    assert client.get_boolean_value("checkout", False, ANNA) is True
    hook = EvaluationEventHook(
        log_events=False, span_events=True, event_mutator=lambda attributes: made.append(attributes)
    )
    assert hooked(client, hook).get_boolean_value("checkout", False, ANNA) is True
    assert made == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"log_events": False}, "log_events or span_events"),
        ({"value": "sometimes"}, "'sometimes'"),
        ({"longest_value": 0}, "over 0, not 0"),
        ({"exclude_attributes": "feature_flag.version"}, "list of names"),
        ({"exclude_attributes": ["feature_flag.key"]}, "every event needs"),
    ],
)
def test_an_option_that_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EvaluationEventHook(**options)
