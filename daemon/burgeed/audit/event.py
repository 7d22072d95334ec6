"""What is told to the audit: one event for each changed leaf, each refusal, each use of power."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that happened.

    Attributes:
        action: such as ``override.set``, ``flag.update``, ``kill``, ``rollback``, ``denied``,
            ``token.create``, ``token.use``, ``generation``, ``audit.read``, ``audit.prune``, ``audit.erase``.
        at: Unix seconds.
        actor: who; a subject whose erasure can be asked for.
        revision: of the change; None where there is none.
        level: of an override's; else empty.
        scope: of an override's: a customer's or an organization's id, a subject too; else empty.
        leaf: the path of the changed value, steps joined by dots; empty for the whole.
        old: the value before, as JSON; None where there was none (then ``had_old`` is False).
        new: the value after, likewise.
        detail: further facts of the action, as JSON: the refused route, the token's id, the generation.
        about: kind and name of further subjects whom the detail names: it goes with any of them.
    """

    action: str
    at: float
    actor: str
    on_behalf_of: str = ""
    reason: str = ""
    request_id: str = ""
    revision: int | None = None
    flag_set: str = ""
    flag_key: str = ""
    level: str = ""
    scope: str = ""
    leaf: str = ""
    old: Any = None
    new: Any = None
    had_old: bool = False
    has_new: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)
    about: tuple[tuple[str, str], ...] = ()
