"""The bar: a bare aiohttp application that answers every evaluation with the same bytes.

Run as a program. It has what an aiohttp server has at its best (uvloop where it is at hand, no access log, no
middleware, no headers of its own) and does nothing but read the request's body. It greets a follower of
``/sync/v1/events`` and beats, so that the provider takes it for a daemon. It ends with its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

from aiohttp import web

from burgee.wire.sync import HEARTBEAT, HEARTBEAT_INTERVAL, GenerationEvent
from harness.raw_client import EVALUATE


class Constants:
    """The handlers.

    Args:
        single: body of the answer about any one flag.
        bulk: body of the answer about all.
    """

    def __init__(self, single: bytes, bulk: bytes) -> None:
        self._single = single
        self._bulk = bulk

    async def single(self, request: web.Request) -> web.Response:
        """Answer about one flag."""
        await request.read()
        return web.Response(body=self._single, content_type="application/json")

    async def bulk(self, request: web.Request) -> web.Response:
        """Answer about all flags."""
        await request.read()
        return web.Response(body=self._bulk, content_type="application/json")

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Say what is served, then that it is still there."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(GenerationEvent("bench", 1, "bench-1", None, "connect").encode())
        while True:
            await asyncio.sleep(HEARTBEAT_INTERVAL)
            await response.write(HEARTBEAT)


async def serve(constants: Constants, socket: str) -> None:
    """Serve on the Unix socket and on a free port until standard input ends."""
    application = web.Application()
    application.router.add_post(EVALUATE + "/{key}", constants.single)
    application.router.add_post(EVALUATE, constants.bulk)
    application.router.add_get("/sync/v1/events", constants.events)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, socket).start()
    tcp = web.TCPSite(runner, "127.0.0.1", 0)
    await tcp.start()
    http = f"http://127.0.0.1:{runner.addresses[-1][1]}"
    print(json.dumps({"socket": socket, "http": http, "pid": os.getpid()}), flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()


def main() -> None:
    """Serve the answers that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--single", type=Path, required=True, metavar="FILE")
    parser.add_argument("--bulk", type=Path, required=True, metavar="FILE")
    given = parser.parse_args()
    try:
        from uvloop import new_event_loop
    except ImportError:
        new_event_loop = None
    constants = Constants(given.single.read_bytes(), given.bulk.read_bytes())
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(constants, given.socket))


if __name__ == "__main__":
    main()
