"""Routes of ``/admin/v1/flags``."""

from __future__ import annotations

from typing import Final

from burgeed.authority.principal import Scope
from burgeed.server.admin.flag_actions import FlagActions
from burgeed.server.admin.flags import STATES, Flags
from burgeed.server.admin.override_reads import OverrideReads
from burgeed.server.admin.parameters import (
    FLAG_SET,
    HOLDS,
    PAGE,
    REQUEST_ID,
    SECOND_TOKEN,
    SOURCE,
    WRITE,
    query,
    text,
)
from burgeed.server.admin.revisions import Revisions
from burgeed.server.openapi_schemas import BOOLEAN, KEY, OBJECT, TEXT, TEXTS, Schema, record, ref
from burgeed.server.route import Route
from burgeed.server.services import Services

FLAGS = "/admin/v1/flags"
FLAG = "/admin/v1/flags/{key}"

OUTCOME = {200: ref("Outcome")}
MADE = {200: ref("Outcome"), 201: ref("Outcome")}
TAGGED = ("ETag",)
READ = (FLAG_SET, HOLDS, REQUEST_ID)
CHANGE = (FLAG_SET, *WRITE)
GUARDED = (*CHANGE, SECOND_TOKEN)
ROLLBACK = record({"revision": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}}, closed=True)
POSITIONS = query(
    "positions", "Also tell line and column, which takes reading the files.", {**BOOLEAN, "default": False}
)

ROLLOUT: Final[Schema] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "split": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 2147483647},
        },
        "ramp": record(
            {
                "variant": TEXT,
                "start": {"type": "string", "format": "date-time"},
                "complete": {"type": "string", "format": "date-time"},
            },
            closed=True,
        ),
        "by": KEY,
        "seed": TEXT,
    },
    "oneOf": [{"required": ["split"]}, {"required": ["ramp"]}],
}

KILL_BODY: Final[Schema] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "variant": TEXT,
        "code_default": {"const": True},
        "note": TEXT,
        "description": TEXT,
        "owner": TEXT,
        "tags": TEXTS,
        "expires": {"type": "string", "example": "2026-12-31"},
    },
    "oneOf": [{"required": ["variant"]}, {"required": ["code_default"]}],
}

NEW_FLAG = {
    "description": "A flag as in a definition, and its `key`.",
    **ref("definition.flag"),
    "properties": {"key": KEY},
    "required": ["key"],
    "unevaluatedProperties": False,
}


def flag_routes(services: Services, reads: OverrideReads, revisions: Revisions) -> tuple[Route, ...]:
    """Those that read and write flags."""
    flags, actions = Flags(services), FlagActions(services)
    return (
        Route(
            "GET", FLAGS, flags.list, "listFlags", Scope.READ,
            "Flags as they are served, in order of their keys.",
            parameters=(
                query("prefix", "Only keys that begin so.", text()),
                query("tag", "Only with this tag.", text()),
                query("owner", "Only of this owner.", text()),
                query("state", "Only in this state.", {"enum": list(STATES)}),
                SOURCE, POSITIONS, *PAGE, *READ,
            ),
            responses={200: ref("FlagPage"), 304: None}, headers=TAGGED,
        ),
        Route(
            "POST", FLAGS, flags.create, "createFlag", Scope.WRITE,
            "Create a flag that no layer has.",
            parameters=CHANGE, request=NEW_FLAG, responses=MADE, headers=TAGGED,
        ),
        Route(
            "GET", FLAG, flags.read, "readFlag", Scope.READ,
            "One flag as it is served, where it comes from, and what stands above it.",
            parameters=READ, responses={200: ref("ServedFlag"), 304: None}, headers=TAGGED,
        ),
        Route(
            "PUT", FLAG, flags.replace, "replaceFlag", Scope.WRITE,
            "Set a whole flag; one of a file is covered.",
            parameters=CHANGE, request=ref("Flag"), responses=MADE, headers=TAGGED,
        ),
        Route(
            "PATCH", FLAG, flags.patch, "patchFlag", Scope.WRITE,
            "Change parts of a flag as it is served (RFC 7396).",
            parameters=CHANGE, request=OBJECT, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "DELETE", FLAG, flags.delete, "deleteFlag", Scope.WRITE,
            "Take back what was set at run time; a flag of a file is uncovered.",
            parameters=CHANGE, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "POST", f"{FLAG}/toggle", actions.toggle, "toggleFlag", Scope.WRITE,
            "Enable or disable; without `enabled`, the other one of what it is.",
            parameters=CHANGE, request=record({"enabled": BOOLEAN}, optional=("enabled",), closed=True),
            responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "PUT", f"{FLAG}/rollout", actions.set_rollout, "setRollout", Scope.WRITE,
            "A split or a ramp for everyone whom no rule takes.",
            parameters=GUARDED, request=ROLLOUT, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "DELETE", f"{FLAG}/rollout", actions.remove_rollout, "removeRollout", Scope.WRITE,
            "Take the rollout away.",
            parameters=GUARDED, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "POST", f"{FLAG}/kill", actions.kill, "killFlag", Scope.WRITE,
            "Serve one variant, or the code's default, whatever any level says.",
            parameters=GUARDED, request=KILL_BODY, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "POST", f"{FLAG}/revive", actions.revive, "reviveFlag", Scope.WRITE,
            "Take a kill back, a file's too.",
            parameters=GUARDED, responses=OUTCOME, headers=TAGGED,
        ),
        Route(
            "GET", f"{FLAG}/overrides", reads.of_flag, "listOverridesOfFlag", Scope.READ,
            "What every layer says about one flag, and what of it has an effect.",
            parameters=READ, responses={200: ref("OverridesOfFlag"), 304: None}, headers=TAGGED,
        ),
        Route(
            "GET", f"{FLAG}/history", revisions.of_flag, "historyOfFlag", Scope.READ,
            "What was done to a flag, its kill and its overrides, newest first.",
            parameters=(FLAG_SET, *PAGE, REQUEST_ID), responses={200: ref("RevisionPage")},
        ),
        Route(
            "POST", f"{FLAG}/rollback", revisions.roll_back_flag, "rollBackFlag", Scope.WRITE,
            "Bring a flag, its kill and its overrides back to what a revision had.",
            parameters=GUARDED, request=ROLLBACK, responses=OUTCOME, headers=TAGGED,
        ),
    )  # fmt: skip
