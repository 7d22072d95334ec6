"""Entries, changes, revisions: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["flag", "override", "kill"]

Document: TypeAlias = Mapping[str, Any]
"""A flag, an override or a kill as a definition has it, always in the long form: ``{"variant": "on"}``."""


class EntryKey(NamedTuple):
    """What one entry is about.

    Attributes:
        flag_set: ``flagSetId``; empty where there is none.
        level: of an override; else empty.
        scope: of an override; else empty.
    """

    flag_set: str
    kind: Kind
    flag_key: str
    level: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One flag, override or kill that was set at run time.

    Attributes:
        revision: the one that set it to what it is.
    """

    key: EntryKey
    document: Document
    revision: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a revision did to one entry; None stands for there being none."""

    key: EntryKey
    before: Document | None
    after: Document | None


Action: TypeAlias = Literal[
    "flag.create", "flag.update", "flag.delete", "flag.toggle", "flag.rollout",
    "override.set", "override.remove", "scope.reset", "kill", "revive", "rollback", "batch",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Revision:
    """One transaction: immutable, numbered from 1 without gaps.

    Attributes:
        at: Unix seconds, to the microsecond.
        actor: who did it, as authorization knows them: a token's name, ``uid:1000``.
        on_behalf_of: who the actor says that it was for; empty where they did not.
        request_id: of the request, for finding it in logs.
        target: the revision that a rollback went back to; None for everything else.
    """

    number: int
    at: float
    actor: str
    action: Action
    changes: tuple[Change, ...]
    on_behalf_of: str = ""
    reason: str = ""
    request_id: str = ""
    target: int | None = None
