"""A write as it is asked for, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from burgeed.authority.principal import Principal
from burgeed.control.commands import Command
from burgeed.revisions.values import Action, Change


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """A command with who, why and under which conditions.

    Attributes:
        principal: who asks; may write as such already, where is looked at here.
        on_behalf_of: whom the principal names as acting; empty names nobody.
        if_match: the revision that the asker has seen; None is any. It holds as long as nothing that the
            command is about has changed after it.
        if_present: flags and overrides are changed only where they are there already: none is made.
        idempotency_key: the same key of the same principal gives the first outcome again for 24 hours.
        dry_run: plan, answer, write nothing.
        second: another person who stands behind it too; None where nobody does.
    """

    command: Command
    principal: Principal
    reason: str = ""
    on_behalf_of: str = ""
    request_id: str = ""
    if_match: int | None = None
    idempotency_key: str = ""
    dry_run: bool = False
    second: Principal | None = None
    if_present: bool = False


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What a write did, or would do.

    Attributes:
        revision: the number it got; the present one where nothing changed or nothing was to be written.
        changes: empty where everything was so already; then there is no revision of it.
        warnings: what the asker should know: a lock above makes it ineffective, a window is over.
        flags_changed: keys of the flags whose answers differ now; None for a dry run.
        generation: what is served with it; None for a dry run.
        replayed: whether this is the outcome of an earlier request with the same key.
        broke_locks: whether locks of a source were put out of force.
    """

    revision: int
    action: Action
    changes: tuple[Change, ...]
    warnings: tuple[str, ...] = ()
    flags_changed: frozenset[str] | None = None
    generation: str | None = None
    dry_run: bool = False
    replayed: bool = False
    broke_locks: bool = False
