"""What is read back from the audit: records, and which of them are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ERASED = "[erased]"
"""Stands for what was sealed under the key of a subject that has been erased."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries; empty and None ask for nothing in particular.

    Attributes:
        actor: the actor, or the one on whose behalf.
        action: exactly this, or with a last ``*`` whatever begins so: ``override.*``.
        since, until: Unix seconds, half-open [since, until).
    """

    actor: str = ""
    action: str = ""
    flag_set: str | None = None
    flag: str = ""
    level: str = ""
    scope: str = ""
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry, decrypted. Texts of an erased subject are ``[erased]``, and so are values that went with it.

    Attributes:
        seq: from 1, without gaps.
        hash: of the entry, hexadecimal.
        at: Unix seconds, to the microsecond.
        actor_id: the actor's pseudonym, hexadecimal; stays when the name is erased.
        erased: names of the fields that are erased.
    """

    seq: int
    hash: str
    action: str
    at: float
    actor_id: str
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
    detail: Any = field(default_factory=dict)
    erased: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As the API, exports and ``--json`` show it; ``old`` and ``new`` only where there was one."""
        shown: dict[str, Any] = {
            "seq": self.seq,
            "hash": self.hash,
            "at": self.at,
            "action": self.action,
            "actorId": self.actor_id,
            "actor": self.actor,
            "onBehalfOf": self.on_behalf_of,
            "reason": self.reason,
            "requestId": self.request_id,
            "revision": self.revision,
            "flagSet": self.flag_set,
            "flag": self.flag_key,
            "level": self.level,
            "scope": self.scope,
            "leaf": self.leaf,
        }
        if self.had_old:
            shown["old"] = self.old
        if self.has_new:
            shown["new"] = self.new
        return {**shown, "detail": self.detail, "erased": list(self.erased)}


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some records, newest first.

    Attributes:
        next: cursor of the page after it; None behind the last one. A page may be short, even empty, and yet
            have a next one: a search decrypts a limited number of entries at once.
    """

    records: tuple[AuditRecord, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks for something that is itself recorded.

    Attributes:
        actor: as history shows them.
        second: another principal who agrees, where the mode wants two; empty where none was named.
        certificate: whom the certificate of their connection names; empty where there was none.
    """

    actor: str
    reason: str = ""
    on_behalf_of: str = ""
    request_id: str = ""
    second: str = ""
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class PruneOutcome:
    """What was pruned.

    Attributes:
        segments, entries: how many of each.
        through: the last entry that is gone; 0 where none is.
    """

    segments: int
    entries: int
    through: int

    def as_json(self, *, dry_run: bool) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "segments": self.segments,
            "entries": self.entries,
            "through": self.through,
            "dryRun": dry_run,
        }


@dataclass(frozen=True, slots=True)
class EraseOutcome:
    """What an erasure did.

    Attributes:
        subject_id: the pseudonym in the audit, hexadecimal; empty where there was no such subject.
        entries: in how many entries it appears, as far as they were counted when written.
        pseudonym: what stands for the name in the history; empty where it never stood there.
        revisions: how many revisions of the history named it.
        left: places that have the name as a word still, where it may mean something else.
    """

    found: bool
    subject_id: str
    entries: int
    pseudonym: str = ""
    revisions: int = 0
    left: tuple[str, ...] = ()

    def as_json(self, *, dry_run: bool) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "found": self.found,
            "subjectId": self.subject_id,
            "entries": self.entries,
            "pseudonym": self.pseudonym,
            "revisions": self.revisions,
            "left": list(self.left),
            "dryRun": dry_run,
        }
