"""Routes of ``/admin/v1/overrides``."""

from __future__ import annotations

from burgeed.authority.principal import Scope
from burgeed.server.admin.flag_routes import CHANGE, OUTCOME, POSITIONS, READ, ROLLBACK, TAGGED
from burgeed.server.admin.override_reads import OverrideReads
from burgeed.server.admin.overrides import MOST, Overrides
from burgeed.server.admin.parameters import FLAG, FLAG_SET, LEVEL, PAGE, REQUEST_ID, SCOPE, SOURCE
from burgeed.server.admin.revisions import Revisions
from burgeed.server.openapi_schemas import KEY, OBJECT, nullable, record, ref
from burgeed.server.route import Route
from burgeed.server.services import Services

OVERRIDES = "/admin/v1/overrides"
OF_SCOPE = "/admin/v1/overrides/{level}/{scope}"
ONE = "/admin/v1/overrides/{level}/{scope}/{key}"

MAYBE_OVERRIDE = nullable(ref("Override"))
BATCH = record(
    {
        "items": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST,
            "items": record(
                {"level": KEY, "scope": KEY, "flag": KEY, "override": MAYBE_OVERRIDE}, closed=True
            ),
        }
    },
    closed=True,
)
SOME = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": MOST,
    "propertyNames": KEY,
    "additionalProperties": MAYBE_OVERRIDE,
}
ONE_OVERRIDE = {"allOf": [ref("Override"), OBJECT]}


def override_routes(services: Services, reads: OverrideReads, revisions: Revisions) -> tuple[Route, ...]:
    """Those that read and write overrides. What stands in the path as a word comes before a key."""
    overrides = Overrides(services)
    return (
        Route(
            "GET", OVERRIDES, reads.list, "listOverrides", Scope.READ,
            "Overrides as they are served, by level, scope and flag.",
            parameters=(LEVEL, SCOPE, FLAG, SOURCE, POSITIONS, *PAGE, *READ),
            responses={200: ref("OverridePage"), 304: None}, headers=TAGGED,
        ),
        Route(
            "POST", f"{OVERRIDES}/batch", overrides.batch, "setOverrides", Scope.WRITE,
            "Set and remove overrides of any scopes: all of them, or none.",
            parameters=CHANGE, request=BATCH, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "GET", OF_SCOPE, reads.of_scope, "readScope", Scope.READ,
            "All overrides of one scope, by flag.",
            parameters=READ, responses={200: ref("OverridesOfScope"), 304: None}, headers=TAGGED,
        ),
        Route(
            "PATCH", OF_SCOPE, overrides.set_scope, "patchScope", Scope.WRITE,
            "Set several flags of one scope; null removes one, those not named stay.",
            parameters=CHANGE, request=SOME, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "DELETE", OF_SCOPE, overrides.clear_scope, "clearScope", Scope.WRITE,
            "Take back every override that was set for one scope at run time.",
            parameters=CHANGE, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "POST", f"{OF_SCOPE}/inherit", overrides.inherit_scope, "inheritScope", Scope.WRITE,
            "Let a scope see what lies beneath it, whatever files or people set for it.",
            parameters=CHANGE, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "GET", f"{OF_SCOPE}/history", revisions.of_scope, "historyOfScope", Scope.READ,
            "What was done to the overrides of one scope, newest first.",
            parameters=(FLAG_SET, *PAGE, REQUEST_ID), responses={200: ref("RevisionPage")},
        ),
        Route(
            "POST", f"{OF_SCOPE}/rollback", revisions.roll_back_scope, "rollBackScope", Scope.WRITE,
            "Bring the overrides of one scope back to what a revision had.",
            parameters=CHANGE, request=ROLLBACK, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "GET", ONE, reads.read, "readOverride", Scope.READ,
            "One override as it is served.",
            parameters=READ, responses={200: ref("ServedOverride"), 304: None}, headers=TAGGED,
        ),
        Route(
            "PUT", ONE, overrides.set, "setOverride", Scope.WRITE,
            "Set one override.",
            parameters=CHANGE, request=ONE_OVERRIDE, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "PATCH", ONE, overrides.patch, "patchOverride", Scope.WRITE,
            "Change parts of an override as it was set at run time (RFC 7396).",
            parameters=CHANGE, request=OBJECT, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "DELETE", ONE, overrides.remove, "removeOverride", Scope.WRITE,
            "Take back one override that was set at run time.",
            parameters=CHANGE, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "POST", f"{ONE}/inherit", overrides.inherit, "inheritOverride", Scope.WRITE,
            "Let a scope see what lies beneath it for one flag.",
            parameters=CHANGE, responses=OUTCOME, headers=TAGGED,
        ),
    )  # fmt: skip
