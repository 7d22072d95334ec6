"""Routes that look back and go back, and those that explain."""

from __future__ import annotations

from burgeed.authority.principal import Scope
from burgeed.server.admin.explain import Explanations
from burgeed.server.admin.flag_routes import OUTCOME, ROLLBACK, TAGGED
from burgeed.server.admin.parameters import (
    DATE_TIME,
    LARGEST_REVISION,
    PAGE,
    REQUEST_ID,
    SELECTOR,
    WHICH,
    WRITE,
    query,
)
from burgeed.server.admin.revisions import Revisions
from burgeed.server.openapi_schemas import OBJECT, TEXT, record, ref
from burgeed.server.route import Route
from burgeed.server.services import Services

NUMBER = {"type": "integer", "minimum": 0, "maximum": LARGEST_REVISION}

QUESTION = record(
    {"key": {**TEXT, "minLength": 1}, "context": OBJECT, "at": DATE_TIME, "revision": NUMBER},
    optional=("context", "at", "revision"),
    closed=True,
)


def history_routes(services: Services, revisions: Revisions) -> tuple[Route, ...]:
    """Those that look back and go back, and those that explain."""
    return (
        Route(
            "GET", "/admin/v1/revisions", revisions.list, "listRevisions", Scope.READ,
            "The whole history, newest first.",
            parameters=(*WHICH, *PAGE, REQUEST_ID), responses={200: ref("RevisionPage")},
        ),
        Route(
            "GET", "/admin/v1/revisions/{number}", revisions.read, "readRevision", Scope.READ,
            "One revision.",
            parameters=(REQUEST_ID,), responses={200: ref("Revision")},
        ),
        Route(
            "GET", "/admin/v1/diff", revisions.difference, "diffRevisions", Scope.READ,
            "What differs between two revisions; `to` is the newest unless given, 0 is before the first.",
            parameters=(
                query("from", "The earlier revision.", NUMBER, required=True),
                query("to", "The later revision.", NUMBER),
                REQUEST_ID,
            ),
            responses={200: ref("Difference")},
        ),
        Route(
            "POST", "/admin/v1/rollback", revisions.roll_back, "rollBack", Scope.WRITE,
            "Bring everything back to what a revision had, as a new revision.",
            parameters=WRITE, request=ROLLBACK, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "POST", "/admin/v1/explain", Explanations(services).explain, "explain", Scope.READ,
            "Why a flag answers what it does or, to who may read, did at an instant or a revision.",
            parameters=(SELECTOR, REQUEST_ID), request=QUESTION, responses={200: ref("Explanation")},
            by_socket=True,
        ),
    )  # fmt: skip
