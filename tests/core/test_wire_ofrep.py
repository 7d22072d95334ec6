"""OFREP messages, written and read."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgee.errors import MessageError
from burgee.resolution import ErrorCode, Reason, Resolution
from burgee.wire import ofrep

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("body", "context"),
    [
        (b"", {}),
        (b"{}", {}),
        (b'{"context":{}}', {}),
        (b'{"context":{"targetingKey":"u","plan":"pro"}}', {"targetingKey": "u", "plan": "pro"}),
        (b'{"context":{"targetingKey":null}}', {"targetingKey": None}),
        (b'{"context":{"a":1},"later":[]}', {"a": 1}),
    ],
)
def test_a_context_is_read_and_its_absence_is_an_empty_one(body: bytes, context: dict[str, object]) -> None:
    assert ofrep.read_context(body) == context


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "PARSE_ERROR"),
        (b"[]", "PARSE_ERROR"),
        (b"null", "PARSE_ERROR"),
        (b'"text"', "PARSE_ERROR"),
        (b'{"context":{"a":NaN}}', "PARSE_ERROR"),
        (b'{"context":{"a":"\\ud800"}}', "PARSE_ERROR"),
        (b'{"context":{"a":"\x00"}}', "PARSE_ERROR"),
        (b"\xff\xfe{}", "PARSE_ERROR"),
        (b"[" * 100_000, "PARSE_ERROR"),
        (b'{"context":null}', "INVALID_CONTEXT"),
        (b'{"context":[]}', "INVALID_CONTEXT"),
        (b'{"context":"x"}', "INVALID_CONTEXT"),
        (b'{"context":{"targetingKey":1}}', "INVALID_CONTEXT"),
        (b'{"context":{"targetingKey":{}}}', "INVALID_CONTEXT"),
    ],
)
def test_a_body_that_is_no_context_says_why(body: bytes, code: str) -> None:
    with pytest.raises(MessageError) as raised:
        ofrep.read_context(body)
    assert raised.value.code == code
    assert str(raised.value)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (ErrorCode.TARGETING_KEY_MISSING, 400),
        (ErrorCode.INVALID_CONTEXT, 400),
        (ErrorCode.PARSE_ERROR, 400),
        (ErrorCode.GENERAL, 400),
        (ErrorCode.FLAG_NOT_FOUND, 404),
        (ErrorCode.PROVIDER_NOT_READY, 503),
    ],
)
def test_an_error_carries_all_four_fields_and_its_status(code: ErrorCode, status: int) -> None:
    answered, body = ofrep.answer(Resolution.error("k", code, "why", {"flagSetId": "s"}))
    assert answered == status
    assert body == {
        "key": "k",
        "errorCode": code.value,
        "errorDetails": "why",
        "metadata": {"flagSetId": "s"},
    }


def test_a_code_default_has_no_value_an_empty_variant_and_metadata() -> None:
    status, body = ofrep.answer(Resolution("k", reason=Reason.DISABLED, flag_type="boolean"))
    assert status == 200
    assert body == {"key": "k", "reason": "DISABLED", "variant": "", "metadata": {}}


@pytest.mark.parametrize(
    ("value", "written"), [(1.0, b"1.0"), (1, b"1"), (0.1, b"0.1"), (-2.0, b"-2.0"), (2**62, b"%d" % 2**62)]
)
def test_floats_keep_their_point_and_integers_have_none(value: float, written: bytes) -> None:
    _, body = ofrep.answer(Resolution("k", value=value, has_value=True, reason=Reason.STATIC))
    assert b'"value":' + written + b"," in orjson.dumps(body)


@given(
    value=json_values.filter(lambda value: value is not None),
    variant=st.none() | st.text(min_size=1),
    reason=st.sampled_from(sorted(set(Reason) - {Reason.ERROR})),
    metadata=st.dictionaries(st.text(), st.booleans() | st.text() | st.integers(-(2**53), 2**53)),
)
def test_what_is_answered_is_what_the_client_reads(
    value: object, variant: str | None, reason: Reason, metadata: dict[str, object]
) -> None:
    sent = Resolution("k", value, True, variant, reason, ofrep._flag_type(value), metadata=metadata)
    status, body = ofrep.answer(sent)
    read = ofrep.read_answer("k", status, orjson.dumps(body))
    assert read == sent
    assert type(read.value) is type(value)


@given(code=st.sampled_from(ErrorCode), message=st.text(min_size=1))
def test_an_error_is_read_back_with_its_code_and_message(code: ErrorCode, message: str) -> None:
    status, body = ofrep.answer(Resolution.error("k", code, message))
    read = ofrep.read_answer("k", status, orjson.dumps(body))
    assert (read.error_code, read.error_message, read.reason) == (code, message, Reason.ERROR)


@given(status=st.sampled_from([200, 201, 204, 304, 400, 404, 429, 500, 503]), body=st.binary())
def test_any_bytes_are_an_answer(status: int, body: bytes) -> None:
    assert ofrep.read_answer("k", status, body).flag_key == "k"


@given(
    status=st.sampled_from([200, 400, 404, 500, 503]),
    message=st.dictionaries(
        st.sampled_from(["key", "value", "reason", "variant", "metadata", "errorCode", "errorDetails"]),
        json_values,
    ),
)
def test_any_shape_of_answer_is_an_answer(status: int, message: dict[str, object]) -> None:
    read = ofrep.read_answer("k", status, orjson.dumps(message))
    assert read.flag_key == "k"
    assert (read.error_code is None) == (status == 200 and "errorCode" not in message)
    assert all(isinstance(value, bool | str | int | float) for value in read.metadata.values())


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<html>", ErrorCode.PARSE_ERROR),
        (200, b"[]", ErrorCode.PARSE_ERROR),
        (200, b"", ErrorCode.PARSE_ERROR),
        (502, b"<html>Bad Gateway</html>", ErrorCode.GENERAL),
        (404, b'{"message":"Not Found"}', ErrorCode.GENERAL),
        (400, b'{"errorCode":"SOMETHING_NEW"}', ErrorCode.GENERAL),
        (503, b'{"errorCode":"PROVIDER_NOT_READY"}', ErrorCode.PROVIDER_NOT_READY),
        (200, b'{"key":"k","errorCode":"FLAG_NOT_FOUND"}', ErrorCode.FLAG_NOT_FOUND),
    ],
)
def test_what_is_no_answer_becomes_an_error(status: int, body: bytes, code: ErrorCode) -> None:
    read = ofrep.read_answer("k", status, body)
    assert read.error_code == code
    assert read.reason is Reason.ERROR
    assert not read.has_value


def test_a_null_value_is_the_code_default_and_an_unknown_reason_is_unknown() -> None:
    read = ofrep.read_answer("k", 200, b'{"key":"k","value":null,"reason":"MINE","variant":7}')
    assert (read.has_value, read.reason, read.variant, read.error_code) == (False, Reason.UNKNOWN, None, None)


@given(st.frozensets(st.text(min_size=1, max_size=20), max_size=8))
def test_attribute_names_survive_the_vary_header(names: frozenset[str]) -> None:
    text = ofrep.vary_header(names)
    assert text.isascii()
    assert text.isprintable()
    assert text == "*" or ofrep.read_vary(text) == names


def test_an_attribute_named_star_is_not_the_star() -> None:
    assert ofrep.vary_header(frozenset({"*"})) == "%2A"
    assert ofrep.read_vary("%2A") == {"*"}


def test_the_vary_header_is_sorted_and_gives_up_over_two_kilobytes() -> None:
    assert ofrep.vary_header(frozenset({"b", "a,c", "ä"})) == "a%2Cc,b,%C3%A4"
    assert ofrep.vary_header(frozenset()) == ""
    assert ofrep.vary_header(None) == "*"
    assert ofrep.vary_header(frozenset({"a" * 2048})) == "a" * 2048
    assert ofrep.vary_header(frozenset({"a" * 2049})) == "*"


@pytest.mark.parametrize("text", ["*", "a,,b", "a b", "%zz", "%ff", "a,%C3", "é"])
def test_a_vary_header_that_is_not_understood_forbids_caching(text: str) -> None:
    assert ofrep.read_vary(text) is None


@pytest.mark.parametrize(
    ("edge", "now", "milliseconds"),
    [(None, 5.0, None), (10.0, 9.0, 1000), (10.0, 9.9985, 1), (10.0, 9.9999, 1)],
)
def test_the_time_to_an_edge_is_rounded_down_and_at_least_one(
    edge: float | None, now: float, milliseconds: int | None
) -> None:
    assert ofrep.milliseconds_until(edge, now) == milliseconds


def test_a_bulk_answer_leaves_event_streams_out_where_there_are_none() -> None:
    assert ofrep.bulk_answer([], {}) == {"flags": [], "metadata": {}}
    assert ofrep.bulk_answer([{"key": "k"}], {"a": 1}, [{"type": "sse"}]) == {
        "flags": [{"key": "k"}],
        "metadata": {"a": 1},
        "eventStreams": [{"type": "sse"}],
    }
