"""What the audit's mode demands of a write, asked of each before it is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from burgeed.audit.modes import Mode, Privileged, clock_is_synchronised, refusal
from burgeed.authority.principal import Principal, Scope
from burgeed.control.deciding import Demands
from burgeed.control.planning.plan import Plan
from burgeed.control.request import WriteRequest
from burgeed.revisions.values import Change, Document


def demands_of(mode: Mode, synchronised: Callable[[], bool | None] = clock_is_synchronised) -> Demands:
    """The demands of a mode.

    Args:
        synchronised: whether the machine's clock is; asked only where the mode wants to know.
    """

    def demands(request: WriteRequest, plan: Plan) -> str | None:
        privileged: set[Privileged | None] = {*operations_of(plan.changes)}
        if plan.broken:
            privileged.add("break-glass")
        refusals = (
            why_not(
                mode,
                request.principal,
                request.reason,
                second=request.second,
                operation=operation,
                synchronised=synchronised,
            )
            for operation in sorted(privileged or {None}, key=str)
        )
        return next((refusal for refusal in refusals if refusal is not None), None)

    return demands


def operations_of(changes: Iterable[Change]) -> Iterator[Privileged]:
    """What the changes do that a mode may ask more of, by whatever command: a rollback can kill too."""
    for change in changes:
        if change.key.kind == "kill":
            yield "global kill"
        elif change.key.kind == "flag" and _shares(change.before) != _shares(change.after):
            yield "rollout"


def _shares(document: Document | None) -> list[Any]:
    """The splits and ramps of a flag's rules, each with its condition."""
    rules = (document or {}).get("rules") or []
    return [rule for rule in rules if "split" in rule or "ramp" in rule]


def why_not(
    mode: Mode,
    principal: Principal,
    reason: str,
    *,
    second: Principal | None = None,
    operation: Privileged | None = None,
    apart: bool = True,
    synchronised: Callable[[], bool | None] = clock_is_synchronised,
) -> str | None:
    """Why the principal may not do so, in this mode; None where it may.

    Args:
        apart: whether it is something that who reads the audit should not do.
    """
    asks_clock = mode.synchronised_for_privileged and operation is not None
    return refusal(
        mode,
        actor=principal.name,
        person=principal.person,
        uid=principal.uid,
        token_id=principal.token_id,
        certificate=principal.certificate,
        over_tcp=principal.uid is None,
        reason=reason,
        may_audit=apart and principal.may(Scope.AUDIT),
        operation=operation,
        second="" if second is None else second.name,
        second_person="" if second is None else second.person,
        synchronised=synchronised() if asks_clock else None,
    )
