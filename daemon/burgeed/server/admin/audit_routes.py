"""Routes of ``/admin/v1/audit``."""

from __future__ import annotations

from burgeed.authority.principal import Scope
from burgeed.server.admin.audit import FORMS, Audit
from burgeed.server.admin.parameters import (
    ASKED,
    DATE_TIME,
    DRY_RUN,
    PAGE,
    REQUEST_ID,
    SECOND_TOKEN,
    WHICH,
    query,
)
from burgeed.server.openapi_schemas import BOOLEAN, COUNT, KEY, TEXT, array, record, ref
from burgeed.server.route import Route
from burgeed.server.services import Services

PRUNED = record({"segments": COUNT, "entries": COUNT, "through": COUNT, "dryRun": BOOLEAN})
ERASURE = record({"kind": KEY, "name": KEY, "legalBasis": {**KEY, "maxLength": 1_000}}, closed=True)
ERASED = record(
    {
        "found": {"type": "boolean"},
        "subjectId": TEXT,
        "entries": COUNT,
        "pseudonym": TEXT,
        "revisions": COUNT,
        "left": array(TEXT),
        "dryRun": BOOLEAN,
    }
)
HOLD = record({"name": KEY})
NEW_HOLD = record({"name": {**KEY, "maxLength": 1_000}}, closed=True)
EXPORT = {"oneOf": [{**TEXT, "contentMediaType": form.partition(";")[0]} for form in FORMS.values()]}


def audit_routes(services: Services) -> tuple[Route, ...]:
    """Those that read the audit, and those that it records of itself."""
    audit = Audit(services)
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
            parameters=(*ASKED, DRY_RUN, SECOND_TOKEN),
            request=record({"before": DATE_TIME}, optional=("before",), closed=True),
            responses={200: PRUNED},
        ),
        Route(
            "POST", "/admin/v1/audit/erase", audit.erase, "eraseSubject", Scope.AUDIT,
            "Make the personal data of one subject unreadable for ever, in the audit and in the history.",
            parameters=(*ASKED, DRY_RUN, SECOND_TOKEN), request=ERASURE, responses={200: ERASED},
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
    )  # fmt: skip
