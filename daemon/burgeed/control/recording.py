"""From a revision to what the audit is told: one event for each changed leaf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from burgeed.audit.event import AuditEvent
from burgeed.audit.leaves import leaf_changes
from burgeed.audit.subjects import people
from burgeed.control.planning.locks import BrokenLock
from burgeed.control.request import WriteRequest
from burgeed.revisions.values import Change, Document, EntryKey, Revision


def audit_events(
    revision: Revision,
    request: WriteRequest,
    covered: Mapping[EntryKey, Document],
    broken: Sequence[BrokenLock] = (),
) -> tuple[AuditEvent, ...]:
    """What is recorded with a revision.

    Args:
        covered: what the sources say of entries that were not there or are no more: leaves are compared with
            what was served, so that a toggled flag of a file is one leaf.
        broken: locks that it puts out of force: each has an entry of its own, and where it stands is in the
            detail of the entries that the change has.
    """
    events: list[AuditEvent] = []
    agreed: dict[str, Any] = {}
    if request.second is not None:
        agreed = {"detail": {"second": request.second.name}, "about": people(request.second.name)}
    if revision.action == "rollback":
        detail = {"target": revision.target, "changes": len(revision.changes), **agreed.get("detail", {})}
        events.append(_event(revision, "rollback", **agreed | {"detail": detail}))
    for lock in broken:
        where = {"flag_set": lock.lock.flag_set, "flag_key": lock.lock.flag_key}
        where |= {"level": lock.lock.level, "scope": lock.lock.scope}
        detail = {"brokeLock": lock.origin, "by": lock.by.kind, **agreed.get("detail", {})}
        events.append(_event(revision, "break-glass", **where, **agreed | {"detail": detail}))
    for change in revision.changes:
        key = change.key
        beneath = covered.get(key)
        origins = sorted({each.origin for each in broken if each.by == key})
        told = {**agreed.get("detail", {}), **({"brokeLock": ", ".join(origins)} if origins else {})}
        leaves = leaf_changes(
            beneath if change.before is None else change.before,
            beneath if change.after is None else change.after,
        )
        if not leaves:
            # It is served as before, and yet it was set: as a whole.
            leaves = leaf_changes(change.before, change.after)
        for path, had_old, old, has_new, new in leaves:
            events.append(
                _event(
                    revision,
                    _action(revision, change),
                    flag_set=key.flag_set,
                    flag_key=key.flag_key,
                    level=key.level,
                    scope=key.scope,
                    leaf=path,
                    old=old,
                    new=new,
                    had_old=had_old,
                    has_new=has_new,
                    **agreed | {"detail": told},
                )
            )
    for principal in (request.principal, request.second):
        if principal is not None and principal.token_id:
            # By what connection the first one came; the second one's token was only shown.
            peer = {"certificate": principal.certificate} if principal.certificate else {}
            detail = {"token": principal.token_id, **peer}
            events.append(_event(revision, "token.use", detail=detail, about=people(principal.certificate)))
    return tuple(events)


def _event(revision: Revision, action: str, **fields: Any) -> AuditEvent:
    return AuditEvent(
        action,
        revision.at,
        revision.actor,
        revision.on_behalf_of,
        revision.reason,
        revision.request_id,
        revision.number,
        **fields,
    )


def _action(revision: Revision, change: Change) -> str:
    """The revision's action, or what it is for this entry where that says too little."""
    if revision.action not in ("rollback", "batch"):
        return revision.action
    if change.key.kind == "override":
        return "override.remove" if change.after is None else "override.set"
    if change.key.kind == "kill":
        return "kill" if change.after is not None and "revive" not in change.after else "revive"
    if change.after is None:
        return "flag.delete"
    return "flag.create" if change.before is None else "flag.update"
