"""A web application whose flags follow whoever makes the request.

    scripts/run                                        # in another terminal: the daemon on config/flags.yaml
    .venv/bin/python examples/aiohttp_application.py   # or with --port 0 for any free one
    curl -H 'X-User: anna' -H 'X-Customer: c-42' -H 'X-Organization: acme' http://127.0.0.1:8080/

It shows a middleware that takes customer, organization and targeting key from the request into OpenFeature's
transaction context: no handler has to pass them on, and requests that are served at the same time never see
each other's. Evaluations are asynchronous: they never hold up the event loop. ENVIRONMENT names the
environment, BURGEE_ADDRESS says where the daemon is, if not in the usual places.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.typedefs import Handler
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ProviderNotReadyError
from openfeature.transaction_context import ContextVarsTransactionContextPropagator

ATTRIBUTES = {"X-Customer": "customer", "X-Organization": "organization", "X-Plan": "plan"}
"""Headers that become attributes. A gateway that knows the caller has to set them: never trust a browser."""


@web.middleware
async def who_asks(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Make the request's customer and organization known to every evaluation made while it is served."""
    attributes = {
        name: request.headers[header] for header, name in ATTRIBUTES.items() if header in request.headers
    }
    api.set_transaction_context(EvaluationContext(request.headers.get("X-User"), attributes))
    return await handler(request)


async def page(_request: web.Request) -> web.Response:
    """What the first page needs to know, asked for at once."""
    client = api.get_client()
    checkout, notifications, upload_limit, quality, digest = await asyncio.gather(
        client.get_boolean_value_async("new-checkout", False),
        client.get_object_value_async("chat-notifications", {}),
        client.get_integer_value_async("upload-limit-mb", 25),
        client.get_float_value_async("image-quality", 0.7),
        client.get_string_details_async("email-digest", "weekly"),
    )
    return web.json_response(
        {
            "newCheckout": checkout,
            "chatNotifications": notifications,
            "uploadLimit": upload_limit,
            "imageQuality": quality,
            "digest": {"value": digest.value, "decidedBy": digest.flag_metadata.get("burgee.source")},
        }
    )


async def flags(_application: web.Application) -> AsyncIterator[None]:
    """Flags, from the start to the end of the application."""
    api.set_evaluation_context(
        EvaluationContext(attributes={"environment": os.environ.get("ENVIRONMENT", "production")})
    )
    api.set_transaction_context_propagator(ContextVarsTransactionContextPropagator())
    try:
        await asyncio.to_thread(api.set_provider_and_wait, BurgeeProvider())
    except ProviderNotReadyError as reason:
        # Nothing to stop for: the values in the code hold until the daemon answers.
        print(f"starting without the daemon: {reason}")
    yield
    await asyncio.to_thread(api.shutdown)


def build_application() -> web.Application:
    """The application."""
    application = web.Application(middlewares=[who_asks])
    application.router.add_get("/", page)
    application.cleanup_ctx.append(flags)
    return application


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=8080)
    web.run_app(build_application(), host="127.0.0.1", port=arguments.parse_args().port)
