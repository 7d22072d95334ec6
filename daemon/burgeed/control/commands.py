"""What can be asked of the control plane: plain values, one class for each verb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from burgeed.revisions.values import Document


@dataclass(frozen=True, slots=True)
class CreateFlag:
    """A flag that no layer has."""

    flag_set: str
    flag_key: str
    document: Document


@dataclass(frozen=True, slots=True)
class ReplaceFlag:
    """A flag, whether there is one or not; one of a file is covered."""

    flag_set: str
    flag_key: str
    document: Document


@dataclass(frozen=True, slots=True)
class PatchFlag:
    """RFC 7396 onto the flag as it stands, whichever layer it comes from."""

    flag_set: str
    flag_key: str
    patch: Document


@dataclass(frozen=True, slots=True)
class DeleteFlag:
    """Take back what was set at run time; a flag of a file is uncovered, one of a file alone is refused."""

    flag_set: str
    flag_key: str


@dataclass(frozen=True, slots=True)
class ToggleFlag:
    """``state`` ENABLED or DISABLED; None is the other one."""

    flag_set: str
    flag_key: str
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class SetRollout:
    """The last, unconditional rule of a flag, named ``rollout``: a split or a ramp; None takes it away.

    Attributes:
        rollout: ``{"split": {...}, "by": ..., "seed": ...}`` or ``{"ramp": {...}}``, as in a rule.
    """

    flag_set: str
    flag_key: str
    rollout: Document | None


@dataclass(frozen=True, slots=True)
class KillFlag:
    """Above every level: ``{"variant": ...}`` or ``{"code_default": true}``."""

    flag_set: str
    flag_key: str
    document: Document


@dataclass(frozen=True, slots=True)
class ReviveFlag:
    """Take a kill back, a file's too."""

    flag_set: str
    flag_key: str


@dataclass(frozen=True, slots=True)
class OverrideItem:
    """One override of many; None removes what was set at run time.

    Attributes:
        merge: whether the document is an RFC 7396 patch onto the override as it was set at run time.
    """

    level: str
    scope: str
    flag_key: str
    document: Document | None
    merge: bool = False


@dataclass(frozen=True, slots=True)
class SetOverrides:
    """One override or many at once: all of them or none.

    Attributes:
        must_exist: whether removing one that is not there is refused.
    """

    flag_set: str
    items: tuple[OverrideItem, ...]
    must_exist: bool = False


@dataclass(frozen=True, slots=True)
class ResetScope:
    """``inherit``: a scope sees what lies beneath it, whatever files or people set for it.

    Attributes:
        flag_key: only this flag; None is every flag that has an override for the scope.
    """

    flag_set: str
    level: str
    scope: str
    flag_key: str | None = None


@dataclass(frozen=True, slots=True)
class ClearScope:
    """Take back every override that was set for the scope at run time."""

    flag_set: str
    level: str
    scope: str


@dataclass(frozen=True, slots=True)
class RollBack:
    """Back to what a revision had, as a new revision: a flag, a scope or everything.

    Attributes:
        flag_set: None is all of them, with neither flag nor scope.
        flag_key: the flag with its kill and its overrides.
        level, scope: the overrides of one scope.
    """

    revision: int
    flag_set: str | None = None
    flag_key: str | None = None
    level: str | None = None
    scope: str | None = None


Command: TypeAlias = (
    CreateFlag | ReplaceFlag | PatchFlag | DeleteFlag | ToggleFlag | SetRollout | KillFlag | ReviveFlag
    | SetOverrides | ResetScope | ClearScope | RollBack
)  # fmt: skip
