"""The middleware for WSGI: in its request's context whenever the application works on it, and only then."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from wsgiref.util import FileWrapper

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee.middleware.wsgi import BurgeeMiddleware, from_headers
from openfeature.evaluation_context import EvaluationContext

from tests.provider.middleware.driving import asking, begin_wsgi, get_wsgi

pytestmark = pytest.mark.usefixtures("openfeature_api")

NOBODY = (None, {})


def by_path(environ: Any) -> EvaluationContext:
    """Who is asking, for tests: the path."""
    return EvaluationContext(environ["PATH_INFO"])


class Streaming:
    """An application that answers piece by piece, and notes who is asking at every step."""

    def __init__(self, pieces: int = 3) -> None:
        self.pieces = pieces
        self.seen: list[Any] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.seen.append(("called", asking()[0]))
        start_response("200 OK", [])
        return self.answer()

    def answer(self) -> Iterator[bytes]:
        try:
            for _ in range(self.pieces):
                self.seen.append(("piece", asking()[0]))
                yield str(asking()[0]).encode()
        finally:
            self.seen.append(("closed", asking()[0]))


def test_the_context_holds_from_the_call_to_the_close_and_only_while_the_application_works() -> None:
    application = Streaming()
    body = begin_wsgi(BurgeeMiddleware(application, context=by_path), path="/anna")
    assert asking() == NOBODY
    pieces = iter(body)
    assert next(pieces) == b"/anna"
    assert asking() == NOBODY
    body.close()  # type: ignore[attr-defined]
    assert asking() == NOBODY
    assert application.seen == [("called", "/anna"), ("piece", "/anna"), ("closed", "/anna")]


def test_answers_streamed_in_turns_by_one_thread_do_not_mix() -> None:
    middleware = BurgeeMiddleware(Streaming(), context=by_path)
    anna, boris = (iter(begin_wsgi(middleware, path=path)) for path in ("/anna", "/boris"))
    got = [next(stream) for _ in range(3) for stream in (anna, boris)]
    assert got == [b"/anna", b"/boris"] * 3
    assert asking() == NOBODY


def test_an_answer_that_another_thread_streams_is_made_in_its_context_too() -> None:
    body = begin_wsgi(BurgeeMiddleware(Streaming(), context=by_path), path="/anna")
    with ThreadPoolExecutor(1) as other:
        assert other.submit(b"".join, body).result(10) == b"/anna" * 3
        assert other.submit(asking).result(10) == NOBODY


def test_64_threads_each_serve_their_own_request() -> None:
    all_are_in = threading.Barrier(64)

    def application(environ: Any, start_response: Any) -> Any:
        all_are_in.wait(10)
        yield str(asking()[0]).encode()

    middleware = BurgeeMiddleware(application, context=by_path)
    with ThreadPoolExecutor(64) as threads:
        answers = list(threads.map(lambda n: get_wsgi(middleware, path=f"/{n}"), range(64)))
        assert set(threads.map(lambda _: asking()[0], range(64))) == {None}
    assert answers == [f"/{n}".encode() for n in range(64)]


def test_a_context_set_by_the_application_holds_for_the_rest_of_its_request_only() -> None:
    def application(environ: Any, start_response: Any) -> Iterator[bytes]:
        yield str(asking()[0]).encode()
        api.set_transaction_context(EvaluationContext("after the login"))
        yield b"!"
        yield str(asking()[0]).encode()

    assert get_wsgi(BurgeeMiddleware(application, context=lambda environ: None)) == b"None!after the login"
    assert asking() == NOBODY


@pytest.mark.parametrize("fails", ["when called", "when iterated", "when closed"])
def test_the_context_before_is_back_although_the_application_fails(fails: str) -> None:
    class Body:
        def __iter__(self) -> Iterator[bytes]:
            if fails == "when iterated":
                raise RuntimeError(fails)
            return iter([b""])

        def close(self) -> None:
            if fails == "when closed":
                raise RuntimeError(fails)

    def application(environ: Any, start_response: Any) -> Any:
        if fails == "when called":
            raise RuntimeError(fails)
        return Body()

    with pytest.raises(RuntimeError, match=fails):
        get_wsgi(BurgeeMiddleware(application, context=by_path))
    assert asking() == NOBODY


def test_an_answer_that_cannot_be_closed_is_left_unclosed() -> None:
    middleware = BurgeeMiddleware(lambda environ, start_response: iter([b"a", b"b"]), context=by_path)
    body = begin_wsgi(middleware)
    assert b"".join(body) == b"ab"
    body.close()  # type: ignore[attr-defined]
    assert list(body) == []


@pytest.mark.parametrize("answer", [[b"whole"], (b"whole",), FileWrapper(BytesIO(b"file"))])
def test_answers_that_servers_treat_better_are_handed_on_as_they_are(answer: Any) -> None:
    middleware = BurgeeMiddleware(lambda environ, start_response: answer, context=by_path)
    assert begin_wsgi(middleware, **{"wsgi.file_wrapper": FileWrapper}) is answer


def test_nested_middleware_replaces_the_context_and_puts_it_back() -> None:
    seen = []
    inner = BurgeeMiddleware(Streaming(1), context=lambda environ: EvaluationContext("inner"))

    def between(environ: Any, start_response: Any) -> Any:
        for piece in inner(environ, start_response):
            seen.append(asking()[0])
            yield piece

    assert get_wsgi(BurgeeMiddleware(between, context=by_path), path="/outer") == b"inner"
    assert seen == ["/outer"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(lambda environ: environ["no"], "KeyError: 'no'", id="raises"),
        pytest.param(lambda environ: {"customer": "c-42"}, "TypeError: an EvaluationContext", id="dict"),
    ],
)
def test_a_failure_to_say_who_is_asking_is_a_request_without_context_and_one_line(
    caplog: pytest.LogCaptureFixture, answer: Any, says: str
) -> None:
    application = Streaming(1)
    outer = BurgeeMiddleware(BurgeeMiddleware(application, context=answer), context=by_path)
    assert get_wsgi(outer, path="/cart") == b"None"
    (warning,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert warning.getMessage().startswith(f"the request for /cart has no context: {says}")


def test_headers_say_who_is_asking() -> None:
    seen = []

    def application(environ: Any, start_response: Any) -> Any:
        seen.append(asking())
        return []

    who = from_headers(targeting_key="X-User", customer="X-Customer", organization="X-Org", plan="x-plan")
    middleware = BurgeeMiddleware(application, context=who)
    get_wsgi(middleware, [("X-User", b"anna"), ("X-Customer", b" c-42 "), ("X-Plan", b"pro")])
    get_wsgi(middleware, [("X-User", b""), ("X-Customer", b"  "), ("X-Plan", b"pro")])
    get_wsgi(middleware)
    assert seen == [("anna", {"customer": "c-42", "plan": "pro"}), (None, {"plan": "pro"}), NOBODY]


def test_a_header_that_no_server_can_have_written_is_a_request_without_context(
    caplog: pytest.LogCaptureFixture,
) -> None:
    application = Streaming(1)
    middleware = BurgeeMiddleware(application, context=from_headers(customer="X-Customer"))
    assert b"".join(begin_wsgi(middleware, HTTP_X_CUSTOMER="\u20ac")) == b"None"
    assert "UnicodeEncodeError" in caplog.text
