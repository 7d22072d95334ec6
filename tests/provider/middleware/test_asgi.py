"""The middleware for ASGI: each connection in its own context, and nothing of it anywhere else."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee.middleware.asgi import BurgeeMiddleware, from_headers
from openfeature.evaluation_context import EvaluationContext
from openfeature.transaction_context import ContextVarsTransactionContextPropagator

from tests.provider.middleware.driving import asking, get_asgi, http_scope

pytestmark = pytest.mark.usefixtures("openfeature_api")

ANNA = EvaluationContext("anna", {"customer": "c-42"})
LOGGER = "openfeature.contrib.provider.burgee.middleware"


class Echo:
    """An application that notes who is asking."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(asking())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"served"})


@pytest.fixture
def echo() -> Echo:
    return Echo()


async def nothing(*_: Any) -> Any:
    """Receive or send nothing."""


async def test_a_request_is_served_in_its_context_and_the_one_before_is_put_back(echo: Echo) -> None:
    api.set_transaction_context_propagator(ContextVarsTransactionContextPropagator())
    api.set_transaction_context(EvaluationContext("outside"))
    assert await get_asgi(BurgeeMiddleware(echo, context=lambda scope: ANNA)) == b"served"
    assert echo.seen == [("anna", {"customer": "c-42"})]
    assert asking() == ("outside", {})


async def test_a_websocket_is_served_in_its_context_from_beginning_to_end() -> None:
    seen = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(3):
            await receive()
            seen.append(asking())

    middleware = BurgeeMiddleware(application, context=lambda scope: EvaluationContext(scope["path"]))
    await middleware(http_scope(path="/chat", kind="websocket"), nothing, nothing)
    assert seen == [("/chat", {})] * 3


@pytest.mark.parametrize("kind", ["lifespan", "something.new"])
async def test_what_is_no_connection_passes_untouched(echo: Echo, kind: str) -> None:
    asked = []
    middleware = BurgeeMiddleware(echo, context=asked.append)
    await middleware({"type": kind}, nothing, nothing)
    assert (len(echo.seen), asked) == (1, [])


async def test_who_is_asking_may_have_to_be_awaited(echo: Echo) -> None:
    async def look_up(scope: Any) -> EvaluationContext:
        await asyncio.sleep(0)
        return ANNA

    await get_asgi(BurgeeMiddleware(echo, context=look_up))
    assert echo.seen == [("anna", {"customer": "c-42"})]


async def test_a_thousand_requests_at_once_do_not_see_each_others_contexts() -> None:
    wrong: list[Any] = []
    all_are_in = asyncio.Barrier(1000)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        mine = (scope["path"], {})
        await all_are_in.wait()
        in_a_task = await asyncio.create_task(answer())
        if not asking() == in_a_task == mine:
            wrong.append((mine, asking(), in_a_task))

    async def answer() -> Any:
        return asking()

    middleware = BurgeeMiddleware(application, context=lambda scope: EvaluationContext(scope["path"]))
    await asyncio.gather(*(middleware(http_scope(path=f"/{n}"), nothing, nothing) for n in range(1000)))
    assert wrong == []
    assert asking() == (None, {})


async def test_requests_one_after_another_in_one_task_leave_nothing_behind(echo: Echo) -> None:
    known = iter([ANNA, None, EvaluationContext("boris")])
    middleware = BurgeeMiddleware(echo, context=lambda scope: next(known))
    for _ in range(3):
        await get_asgi(middleware)
        assert asking() == (None, {})
    assert echo.seen == [("anna", {"customer": "c-42"}), (None, {}), ("boris", {})]


async def test_the_context_reaches_threads_that_the_event_loop_is_given(echo: Echo) -> None:
    seen = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(await asyncio.to_thread(asking))

    await get_asgi(BurgeeMiddleware(application, context=lambda scope: ANNA))
    assert seen == [("anna", {"customer": "c-42"})]


@pytest.mark.parametrize("error", [RuntimeError("down"), asyncio.CancelledError()])
async def test_the_context_before_is_back_although_the_application_fails(error: BaseException) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        raise error

    with pytest.raises(type(error)):
        await get_asgi(BurgeeMiddleware(application, context=lambda scope: ANNA))
    assert asking() == (None, {})


async def test_nested_middleware_replaces_the_context_and_puts_it_back(echo: Echo) -> None:
    seen = []

    async def between(scope: Any, receive: Any, send: Any) -> None:
        await BurgeeMiddleware(echo, context=lambda scope: EvaluationContext("inner"))(scope, receive, send)
        seen.append(asking())

    await get_asgi(BurgeeMiddleware(between, context=lambda scope: ANNA))
    assert (echo.seen, seen) == ([("inner", {})], [("anna", {"customer": "c-42"})])


async def test_an_inner_one_may_add_to_the_outer_ones_context(echo: Echo) -> None:
    def add(scope: Any) -> EvaluationContext:
        return api.get_transaction_context().merge(EvaluationContext(None, {"plan": "pro"}))

    await get_asgi(BurgeeMiddleware(BurgeeMiddleware(echo, context=add), context=lambda scope: ANNA))
    assert echo.seen == [("anna", {"customer": "c-42", "plan": "pro"})]


