"""Whether this principal may make these changes, wherever a command leads."""

from __future__ import annotations

from collections.abc import Iterable

from burgeed.authority.principal import Principal, Scope
from burgeed.control.errors import Locked, NotAllowed
from burgeed.control.planning.view import View, is_locking
from burgeed.revisions.values import Change


def check_principal(changes: Iterable[Change], principal: Principal) -> None:
    """Raise NotAllowed where a change lies outside of what the principal is restricted to."""
    for change in changes:
        key = change.key
        refusal = principal.restriction.refusal(key.kind, key.flag_key, key.level, key.scope)
        if refusal is not None:
            raise NotAllowed(refusal)


def check_locks(changes: Iterable[Change], view: View, principal: Principal) -> tuple[str, ...]:
    """See whether changes cover a locked override of a source.

    Returns:
        For a principal that breaks glass, a warning of each lock that is covered and was not before.

    Raises:
        Locked: one is, and the principal does not.
    """
    broken: list[str] = []
    for change in changes:
        key = change.key
        if key.kind != "override" or change.after is None:
            continue
        beneath = view.beneath.override(key.flag_set, key.level, key.scope, key.flag_key)
        if beneath is None or not is_locking(beneath, view.now):
            continue
        where = beneath.origin.file or beneath.origin.source
        locked = f"flag `{key.flag_key}` is locked for {key.level} `{key.scope}` in {where}:"
        if not principal.may(Scope.BREAK_GLASS):
            raise Locked(
                f"{locked} only a principal with the scope {Scope.BREAK_GLASS} may set something else there"
            )
        if change.before is None:
            broken.append(f"{locked} this breaks the lock")
    return tuple(broken)
