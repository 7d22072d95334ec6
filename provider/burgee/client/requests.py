"""One request of the admin API, and its answer."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from openfeature.contrib.provider.burgee.exchange import Request, Response

from burgee.client.errors import Unreachable
from burgee.resolution import ErrorCode

REQUEST_DEADLINE: Final = 10.0
LARGEST_ANSWER: Final = 64 * 1024 * 1024
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the daemon answered, whatever the status.

    Attributes:
        status: of HTTP.
        headers: names in lower case.
        body: bytes.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON; None where it is empty.

        Raises:
            Unreachable: it is not JSON.
        """
        if not self.body:
            return None
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise Unreachable(f"the answer is not JSON: {error}", code=ErrorCode.PARSE_ERROR) from None


def ask(
    method: str, path: str, document: object | None, headers: Mapping[str, str], token: str
) -> Generator[Request, Response, Answer]:
    """Ask once.

    Never over a connection that was used before: where that ends without an answer, nobody knows whether a
    write was done.

    Args:
        path: with its query, percent-encoded.
        document: of the body; None has none.
        headers: beside those of every request.

    Raises:
        Unreachable: no answer. What was asked for may be done all the same.
        ValueError: path or headers hold a line end.
    """
    fields = {"Accept": "application/json, */*;q=0.5", "Connection": "close", **headers}
    if document is not None:
        fields.setdefault("Content-Type", "application/json")
    if token:
        fields.setdefault("Authorization", f"Bearer {token}")
    for text in (method, path, *fields, *fields.values()):
        if not text.isascii() or not text.isprintable():
            raise ValueError(f"{text!r} cannot stand in a request: write printable ASCII")
    if " " in path:
        raise ValueError(f"{path!r} holds a blank: write %20")
    response = yield Request(
        method,
        path,
        tuple(fields.items()),
        b"" if document is None else orjson.dumps(document),
        fresh=True,
        answer_limit=LARGEST_ANSWER,
    )
    return Answer(response.status, response.headers, response.body)
