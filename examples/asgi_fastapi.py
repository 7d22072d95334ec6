"""A FastAPI application that knows its callers by a token, and shows each the flags of their customer.

    scripts/run                                # in another terminal: the daemon on config/flags.yaml
    .venv/bin/pip install fastapi uvicorn
    .venv/bin/python examples/asgi_fastapi.py
    curl -H 'Authorization: Bearer token-of-anna' http://127.0.0.1:8080/

BurgeeMiddleware learns who asks from a function of the application's own, which may be asynchronous. Each
endpoint takes an OpenFeature client as a dependency; one without `async` runs in a thread and knows who asks.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.burgee.middleware.asgi import BurgeeMiddleware
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ProviderNotReadyError
from starlette.requests import HTTPConnection

SESSIONS = {
    "token-of-anna": EvaluationContext("anna", {"customer": "c-42", "organization": "acme"}),
    "token-of-boris": EvaluationContext("boris", {"customer": "c-77", "organization": "globex"}),
}
"""In earnest this would be a session store, or the claims of a verified token."""


async def who_asks(scope: dict[str, Any]) -> EvaluationContext | None:
    """The context of whoever has this token; None for a visitor."""
    scheme, _, token = HTTPConnection(scope).headers.get("Authorization", "").partition(" ")
    return SESSIONS.get(token) if scheme.lower() == "bearer" else None


@asynccontextmanager
async def flags(_application: FastAPI) -> AsyncIterator[None]:
    """Flags, from the start to the end of the application."""
    try:
        await asyncio.to_thread(api.set_provider_and_wait, BurgeeProvider())
    except ProviderNotReadyError as reason:
        # Nothing to stop for: the values in the code hold until the daemon answers.
        print(f"starting without the daemon: {reason}")
    yield
    await asyncio.to_thread(api.shutdown)


application = FastAPI(lifespan=flags)
application.add_middleware(BurgeeMiddleware, context=who_asks)
Flags = Annotated[OpenFeatureClient, Depends(lambda: api.get_client())]


@application.get("/")
async def page(flags: Flags) -> dict[str, Any]:
    """What the first page needs to know."""
    return {
        "newCheckout": await flags.get_boolean_value_async("new-checkout", False),
        "uploadLimit": await flags.get_integer_value_async("upload-limit-mb", 25),
        "digest": await flags.get_string_value_async("email-digest", "weekly"),
    }


@application.get("/blocking")
def blocking_page(flags: Flags) -> dict[str, Any]:
    """The same, in one of FastAPI's threads."""
    return {
        "newCheckout": flags.get_boolean_value("new-checkout", False),
        "uploadLimit": flags.get_integer_value("upload-limit-mb", 25),
        "digest": flags.get_string_value("email-digest", "weekly"),
    }


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=8080)
    uvicorn.run(application, host="127.0.0.1", port=arguments.parse_args().port)
