"""Handing a command to the control plane, and telling what became of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from burgeed.control.commands import Command
from burgeed.control.demands import operations_of
from burgeed.control.protocol import ControlPlane
from burgeed.control.request import WriteOutcome
from burgeed.revisions.values import Change
from burgeed.server.admin.write_request import read_write_request
from burgeed.server.errors import RETRY, json_response, not_ready
from burgeed.server.problems import Problem
from burgeed.server.services import Services

if TYPE_CHECKING:
    # It loads the cryptography library, which a daemon without a store does without.
    from burgeed.audit.log import AuditLog

REPLAYED = "Idempotency-Replayed"
"""The header of an answer that was given before to the same Idempotency-Key."""


def no_store() -> Problem:
    """What is told where nothing can be set at run time."""
    detail = "this daemon keeps nothing of its own; start it with --store sqlite:PATH"
    return Problem(409, "no-store", detail)


def control_of(services: Services) -> ControlPlane:
    """The control plane. Raises Problem where the daemon has no store."""
    if services.control is None:
        raise no_store()
    return services.control


async def write(services: Services, request: web.Request, command: Command) -> WriteOutcome:
    """Do as the command says. Raises Problem, ControlError."""
    control = control_of(services)
    if not services.store.ready:
        raise not_ready()
    authorization = services.authorization
    second = None if authorization is None else await authorization.second(request)
    outcome = await control.write(replace(read_write_request(request, command), second=second))
    if services.audit is not None and not outcome.dry_run:
        await _anchored(services.audit, outcome)
    return outcome


async def _anchored(audit: AuditLog, outcome: WriteOutcome) -> None:
    """Wait for the anchors, where the mode answers what is privileged only when they have its entry.

    Raises:
        Problem: 503, it is done, and an anchor does not have it.
    """
    if not audit.journal.mode.anchor_before_answer:
        return
    if not outcome.broke_locks and not any(operations_of(outcome.changes)):
        return
    if not await audit.checkpoints.anchored():
        detail = f"it is done, as revision {outcome.revision}, and no anchor confirms its audit entry"
        raise Problem(503, "outcome-unknown", detail, revision=outcome.revision, headers=RETRY)


async def answer_write(services: Services, request: web.Request, command: Command) -> web.Response:
    """Do as the command says, and answer 200 with the outcome. Raises Problem, ControlError."""
    return outcome_response(await write(services, request, command))


def outcome_response(outcome: WriteOutcome, *, status: int = 200) -> web.Response:
    """The answer of a write."""
    changed = outcome.flags_changed
    response = json_response(
        {
            "revision": outcome.revision,
            "action": outcome.action,
            "changes": [change_document(change) for change in outcome.changes],
            "warnings": list(outcome.warnings),
            "flagsChanged": None if changed is None else sorted(changed),
            "generation": outcome.generation,
            "dryRun": outcome.dry_run,
        },
        status=status,
    )
    response.headers["ETag"] = f'"{outcome.revision}"'
    if outcome.replayed:
        response.headers[REPLAYED] = "true"
    return response


def change_document(change: Change) -> dict[str, Any]:
    """One changed entry as JSON has it; level and scope of an override alone."""
    key = change.key
    document: dict[str, Any] = {"flagSet": key.flag_set, "kind": key.kind, "flag": key.flag_key}
    if key.kind == "override":
        document |= {"level": key.level, "scope": key.scope}
    return {**document, "before": change.before, "after": change.after}
