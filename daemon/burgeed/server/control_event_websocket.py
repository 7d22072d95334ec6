"""Control-plane events over a WebSocket (RFC 6455): the handshake, and what a client may send.

A client has nothing to say here but pings, pongs and its farewell. There is no permessage-deflate, so that
no frame is longer in memory than on the wire. ``Origin`` is looked at with every request over TCP
(:mod:`burgeed.server.access`), those that upgrade too: CORS does not cover WebSockets.
"""

from __future__ import annotations

import base64
import binascii
from collections import deque
from collections.abc import Mapping
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web

from burgeed.clock import Clock
from burgeed.server.control_event_streams import ControlEventStream
from burgeed.server.limits import Limits
from burgeed.server.problems import Problem

FAREWELL: Final = 1.0
"""Seconds that a client may take to answer a close frame."""

WINDOW: Final = 10.0
"""Seconds over which a client's frames are counted."""

_ENDED: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})


def is_upgrade(headers: Mapping[str, str]) -> bool:
    """Whether a WebSocket is asked for, well or badly."""
    asked = headers.get("Upgrade", "").lower().split(",")
    return "websocket" in (each.strip() for each in asked) or "Sec-WebSocket-Key" in headers


class EventSocket:
    """One WebSocket.

    Args:
        request: a handshake (RFC 6455, section 4.2.1).

    Raises:
        Problem: 400, it is none.
    """

    def __init__(self, request: web.Request, clock: Clock, limits: Limits) -> None:
        _check_handshake(request.headers)
        self._clock = clock
        self._most_frames = limits.client_frames
        self._times: deque[float] = deque()
        self._response = web.WebSocketResponse(
            timeout=FAREWELL,
            autoping=False,
            compress=False,
            max_msg_size=limits.client_frame,
        )
        if not self._response.can_prepare(request):
            raise _refused("this is not the handshake of a WebSocket (RFC 6455, section 4.1)")
        self._code = WSCloseCode.GOING_AWAY
        self._why = b"the daemon is shutting down"

    async def open(self, request: web.Request) -> web.WebSocketResponse:
        """Answer the handshake."""
        self._response.headers["Server"] = "burgee"
        await self._response.prepare(request)
        return self._response

    async def listen(self, stream: ControlEventStream) -> None:
        """Answer pings until the client goes or sends what it may not; then end the stream."""
        try:
            while await self._hear():
                stream.hear()
        except ConnectionError:
            pass
        finally:
            stream.end()

    async def close(self) -> None:
        """Say why it ends, and wait for the client's answer for a second; nothing where it has ended."""
        await self._response.close(code=self._code, message=self._why)

    async def _hear(self) -> bool:
        message = await self._response.receive()
        if message.type in _ENDED:
            return False
        if self._is_too_often():
            self._end(WSCloseCode.POLICY_VIOLATION, b"too many frames")
            return False
        if message.type is WSMsgType.PING:
            await self._response.pong(message.data)
        elif message.type is not WSMsgType.PONG:
            self._end(WSCloseCode.UNSUPPORTED_DATA, b"nothing is read here")
            return False
        return True

    def _is_too_often(self) -> bool:
        now, times = self._clock.monotonic(), self._times
        times.append(now)
        while times[0] <= now - WINDOW:
            times.popleft()
        return len(times) > self._most_frames

    def _end(self, code: WSCloseCode, why: bytes) -> None:
        self._code, self._why = code, why


def _check_handshake(headers: Mapping[str, str]) -> None:
    if headers.get("Upgrade", "").strip().lower() != "websocket":
        raise _refused("a WebSocket needs the header `Upgrade: websocket`")
    if "upgrade" not in (each.strip().lower() for each in headers.get("Connection", "").split(",")):
        raise _refused("a WebSocket needs the header `Connection: Upgrade`")
    if headers.get("Sec-WebSocket-Version", "").strip() != "13":
        raise _refused("a WebSocket needs the header `Sec-WebSocket-Version: 13`")
    try:
        key = base64.b64decode(headers.get("Sec-WebSocket-Key", ""), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 16:
        raise _refused("a WebSocket needs a `Sec-WebSocket-Key` of 16 bytes in base64")


def _refused(why: str) -> Problem:
    # RFC 6455, section 4.4: a server that refuses says which version it speaks.
    return Problem(400, "malformed", why, headers={"Sec-WebSocket-Version": "13"}, close=True)
