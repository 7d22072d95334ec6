"""Whether this principal may make these changes, wherever a command leads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from burgee.fault import Fault
from burgeed.authority.principal import Principal, Scope
from burgeed.control.errors import Invalid, Locked, NotAllowed
from burgeed.control.planning.locks import BrokenLock, broken_locks
from burgeed.control.planning.view import View
from burgeed.revisions.values import Change

UNREASONED: Final = Fault("breaking a lock takes a reason", ("reason",), "say why: `reason` in the query")


def check_principal(changes: Iterable[Change], principal: Principal) -> None:
    """Raise NotAllowed where a change lies outside of what the principal is restricted to."""
    for change in changes:
        key = change.key
        refusal = principal.restriction.refusal(key.kind, key.flag_key, key.level, key.scope)
        if refusal is not None:
            raise NotAllowed(refusal, key)


def check_locks(
    changes: Iterable[Change], view: View, principal: Principal, reason: str
) -> tuple[BrokenLock, ...]:
    """See whether changes put locked overrides of a source out of force.

    Returns:
        Those locks, for a principal that breaks glass.

    Raises:
        Locked: there is one, and the principal does not.
        Invalid: the principal does, and says no reason.
    """
    broken = tuple(broken_locks(changes, view))
    if not broken:
        return ()
    if not principal.may(Scope.BREAK_GLASS):
        first = broken[0]
        so = f"with this it would lead nowhere: {first.why}: " if first.why else ""
        raise Locked(
            f"{first.told}: {so}only a principal with the scope {Scope.BREAK_GLASS}"
            " may set something else there",
            first.lock,
        )
    if not reason.strip():
        raise Invalid(f"{broken[0].told}: {UNREASONED.message}; {UNREASONED.remedy}", [UNREASONED])
    return broken