async def test_a_context_set_by_the_application_holds_for_its_request_only(echo: Echo) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        api.set_transaction_context(EvaluationContext("after the login"))
        await echo(scope, receive, send)

    # Nobody is known yet: even so the SDK has to be made to keep a context.
    await get_asgi(BurgeeMiddleware(application, context=lambda scope: None))
    assert (echo.seen, asking()) == ([("after the login", {})], (None, {}))


# Where nobody can say who is asking.


async def awaited_failure(scope: Any) -> EvaluationContext:
    raise KeyError("session")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(lambda scope: {}["session"], "KeyError: 'session'", id="raises"),
        pytest.param(awaited_failure, "KeyError: 'session'", id="raises-awaited"),
        pytest.param(lambda scope: {"customer": "c-42"}, "TypeError: an EvaluationContext", id="dict"),
        pytest.param(lambda scope: "anna", "TypeError: an EvaluationContext", id="text"),
        pytest.param(
            lambda scope: EvaluationContext("anna", None),  # type: ignore[arg-type]
            "TypeError: an EvaluationContext with a mapping",
            id="attributes-none",
        ),
    ],
)
async def test_a_failure_to_say_who_is_asking_is_a_request_without_context_and_one_line(
    echo: Echo, caplog: pytest.LogCaptureFixture, answer: Any, says: str
) -> None:
    inner = BurgeeMiddleware(echo, context=answer)
    with caplog.at_level(logging.INFO):
        assert await get_asgi(BurgeeMiddleware(inner, context=lambda scope: ANNA), path="/cart") == b"served"
    assert echo.seen == [(None, {})]
    (warning,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert warning.name == LOGGER
    assert warning.getMessage().startswith(f"the request for /cart has no context: {says}")
    assert "\n" not in warning.getMessage() and warning.exc_info is None


async def test_a_request_that_is_cancelled_while_it_is_looked_up_stays_cancelled(echo: Echo) -> None:
    async def look_up(scope: Any) -> EvaluationContext:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await get_asgi(BurgeeMiddleware(echo, context=look_up))
    assert echo.seen == []


# The SDK's side of it.


class Keeps:
    """Somebody's own propagator, which keeps a copy."""

    def __init__(self) -> None:
        self.kept = EvaluationContext()

    def get_transaction_context(self) -> EvaluationContext:
        return self.kept

    def set_transaction_context(self, context: EvaluationContext) -> None:
        self.kept = EvaluationContext(context.targeting_key, dict(context.attributes))


async def test_an_sdk_that_keeps_no_context_is_made_to_with_one_line_in_all(
    echo: Echo, caplog: pytest.LogCaptureFixture
) -> None:
    middleware = BurgeeMiddleware(echo, context=lambda scope: ANNA)
    with caplog.at_level(logging.INFO, LOGGER):
        await get_asgi(middleware)
        await get_asgi(middleware)
        assert len(caplog.records) == 1 and "propagator is set" in caplog.text.lower()
        api.shutdown()
        await get_asgi(middleware)
    assert len(caplog.records) == 2
    assert echo.seen == [("anna", {"customer": "c-42"})] * 3


@pytest.mark.parametrize("context", [ANNA, EvaluationContext()])
async def test_another_propagator_is_left_alone(echo: Echo, context: EvaluationContext) -> None:
    propagator = Keeps()
    api.set_transaction_context_propagator(propagator)
    await get_asgi(BurgeeMiddleware(echo, context=lambda scope: context))
    assert echo.seen == [(context.targeting_key, context.attributes)]
    api.set_transaction_context(EvaluationContext("mine"))
    assert propagator.kept.targeting_key == "mine"


# Headers.


async def test_headers_say_who_is_asking(echo: Echo) -> None:
    who = from_headers(targeting_key="X-User", customer="X-Customer", organization="X-Org", plan="x-plan")
    middleware = BurgeeMiddleware(echo, context=who)
    await get_asgi(middleware, [("x-user", b"anna"), ("X-CUSTOMER", b" c-42 "), ("X-Plan", b"pro")])
    await get_asgi(middleware, [("X-User", b""), ("X-Customer", b"  "), ("X-Plan", b"pro")])
    await get_asgi(middleware)
    assert echo.seen == [("anna", {"customer": "c-42", "plan": "pro"}), (None, {"plan": "pro"}), (None, {})]


async def test_one_header_may_say_two_things(echo: Echo) -> None:
    middleware = BurgeeMiddleware(
        echo, context=from_headers(targeting_key="X-Customer", customer="X-Customer")
    )
    await get_asgi(middleware, [("X-Customer", b"c-42")])
    assert echo.seen == [("c-42", {"customer": "c-42"})]


async def test_a_header_that_came_twice_is_believed_neither_time(
    echo: Echo, caplog: pytest.LogCaptureFixture
) -> None:
    middleware = BurgeeMiddleware(echo, context=from_headers(targeting_key="X-User", customer="X-Customer"))
    await get_asgi(middleware, [("X-User", b"anna"), ("X-Customer", b"c-42"), ("X-Customer", b"c-1")])
    assert echo.seen == [(None, {})]
    assert "the header X-Customer came more than once" in caplog.text
