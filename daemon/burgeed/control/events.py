"""What subscribers of the control plane are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

EventType: TypeAlias = Literal[
    "flag.created", "flag.updated", "flag.deleted", "flag.toggled", "flag.rollout_changed",
    "override.set", "override.removed", "flag.killed", "flag.revived", "rolled_back", "generation.published",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ControlEvent:
    """One event.

    Attributes:
        sequence: counts one up within the daemon's life; with the epoch it is the id ``<epoch>-<sequence>``.
        revision: the one that it tells of; that of the state for ``generation.published``.
        level, scope: of an override's; else empty.
        data: what differs by type: ``before``, ``after``, ``flags_changed``, ``generation``, ``target``.
    """

    sequence: int
    type: EventType
    at: float
    revision: int
    actor: str = ""
    reason: str = ""
    flag_set: str = ""
    flag_key: str = ""
    level: str = ""
    scope: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def state_key(self) -> tuple[str, str, str, str, str]:
        """What it is the state of: a newer event with the same key makes an older one needless."""
        kind = {"over": "override", "flag": "flag", "gene": "generation", "roll": "rollback"}[self.type[:4]]
        if self.type in ("flag.killed", "flag.revived"):
            kind = "kill"
        return (kind, self.flag_set, self.flag_key, self.level, self.scope)
