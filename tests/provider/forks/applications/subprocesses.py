"""An application on uvloop that runs other programs, for which uvloop runs the fork hooks each time."""

from __future__ import annotations

import asyncio
import os
import sys

import uvloop
from following import make_provider, say
from openfeature import api

PROGRAMS = 20


async def run() -> None:
    """Run programs, evaluating all the while, and then see a change."""
    provider = make_provider()
    await asyncio.to_thread(api.set_provider_and_wait, provider)
    client = api.get_client()
    following = provider._lifecycle._subscription
    codes, values = [], set()
    for _ in range(PROGRAMS):
        process = await asyncio.create_subprocess_exec(
            sys.executable if len(codes) == 0 else "/bin/true", *(["-c", ""] if len(codes) == 0 else [])
        )
        values.add(await client.get_string_value_async("phase", "none"))
        codes.append(await process.wait())
    same = provider._lifecycle._subscription is following and not provider._forks.forked
    say(role="parent", phase=values.pop(), codes=sorted(set(codes)), same=same)
    while (value := await client.get_string_value_async("phase", "none")) != "end":
        await asyncio.sleep(0.01)
    say(role="parent", phase=value, known=provider._heard.generation() is not None)


if __name__ == "__main__":
    uvloop.run(run())
    os._exit(0)
