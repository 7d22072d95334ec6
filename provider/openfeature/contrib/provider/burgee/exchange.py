"""The conversation with the daemon, without any input or output.

A conversation is a generator: it yields a Request, is sent the Response or has Unreachable thrown into it,
and returns a Resolution. Two drivers, one blocking and one asynchronous, do the waiting.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeAlias
from urllib.parse import quote

from burgee.resolution import ErrorCode, Reason, Resolution
from burgee.wire.ofrep import SELECTOR, read_answer

LONGEST_KEY = 256
"""Characters of a flag's key."""
LARGEST_BODY = 1024 * 1024
"""Bytes of a request or an answer."""

_PATH = "/ofrep/v1/evaluate/flags/"


class Request(NamedTuple):
    """What to send.

    Attributes:
        method: of HTTP.
        target: path, percent-encoded.
        headers: besides those that frame the message.
        body: bytes of JSON, or none.
        fresh: not over a connection that was used before.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    fresh: bool = False


class Response(NamedTuple):
    """What came back, whole.

    Attributes:
        status: of HTTP, 200 to 599.
        headers: names in lower case.
        body: bytes, decoded from chunks.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unreachable(Exception):
    """There is no usable response.

    Attributes:
        code: the OpenFeature error code that fits.
        timed_out: the deadline passed.
        stale: a connection that was used before ended before a byte of the answer; a fresh one may do.
    """

    def __init__(
        self,
        message: str,
        *,
        code: ErrorCode = ErrorCode.PROVIDER_NOT_READY,
        timed_out: bool = False,
        stale: bool = False,
    ) -> None:
        self.code = code
        self.timed_out = timed_out
        self.stale = stale
        super().__init__(message)


Conversation: TypeAlias = Generator[Request, Response, Resolution]


class Answer(NamedTuple):
    """The daemon's word on one evaluation.

    Attributes:
        resolution: what it said.
        final: it answered the question, if only with an error; otherwise it failed to.
        body: as received.
    """

    resolution: Resolution
    final: bool
    body: bytes


def evaluation_request(flag_key: str, context: bytes, selector: str) -> Request:
    """Ask for one flag.

    Args:
        flag_key: 1 to 256 characters.
        context: the evaluation context as JSON.
        selector: for ``Flagd-Selector``, or empty.
    """
    # A path segment of dots would be resolved away on the way.
    encoded = quote(flag_key, safe="") if flag_key.strip(".") else flag_key.replace(".", "%2E")
    headers: tuple[tuple[str, str], ...] = (
        ("Content-Type", "application/json"),
        ("Accept", "application/json"),
    )
    if selector:
        headers = (*headers, (SELECTOR, selector))
    return Request("POST", _PATH + encoded, headers, b'{"context":' + context + b"}")


def send(request: Request) -> Generator[Request, Response, Response]:
    """Get the response; once more over a fresh connection where an idle one turned out to be dead.

    Raises:
        Unreachable: there is none.
    """
    try:
        return (yield request)
    except Unreachable as failure:
        if not failure.stale:
            raise
    return (yield request._replace(fresh=True))


def read_response(flag_key: str, response: Response) -> Answer:
    """Tell a daemon's answer from everything else that may come over a port."""
    status = response.status
    if 300 <= status < 400:
        target = response.headers.get("location", "elsewhere")
        message = f"redirected to {target} (HTTP {status}): the address has to be the daemon's own"
        return Answer(Resolution.error(flag_key, ErrorCode.GENERAL, message), False, b"")
    resolution = read_answer(flag_key, status, response.body)
    if status == 200:
        if resolution.reason is Reason.UNKNOWN and not resolution.has_value:
            message = "the answer (HTTP 200) has neither value nor reason: is this a Burgee daemon?"
            resolution = Resolution.error(flag_key, ErrorCode.PARSE_ERROR, message)
        final = resolution.error_code is None
    else:
        final = status in (400, 413) or resolution.error_code is ErrorCode.FLAG_NOT_FOUND
    if resolution.error_code is not None and not resolution.error_message:
        resolution = replace(resolution, error_message=f"the daemon answered HTTP {status}")
    return Answer(resolution, final, response.body)
