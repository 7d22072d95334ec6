"""What is sent to the daemon, and how its answers are told from everything else, without any waiting."""

from __future__ import annotations

import pytest
from openfeature.contrib.provider.burgee.address import TcpAddress
from openfeature.contrib.provider.burgee.exchange import (
    Request,
    Response,
    Unreachable,
    evaluation_request,
    read_response,
    send,
)

from burgee.resolution import ErrorCode, Reason


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("new-checkout", "new-checkout"),
        ("a/b", "a%2Fb"),
        ("../../../admin", "..%2F..%2F..%2Fadmin"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("?x=1#y", "%3Fx%3D1%23y"),
        ("ä b", "%C3%A4%20b"),
        ("a\r\nX: y", "a%0D%0AX%3A%20y"),
        ("%2e", "%252e"),
    ],
)
def test_a_key_is_one_segment_of_the_path_whatever_it_holds(key: str, path: str) -> None:
    request = evaluation_request(key, b"{}", "")
    assert request.target == f"/ofrep/v1/evaluate/flags/{path}"
    assert (request.method, request.body) == ("POST", b'{"context":{}}')


def test_the_selector_goes_along() -> None:
    assert ("Flagd-Selector", "flagSetId=shop") in evaluation_request("f", b"{}", "flagSetId=shop").headers


RESPONSE = Response(200, {}, b"{}")


def test_a_dead_idle_connection_is_replaced_once_and_at_once() -> None:
    conversation = send(Request("GET", "/"))
    assert next(conversation).fresh is False
    assert conversation.throw(Unreachable("gone", stale=True)).fresh is True
    with pytest.raises(StopIteration) as end:
        conversation.send(RESPONSE)
    assert end.value.value == RESPONSE


@pytest.mark.parametrize("first_was_stale", [True, False])
def test_no_other_failure_is_tried_again(first_was_stale: bool) -> None:
    conversation = send(Request("GET", "/"))
    next(conversation)
    if first_was_stale:
        conversation.throw(Unreachable("gone", stale=True))
    with pytest.raises(Unreachable, match="timeout"):
        conversation.throw(Unreachable("timeout", timed_out=True))


@pytest.mark.parametrize(
    ("status", "body", "code", "final"),
    [
        (200, b'{"value": true, "reason": "STATIC"}', None, True),
        (200, b'{"reason": "DISABLED"}', None, True),
        (200, b'{"status": "ok"}', ErrorCode.PARSE_ERROR, False),
        (200, b"<html>", ErrorCode.PARSE_ERROR, False),
        (200, b"[]", ErrorCode.PARSE_ERROR, False),
        (200, b"", ErrorCode.PARSE_ERROR, False),
        (400, b'{"errorCode": "TARGETING_KEY_MISSING"}', ErrorCode.TARGETING_KEY_MISSING, True),
        (400, b'{"errorCode": "INVALID_CONTEXT"}', ErrorCode.INVALID_CONTEXT, True),
        (404, b'{"errorCode": "FLAG_NOT_FOUND"}', ErrorCode.FLAG_NOT_FOUND, True),
        (404, b"nginx", ErrorCode.GENERAL, False),
        (404, b'{"detail": "Not Found"}', ErrorCode.GENERAL, False),
        (413, b"{}", ErrorCode.GENERAL, True),
        (401, b"", ErrorCode.GENERAL, False),
        (403, b"{}", ErrorCode.GENERAL, False),
        (429, b"", ErrorCode.GENERAL, False),
        (500, b'{"errorDetails": "oh"}', ErrorCode.GENERAL, False),
        (503, b'{"errorCode": "PROVIDER_NOT_READY"}', ErrorCode.PROVIDER_NOT_READY, False),
        (302, b"", ErrorCode.GENERAL, False),
    ],
)
def test_answers_are_told_from_failures(
    status: int, body: bytes, code: ErrorCode | None, final: bool
) -> None:
    answer = read_response("flag", Response(status, {}, body))
    assert (answer.resolution.error_code, answer.final) == (code, final)
    assert bool(answer.resolution.error_message) == (code is not None)
    assert (answer.resolution.reason is Reason.ERROR) == (code is not None)


TOKEN_WANTED = b'{"errorCode": "GENERAL", "errorDetails": "show a token with the scope evaluate"}'
GIVE = "give a token that may, as `token=` or BURGEE_TOKEN"


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (200, b"<html>", "the answer (HTTP 200) is not a JSON object: is this a Burgee daemon?"),
        (200, b"{}", "the answer (HTTP 200) has neither value nor reason: is this a Burgee daemon?"),
        (400, b"<html>", "HTTP 400: is this a Burgee daemon?"),
        (404, b"nginx", "HTTP 404: is this a Burgee daemon?"),
        (404, b"{}", "HTTP 404: is this a Burgee daemon?"),
        (429, b"", "HTTP 429: is this a Burgee daemon?"),
        (502, b"Bad Gateway", "HTTP 502: is this a Burgee daemon?"),
        (401, b"", f"HTTP 401: {GIVE}"),
        (403, b"{}", f"HTTP 403: {GIVE}"),
        (401, TOKEN_WANTED, f"HTTP 401: show a token with the scope evaluate: {GIVE}"),
        (503, b'{"errorCode": "PROVIDER_NOT_READY", "errorDetails": "loading"}', "HTTP 503: loading"),
        (503, b'{"errorCode": "PROVIDER_NOT_READY"}', "HTTP 503: PROVIDER_NOT_READY"),
    ],
)
def test_a_failure_says_whose_it_is_and_what_to_do(status: int, body: bytes, says: str) -> None:
    answer = read_response("flag", Response(status, {}, body, TcpAddress("127.0.0.1", 80)))
    assert answer.resolution.error_message == f"http://127.0.0.1:80: {says}"


def test_an_error_in_the_daemons_own_words_is_passed_on_as_it_is() -> None:
    body = b'{"errorCode": "FLAG_NOT_FOUND", "errorDetails": "no such flag", "metadata": {"a": 1}}'
    resolution = read_response("flag", Response(404, {}, body, TcpAddress("h", 80))).resolution
    assert (resolution.error_message, resolution.metadata) == ("no such flag", {"a": 1})


def test_a_redirect_is_not_followed_but_explained() -> None:
    answer = read_response("flag", Response(307, {"location": "https://elsewhere/"}, b""))
    assert "redirected to https://elsewhere/" in answer.resolution.error_message
