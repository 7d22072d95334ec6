"""A Django project in one file: the middleware goes around the application that a project's wsgi.py names.

    scripts/run                                # in another terminal: the daemon on config/flags.yaml
    .venv/bin/pip install django
    .venv/bin/python examples/wsgi_django.py
    curl -H 'X-User: anna' -H 'X-Customer: c-42' -H 'X-Organization: acme' http://127.0.0.1:8080/

A project does the same in its wsgi.py (or, with the middleware for ASGI, in its asgi.py) around what
`get_wsgi_application()` returns. What only Django's own middleware knows, such as `request.user`, a few lines
in MIDDLEWARE add: see `PlanOfUser`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.types import WSGIApplication

from django.conf import settings
from django.core.servers.basehttp import run
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.burgee.middleware.wsgi import BurgeeMiddleware, from_headers
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ProviderNotReadyError

PLANS = {"anna": "pro"}
"""In earnest this would be a field of `request.user`."""


class PlanOfUser:
    """Django's kind of middleware: adds what is known only inside of Django."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve one request; the middleware around Django puts back what was before."""
        who = api.get_transaction_context()
        plan = PLANS.get(who.targeting_key or "", "free")
        api.set_transaction_context(who.merge(EvaluationContext(attributes={"plan": plan})))
        return self.get_response(request)


def page(_request: HttpRequest) -> JsonResponse:
    """What the first page needs to know."""
    client = api.get_client()
    return JsonResponse(
        {
            "newCheckout": client.get_boolean_value("new-checkout", False),
            "uploadLimit": client.get_integer_value("upload-limit-mb", 25),
            "digest": client.get_string_value("email-digest", "weekly"),
        }
    )


def who(_request: HttpRequest) -> JsonResponse:
    """Who asks, as every evaluation sees it."""
    context = api.get_transaction_context()
    return JsonResponse({"targetingKey": context.targeting_key, **context.attributes})


def report(_request: HttpRequest) -> StreamingHttpResponse:
    """Lines, each made while the ones before are on their way."""

    def lines() -> Iterator[str]:
        for number in range(3):
            yield f"{number} {api.get_client().get_string_value('email-digest', 'weekly')}\n"

    return StreamingHttpResponse(lines(), content_type="text/plain")


urlpatterns = [path("", page), path("who", who), path("report", report)]


def build_application() -> WSGIApplication:
    """What a project's wsgi.py calls `application`."""
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, MIDDLEWARE=[f"{__name__}.PlanOfUser"]
    )
    return BurgeeMiddleware(
        get_wsgi_application(),
        context=from_headers(targeting_key="X-User", customer="X-Customer", organization="X-Organization"),
    )


def serve(application: Any, port: int) -> None:
    """Serve with Django's server for development, one thread for each connection."""

    def ready(served_at: int) -> None:
        print(f"Running on http://127.0.0.1:{served_at}/", flush=True)

    run("127.0.0.1", port, application, threading=True, on_bind=ready)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=8080)
    try:
        api.set_provider_and_wait(BurgeeProvider())
    except ProviderNotReadyError as reason:
        # Nothing to stop for: the values in the code hold until the daemon answers.
        print(f"starting without the daemon: {reason}")
    try:
        serve(build_application(), arguments.parse_args().port)
    except KeyboardInterrupt:
        print("-- the end")
    finally:
        api.shutdown()
