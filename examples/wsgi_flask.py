"""A Flask application: each request, to the last line it streams, sees the flags of whoever asks.

    scripts/run                                # in another terminal: the daemon on config/flags.yaml
    .venv/bin/pip install flask
    .venv/bin/python examples/wsgi_flask.py
    curl -H 'X-User: anna' -H 'X-Customer: c-42' -H 'X-Organization: acme' http://127.0.0.1:8080/

BurgeeMiddleware takes who asks from headers, so a gateway has to set these and drop what browsers send under
their names. What the application finds out itself, such as the plan here, it adds in `before_request`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, request
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.burgee.middleware.wsgi import BurgeeMiddleware, from_headers
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ProviderNotReadyError

application = Flask(__name__)
application.wsgi_app = BurgeeMiddleware(  # type: ignore[method-assign]
    application.wsgi_app,
    context=from_headers(targeting_key="X-User", customer="X-Customer", organization="X-Organization"),
)


@application.before_request
def add_plan() -> None:
    """Add what is known only here; the middleware puts back what was before when the request is over."""
    plan = EvaluationContext(attributes={"plan": request.args.get("plan", "free")})
    api.set_transaction_context(api.get_transaction_context().merge(plan))


@application.get("/")
def page() -> dict[str, Any]:
    """What the first page needs to know."""
    client = api.get_client()
    return {
        "newCheckout": client.get_boolean_value("new-checkout", False),
        "uploadLimit": client.get_integer_value("upload-limit-mb", 25),
        "digest": client.get_string_value("email-digest", "weekly"),
    }


@application.get("/who")
def who() -> dict[str, Any]:
    """Who asks, as every evaluation sees it."""
    context = api.get_transaction_context()
    return {"targetingKey": context.targeting_key, **context.attributes}


@application.get("/report")
def report() -> Response:
    """Lines, each made while the ones before are on their way."""

    def lines() -> Iterator[str]:
        for number in range(3):
            yield f"{number} {api.get_client().get_string_value('email-digest', 'weekly')}\n"

    return Response(lines(), mimetype="text/plain")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=8080)
    try:
        api.set_provider_and_wait(BurgeeProvider())
    except ProviderNotReadyError as reason:
        # Nothing to stop for: the values in the code hold until the daemon answers.
        print(f"starting without the daemon: {reason}")
    try:
        application.run(host="127.0.0.1", port=arguments.parse_args().port)
    finally:
        api.shutdown()
