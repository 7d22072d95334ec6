"""Routes of history, explanations, the audit, tokens and statistics."""

from __future__ import annotations

from burgeed.authority.principal import Scope
from burgeed.server.admin.audit import FORMS, Audit
from burgeed.server.admin.explain import Explanations
from burgeed.server.admin.flag_routes import OUTCOME, ROLLBACK, TAGGED
from burgeed.server.admin.parameters import (
    ACTION,
    ACTOR,
    FLAG,
    FLAG_SET,
    LARGEST_REVISION,
    LEVEL,
    ON_BEHALF_OF,
    PAGE,
    REASON,
    REQUEST_ID,
    SCOPE,
    SECOND_TOKEN,
    SELECTOR,
    SINCE,
    UNTIL,
    WRITE,
    query,
)
from burgeed.server.admin.revisions import Revisions
from burgeed.server.admin.statistics import Statistics
from burgeed.server.admin.tokens import Tokens
from burgeed.server.openapi_schemas import COUNT, KEY, OBJECT, TEXT, array, record, ref
from burgeed.server.route import Route
from burgeed.server.services import Services
from burgeed.server.state import ServerState

WHICH = (FLAG_SET, FLAG, LEVEL, SCOPE, ACTOR, ACTION, SINCE, UNTIL)
ASKED = (REASON, ON_BEHALF_OF, REQUEST_ID)
NUMBER = {"type": "integer", "minimum": 0, "maximum": LARGEST_REVISION}
DATE_TIME = {"type": "string", "format": "date-time"}

QUESTION = record(
    {"key": {**TEXT, "minLength": 1}, "context": OBJECT, "at": DATE_TIME, "revision": NUMBER},
    optional=("context", "at", "revision"),
    closed=True,
)
NEW_TOKEN = record(
    {
        "name": KEY,
        "scopes": {**array({"enum": [scope.value for scope in Scope]}), "minItems": 1},
        "restriction": ref("Restriction"),
        "expires": DATE_TIME,
        "person": {**TEXT, "maxLength": 256},
    },
    optional=("restriction", "expires", "person"),
    closed=True,
)
ERASURE = record({"kind": KEY, "name": KEY, "legalBasis": {**KEY, "maxLength": 1_000}}, closed=True)
ERASED = record(
    {
        "found": {"type": "boolean"},
        "subjectId": TEXT,
        "entries": COUNT,
        "pseudonym": TEXT,
        "revisions": COUNT,
        "left": array(TEXT),
    }
)
HOLD = record({"name": KEY})
NEW_HOLD = record({"name": {**KEY, "maxLength": 1_000}}, closed=True)
EXPORT = {"oneOf": [{**TEXT, "contentMediaType": form.partition(";")[0]} for form in FORMS.values()]}


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
            "Why a flag answers what it does, or did at an instant or a revision.",
            parameters=(SELECTOR, REQUEST_ID), request=QUESTION, responses={200: ref("Explanation")},
            by_socket=True,
        ),
    )  # fmt: skip


def account_routes(services: Services, state: ServerState) -> tuple[Route, ...]:
    """Those that account for what was done, and by whom."""
    audit, tokens = Audit(services), Tokens(services)
    return (
        Route(
            "GET", "/admin/v1/audit", audit.search, "searchAudit", Scope.AUDIT,
            "Entries of the audit, newest first.",
            parameters=(*WHICH, *PAGE, REQUEST_ID), responses={200: ref("AuditPage")},
        ),
        Route(
            "GET", "/admin/v1/audit/export", audit.export, "exportAudit", Scope.AUDIT,
            "Entries of the audit, oldest first, as JSON Lines or CSV.",
            parameters=(
                query("format", "How lines are written.", {"enum": list(FORMS), "default": "jsonl"}),
                *WHICH, REQUEST_ID,
            ),
            responses={200: EXPORT},
        ),
        Route(
            "GET", "/admin/v1/audit/checkpoint", audit.checkpoint, "readCheckpoint", Scope.AUDIT,
            "The newest signed checkpoint of the audit (C2SP).",
            parameters=(REQUEST_ID,), responses={200: {**TEXT, "contentMediaType": "text/plain"}},
        ),
        Route(
            "POST", "/admin/v1/audit/prune", audit.prune, "pruneAudit", Scope.AUDIT,
            "Drop segments of the audit that are older than they have to be kept.",
            parameters=(*ASKED, SECOND_TOKEN),
            request=record({"before": DATE_TIME}, optional=("before",), closed=True),
            responses={200: record({"segments": COUNT, "entries": COUNT, "through": COUNT})},
        ),
        Route(
            "POST", "/admin/v1/audit/erase", audit.erase, "eraseSubject", Scope.AUDIT,
            "Make the personal data of one subject unreadable for ever, in the audit and in the history.",
            parameters=(*ASKED, SECOND_TOKEN), request=ERASURE, responses={200: ERASED},
        ),
        Route(
            "GET", "/admin/v1/audit/holds", audit.holds, "listHolds", Scope.AUDIT,
            "The legal holds: while there is one, nothing of the audit is pruned or erased.",
            parameters=(REQUEST_ID,), responses={200: record({"items": array(HOLD)})},
        ),
        Route(
            "POST", "/admin/v1/audit/holds", audit.hold, "holdAudit", Scope.AUDIT,
            "Put a legal hold on the audit.",
            parameters=ASKED, request=NEW_HOLD,
            responses={200: record({"name": KEY, "isNew": {"type": "boolean"}})},
        ),
        Route(
            "DELETE", "/admin/v1/audit/holds/{name}", audit.release, "releaseAudit", Scope.AUDIT,
            "End a legal hold.",
            parameters=ASKED, responses={200: HOLD},
        ),
        Route(
            "POST", "/admin/v1/audit/rewrap", audit.rewrap, "rewrapAudit", Scope.AUDIT,
            "Wrap with the daemon's master key every key of the audit that a former one wraps.",
            parameters=ASKED, responses={200: record({"keys": COUNT})},
        ),
        Route(
            "GET", "/admin/v1/tokens", tokens.list, "listTokens", Scope.TOKENS,
            "Every token, the newest first, without its secret.",
            parameters=(REQUEST_ID,), responses={200: record({"items": array(ref("Token"))})},
        ),
        Route(
            "POST", "/admin/v1/tokens", tokens.create, "createToken", Scope.TOKENS,
            "Make a token; its text is in this answer and nowhere else.",
            parameters=ASKED, request=NEW_TOKEN, responses={201: ref("Token")},
        ),
        Route(
            "DELETE", "/admin/v1/tokens/{id}", tokens.revoke, "revokeToken", Scope.TOKENS,
            "Take a token back, for good.",
            parameters=ASKED, responses={200: ref("Token")},
        ),
        Route(
            "GET", "/admin/v1/whoami", tokens.whoami, "whoAmI", Scope.EVALUATE,
            "Who asks, and what they may.",
            parameters=(REQUEST_ID,), responses={200: ref("Principal")},
        ),
        Route(
            "GET", "/admin/v1/statistics", Statistics(services, state).read, "readStatistics", Scope.READ,
            "How much there is of everything.",
            parameters=(REQUEST_ID,), responses={200: ref("Statistics")},
        ),
    )  # fmt: skip
