"""A Starlette application: each request, stream and websocket sees the flags of whoever asks.

    scripts/run                                # in another terminal: the daemon on config/flags.yaml
    .venv/bin/pip install starlette uvicorn websockets
    .venv/bin/python examples/asgi_starlette.py
    curl -H 'X-User: anna' -H 'X-Customer: c-42' -H 'X-Organization: acme' http://127.0.0.1:8080/

BurgeeMiddleware takes who asks from headers, so a gateway has to set these and drop what browsers send under
their names. /report streams its lines, and websocket /live answers every message, each as the same customer.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.burgee.middleware.asgi import BurgeeMiddleware, from_headers
from openfeature.exception import ProviderNotReadyError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

WHO_ASKS = from_headers(
    targeting_key="X-User", customer="X-Customer", organization="X-Organization", plan="X-Plan"
)


async def page(_request: Request) -> JSONResponse:
    """What the first page needs to know, asked for at once."""
    client = api.get_client()
    checkout, upload_limit, digest = await asyncio.gather(
        client.get_boolean_value_async("new-checkout", False),
        client.get_integer_value_async("upload-limit-mb", 25),
        client.get_string_value_async("email-digest", "weekly"),
    )
    return JSONResponse({"newCheckout": checkout, "uploadLimit": upload_limit, "digest": digest})


async def report(_request: Request) -> StreamingResponse:
    """Lines, each made while the ones before are on their way."""

    async def lines() -> AsyncIterator[str]:
        for number in range(3):
            digest = await api.get_client().get_string_value_async("email-digest", "weekly")
            yield f"{number} {digest}\n"

    return StreamingResponse(lines(), media_type="text/plain")


async def live(websocket: WebSocket) -> None:
    """The value of each integer flag that is asked for."""
    await websocket.accept()
    async for key in websocket.iter_text():
        await websocket.send_text(str(await api.get_client().get_integer_value_async(key, 0)))


@asynccontextmanager
async def flags(_application: Starlette) -> AsyncIterator[None]:
    """Flags, from the start to the end of the application."""
    try:
        await asyncio.to_thread(api.set_provider_and_wait, BurgeeProvider())
    except ProviderNotReadyError as reason:
        # Nothing to stop for: the values in the code hold until the daemon answers.
        print(f"starting without the daemon: {reason}")
    yield
    await asyncio.to_thread(api.shutdown)


application = Starlette(
    routes=[Route("/", page), Route("/report", report), WebSocketRoute("/live", live)],
    middleware=[Middleware(BurgeeMiddleware, context=WHO_ASKS)],
    lifespan=flags,
)

if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=8080)
    uvicorn.run(application, host="127.0.0.1", port=arguments.parse_args().port)
