"""The middleware within real frameworks, where they run code in places of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from flask import Flask, Response, request, stream_with_context
from openfeature import api
from openfeature.contrib.provider.burgee.middleware import asgi, wsgi
from openfeature.evaluation_context import EvaluationContext
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from tests.provider.middleware.driving import asking, get_asgi, get_wsgi
from tests.support.daemon import REPOSITORY, clean_environment

pytestmark = pytest.mark.usefixtures("openfeature_api")

WHO = [("X-User", b"anna")]
ANNA = ("anna", {})


async def test_starlettes_own_kind_of_middleware_streams_and_background_tasks_see_it() -> None:
    seen = []

    async def through(request: Request, call_next: Any) -> Any:
        seen.append(asking())
        return await call_next(request)

    async def page(_request: Request) -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            for _ in range(2):
                yield str(asking()[0])

        return StreamingResponse(pieces(), background=BackgroundTask(lambda: seen.append(asking())))

    application = Starlette(
        routes=[Route("/", page)],
        middleware=[
            Middleware(asgi.BurgeeMiddleware, context=asgi.from_headers(targeting_key="X-User")),
            Middleware(BaseHTTPMiddleware, dispatch=through),
        ],
    )
    assert await get_asgi(application, WHO) == b"annaanna"
    assert seen == [ANNA, ANNA]
    assert asking() == (None, {})


async def test_who_was_authenticated_further_out_is_known() -> None:
    class Authentication:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await self.app(scope | {"user": "anna"}, receive, send)

    async def page(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(asking()[0]))

    application = Starlette(
        routes=[Route("/", page)],
        middleware=[
            Middleware(Authentication),
            Middleware(asgi.BurgeeMiddleware, context=lambda scope: EvaluationContext(scope["user"])),
        ],
    )
    assert await get_asgi(application) == b"anna"


@pytest.mark.parametrize("path", ["/asynchronous", "/thread"])
async def test_what_an_asynchronous_dependency_of_fastapi_finds_out_holds_for_its_request(path: str) -> None:
    async def log_in() -> None:
        api.set_transaction_context(EvaluationContext("anna"))

    application = FastAPI()
    application.add_middleware(asgi.BurgeeMiddleware, context=lambda scope: None)

    @application.get("/asynchronous", dependencies=[Depends(log_in)])
    async def asynchronous() -> Any:
        return asking()[0]

    @application.get("/thread", dependencies=[Depends(log_in)])
    def thread() -> Any:
        return asking()[0]

    assert await get_asgi(application, path=path) == b'"anna"'
    assert asking() == (None, {})


def test_flasks_streams_and_what_runs_at_their_end_see_it() -> None:
    seen = []
    application = Flask(__name__)

    @application.get("/")
    def page() -> Response:
        def pieces() -> Iterator[str]:
            for _ in range(2):
                yield f"{asking()[0]} {request.path} "

        response = Response(stream_with_context(pieces()))
        response.call_on_close(lambda: seen.append(asking()))
        return response

    application.wsgi_app = wsgi.BurgeeMiddleware(  # type: ignore[method-assign]
        application.wsgi_app, context=wsgi.from_headers(targeting_key="X-User")
    )
    assert get_wsgi(application, WHO) == b"anna / anna / "
    assert seen == [ANNA]
    with application.test_client() as client:
        assert client.get("/", headers={"X-User": "boris"}).text == "boris / boris / "
        assert request.path == "/"
    assert asking() == (None, {})


DJANGO_OVER_ASGI = """
import asyncio
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse
from django.urls import path
from openfeature.contrib.provider.burgee.middleware.asgi import BurgeeMiddleware, from_headers
from tests.provider.middleware.driving import asking, get_asgi

async def asynchronous(request):
    return HttpResponse(str(asking()[0]))

def blocking(request):
    return HttpResponse(str(asking()[0]))

urlpatterns = [path("asynchronous", asynchronous), path("blocking", blocking)]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=[])
application = BurgeeMiddleware(get_asgi_application(), context=from_headers(targeting_key="X-User"))
for where in ("/asynchronous", "/blocking"):
    print(asyncio.run(get_asgi(application, [("X-User", b"anna"), ("Host", b"x")], where)).decode())
"""


def test_django_over_asgi_sees_it_in_both_kinds_of_view() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DJANGO_OVER_ASGI],
        cwd=REPOSITORY,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "anna\nanna\n"), done.stderr
