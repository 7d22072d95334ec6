"""Entity tags: the revision of the run-time state that an answer was read at, and a hash of the answer.

``"17.9f86d081884c7d65"``: ``If-Match`` takes it back as revision 17; ``If-None-Match`` compares the hash
alone, since a revision of something else leaves an answer as it is, and a file can change one without a
revision.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import orjson
from aiohttp import web

from burgeed.control.protocol import State
from burgeed.server.errors import JSON_HEADERS


def tagged_response(request: web.Request, document: Any, state: State | None) -> web.Response:
    """The document with its entity tag, or 304 where the client holds it."""
    body = orjson.dumps(document)
    digest = blake2b(body, digest_size=8).hexdigest()
    revision = 0 if state is None else state.revision
    headers = {**JSON_HEADERS, "Cache-Control": "private, no-cache", "ETag": f'"{revision}.{digest}"'}
    if _holds(request, digest):
        del headers["Content-Type"]
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)


def _holds(request: web.Request, digest: str) -> bool:
    for value in request.headers.getall("If-None-Match", ()):
        for part in value.split(","):
            if part.strip().removeprefix("W/").strip('"').rpartition(".")[2] == digest:
                return True
    return False
