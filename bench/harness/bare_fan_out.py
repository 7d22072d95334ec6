"""The bar of live streams: a bare aiohttp application that tells all subscribers whatever is posted to it.

Run as a program. It has no store, no filter, no history and no limit: an event's bytes go to each response in
turn, and then the post is answered. It ends with its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys

from aiohttp import web

PATH = "/events"


class Subscribers:
    """The handlers."""

    def __init__(self) -> None:
        self._responses: set[web.StreamResponse] = set()

    async def subscribe(self, request: web.Request) -> web.StreamResponse:
        """Keep a stream open."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"event: reset\ndata: {}\n\n")
        self._responses.add(response)
        try:
            await asyncio.Event().wait()
        finally:
            self._responses.discard(response)
        return response

    async def tell(self, request: web.Request) -> web.Response:
        """Tell everyone."""
        event = b"id: bench-1\nevent: override.set\ndata: " + await request.read() + b"\n\n"
        for response in tuple(self._responses):
            await response.write(event)
        return web.Response(body=b"{}", content_type="application/json")


async def serve(socket: str) -> None:
    """Serve on the Unix socket until standard input ends."""
    application = web.Application()
    subscribers = Subscribers()
    application.router.add_get(PATH, subscribers.subscribe)
    application.router.add_post(PATH, subscribers.tell)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, socket).start()
    print(json.dumps({"socket": socket, "http": "", "pid": os.getpid()}), flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()


def main() -> None:
    """Serve where the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", required=True)
    given = parser.parse_args()
    try:
        from uvloop import new_event_loop
    except ImportError:
        new_event_loop = None
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(given.socket))


if __name__ == "__main__":
    main()
