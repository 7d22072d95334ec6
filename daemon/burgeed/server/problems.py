"""Problems (RFC 9457): what everything under ``/admin/v1`` refuses with.

The type is ``/problems/<slug>``, relative to the daemon. Other paths keep the shape of OFREP's errors, so a
:class:`Problem` that is raised there is told in that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from aiohttp import web
from multidict import CIMultiDict

from burgee.fault import Fault, path_text
from burgee.resolution import ErrorCode
from burgeed.server.errors import Refusal, readable, well_formed

ADMIN: Final = "/admin/v1/"
"""What the paths begin with whose errors are problems."""

CONTENT_TYPE: Final = "application/problem+json"

FAULTS_SHOWN: Final = 100
"""A document can have a fault in each of its lines: no more than so many are told."""

TITLES: Final[Mapping[str, str]] = {
    "malformed": "The request is malformed",
    "unauthenticated": "It is not known who asks",
    "denied": "Whoever asks may not do this",
    "not-allowed": "Whoever asks may not write there",
    "not-found": "There is no such thing",
    "method-not-allowed": "The path does not answer this method",
    "too-slow": "The request did not come in time",
    "already-exists": "There is one already",
    "stale": "It has changed since",
    "locked": "A lock forbids it",
    "idempotency-key-reused": "The Idempotency-Key stood for another request",
    "no-store": "The daemon has no store",
    "held": "A legal hold forbids it",
    "in-force": "What is in force names who is to be erased",
    "too-long": "The request is too long",
    "unsupported-media-type": "The body is not of a type that is read here",
    "expectation-failed": "The expectation cannot be met",
    "invalid": "It cannot be done as asked",
    "failed": "The daemon failed",
    "not-ready": "The daemon is not ready",
    "unavailable": "The daemon cannot do it now",
    "unwritten": "Nothing was written",
    "outcome-unknown": "It is not known whether it was written",
    "full": "There is no room to write",
}
"""By slug; the title of one type is always the same (RFC 9457, section 3.1.3)."""

_SLUGS: Final[Mapping[int, str]] = {
    400: "malformed",
    401: "unauthenticated",
    403: "denied",
    404: "not-found",
    405: "method-not-allowed",
    408: "too-slow",
    413: "too-long",
    415: "unsupported-media-type",
    417: "expectation-failed",
    422: "invalid",
    500: "failed",
    503: "unavailable",
}


class Problem(Refusal):
    """A request that is answered with a problem.

    Args:
        status: HTTP status.
        slug: the last part of its type, one of :data:`TITLES`.
        detail: for a person: what is wrong with this very request, and what to do about it.
        headers: to add to the answer.
        faults: what is wrong in a document, where, and what to write instead.
        revision: the present one, where the problem is about it.
        close: whether the connection ends with it, since what follows on it cannot be trusted.
    """

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        faults: Iterable[Fault] = (),
        revision: int | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(status, ErrorCode.GENERAL, detail, headers=headers, close=close)
        self.slug = slug
        self.faults = tuple(faults)
        self.revision = revision


def malformed(detail: str) -> Problem:
    """The refusal of a request that says something wrong."""
    return Problem(400, "malformed", detail)


def not_found(detail: str) -> Problem:
    """The refusal of a request about something that is not there."""
    return Problem(404, "not-found", detail)


def is_admin(path: str) -> bool:
    """Whether errors at this path are told as problems."""
    return path.startswith(ADMIN)


def problem_response(refusal: Refusal) -> web.Response:
    """A refusal as a problem, whatever kind of refusal it is."""
    slug = _SLUGS.get(refusal.status, "failed")
    faults: tuple[Fault, ...] = ()
    revision = None
    if isinstance(refusal, Problem):
        slug, faults, revision = refusal.slug, refusal.faults, refusal.revision
    elif refusal.code is ErrorCode.PROVIDER_NOT_READY:
        slug = "not-ready"
    document: dict[str, Any] = {
        "type": f"/problems/{slug}",
        "title": TITLES[slug],
        "status": refusal.status,
        "detail": readable(refusal.details),
    }
    if faults:
        document["faults"] = [_fault_document(fault) for fault in faults[:FAULTS_SHOWN]]
    if revision is not None:
        document["revision"] = revision
    headers = CIMultiDict({"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store", "Server": "burgee"})
    headers.update(refusal.headers or {})
    response = web.Response(status=refusal.status, body=orjson.dumps(document), headers=headers)
    if refusal.close:
        response.force_close()
    return response


def from_http_exception(exception: web.HTTPException, path: str) -> web.Response:
    """What aiohttp would tell in plain text, as a problem; its ``Allow`` header is kept."""
    details = {
        404: f"there is nothing at {path}",
        405: f"{path} does not answer this method",
        413: "the request body is too long",
    }.get(exception.status, exception.reason)
    allow = exception.headers.get("Allow")
    slug = _SLUGS.get(exception.status, "failed")
    headers = {"Allow": allow} if allow else None
    return problem_response(
        Problem(exception.status, slug, details, headers=headers, close=exception.status == 413)
    )


def _fault_document(fault: Fault) -> dict[str, str]:
    document = {"path": path_text(fault.path), "message": readable(fault.message)}
    if fault.remedy:
        document["remedy"] = readable(fault.remedy)
    return {name: well_formed(text) for name, text in document.items()}
