"""The conversation with the daemon, without any input or output.

A conversation is a generator: it yields a Request, is sent the Response or has Unreachable thrown into it,
and returns what came of it. Two drivers, one blocking and one asynchronous, do the waiting.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, TypeVar
from urllib.parse import quote

from burgee.resolution import ErrorCode, Reason, Resolution
from burgee.wire.ofrep import DETAIL, SELECTOR, read_answer

from .address import Address
from .refusal import STRANGER, explain_refusal, is_redirection, refusal_details
from .single_flight import Landing

LONGEST_KEY = 256
"""Characters of a flag's key."""
LARGEST_BODY = 1024 * 1024
"""Bytes of a request or an answer."""
LARGEST_BULK = 16 * LARGEST_BODY
"""Bytes of an answer about all flags."""
BULK_SHARE = 0.5
"""Of the time that is left, for an answer about all flags, where one flag can still be asked for."""

_PATH = "/ofrep/v1/evaluate/flags"
_JSON = (("Content-Type", "application/json"), ("Accept", "application/json"))
_Result = TypeVar("_Result")


class Request(NamedTuple):
    """What to send.

    Attributes:
        method: of HTTP.
        target: path, percent-encoded.
        headers: besides those that frame the message.
        body: bytes of JSON, or none.
        fresh: not over a connection that was used before.
        answer_limit: bytes that the answer's body may have.
        encodings: of the answer's body that the asker decodes.
        share: of the time that is left, what this may take.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    fresh: bool = False
    answer_limit: int = LARGEST_BODY
    encodings: tuple[str, ...] = ()
    share: float = 1.0


class Response(NamedTuple):
    """What came back, whole.

    Attributes:
        status: of HTTP, 200 to 599.
        headers: names in lower case.
        body: bytes, decoded from chunks.
        address: whose it is; None where it does not matter.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    address: Address | None = None


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


Conversation: TypeAlias = Generator[Request | Landing, Any, _Result]
"""It is sent a Response for a Request, and None for a Landing; either may end with Unreachable."""


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


def evaluation_request(flag_key: str, context: bytes, selector: str, token: str = "") -> Request:
    """Ask for one flag.

    Args:
        flag_key: 1 to 256 characters.
        context: the evaluation context as JSON.
        selector: for ``Flagd-Selector``, or empty.
        token: sent as a bearer token; empty for none.
    """
    return Request("POST", _target(flag_key), _headers(selector, token), b'{"context":' + context + b"}")


def bulk_request(context: bytes, selector: str, share: float, token: str = "") -> Request:
    """Ask for all flags, each with what its answer depends on.

    Args:
        context: the evaluation context as JSON.
        selector: for ``Flagd-Selector``, or empty.
        share: of the time that is left.
        token: sent as a bearer token; empty for none.
    """
    return Request(
        "POST",
        f"{_PATH}?eventStreams=false",
        (*_headers(selector, token), (DETAIL, "1")),
        b'{"context":' + context + b"}",
        answer_limit=LARGEST_BULK,
        share=share,
    )


@lru_cache(maxsize=1024)
def _target(flag_key: str) -> str:
    # A path segment of dots would be resolved away on the way.
    encoded = quote(flag_key, safe="") if flag_key.strip(".") else flag_key.replace(".", "%2E")
    return f"{_PATH}/{encoded}"


@lru_cache(maxsize=16)
def _headers(selector: str, token: str) -> tuple[tuple[str, str], ...]:
    headers = (*_JSON, (SELECTOR, selector)) if selector else _JSON
    return (*headers, *authorization(token))


def authorization(token: str) -> tuple[tuple[str, str], ...]:
    """The header that shows a bearer token (RFC 6750); none for an empty one."""
    return (("Authorization", f"Bearer {token}"),) if token else ()


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


def is_nothing(resolution: Resolution) -> bool:
    """Whether what was read as an answer has neither a value nor a reason, nor is it an error."""
    return resolution.reason is Reason.UNKNOWN and not resolution.has_value


def read_response(flag_key: str, response: Response) -> Answer:
    """Tell a daemon's answer from everything else that may come over a port."""
    status, body = response.status, response.body
    resolution = read_answer(flag_key, status, body)
    code, message = resolution.error_code, resolution.error_message
    if status == 200:
        if is_nothing(resolution):
            code, message = ErrorCode.PARSE_ERROR, "the answer (HTTP 200) has neither value nor reason"
        if code is None:
            return Answer(resolution, True, body)
        final = False
        if code is ErrorCode.PARSE_ERROR:
            message = f"{message}: {STRANGER}"
    else:
        final = status in (400, 413) or code is ErrorCode.FLAG_NOT_FOUND
        if final and message and refusal_details(body):
            return Answer(resolution, True, body)
        message = explain_refusal(status, response.headers, body)
        if is_redirection(status):
            code = ErrorCode.GENERAL
    message = f"{response.address or 'the daemon'}: {message}"
    failure = Resolution.error(flag_key, code or ErrorCode.GENERAL, message, resolution.metadata)
    return Answer(failure, final, body)
