"""Requests that are carried out together: planned one upon the other, written in one transaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from burgeed.control.commands import ClearScope, ResetScope, RollBack, SetOverrides
from burgeed.control.committing import Write
from burgeed.control.deciding import Decision, Demands, asks_history, decide
from burgeed.control.errors import ControlError
from burgeed.control.planning.view import View
from burgeed.control.recording import audit_events
from burgeed.control.remembering import Identity, identity_of, remembered
from burgeed.control.request import WriteOutcome, WriteRequest
from burgeed.revisions.values import Revision

MOST: Final = 64
"""Changes that the requests of a group may ask for together, so that the first need not wait for long; one
request may ask for more.
"""


class Asked(Protocol):
    """Whoever waits for a request to be carried out."""

    @property
    def request(self) -> WriteRequest:
        """What is asked for."""
        ...


Each = TypeVar("Each", bound=Asked)


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of one request.

    Attributes:
        outcome: None where it is refused.
        refusal: None where it is not.
        write: what has to be put down before this may be told; None where nothing has.
        tentative: whether it was planned upon what is not written yet.
    """

    outcome: WriteOutcome | None = None
    refusal: Exception | None = None
    write: Write | None = None
    tentative: bool = False

    @property
    def writes_revision(self) -> bool:
        """Whether something is changed."""
        return self.write is not None and self.write.revision is not None


def take_group(line: deque[Each]) -> list[Each]:
    """Take the requests off the line that are carried out next: at least one, in their order.

    One that the history has to be asked about is the first of its group, since the history does not know what
    is not written yet. An Idempotency-Key that stands in the line twice waits for what becomes of the first.
    """
    group: list[Each] = []
    identities: set[Identity] = set()
    changes = 0
    while line:
        request = line[0].request
        changes += _changes(request)
        identity = identity_of(request)
        if group and (changes > MOST or asks_history(request) or identity in identities):
            break
        if identity is not None:
            identities.add(identity)
        group.append(line.popleft())
    return group


def answers_of(
    requests: Sequence[WriteRequest],
    view: View,
    demands: Demands,
    write_id: Callable[[], str],
    *,
    known: Mapping[Identity, WriteOutcome | ControlError],
    first: Decision | Exception | None = None,
) -> tuple[list[Answer], View]:
    """What becomes of the requests of a group, and the moment after them. Never fails.

    Args:
        view: what is committed.
        write_id: random text that no other write has.
        known: what became of earlier requests with the same keys.
        first: what was decided upon the first one, where that is so already.
    """
    answers: list[Answer] = []
    present = view
    for request in requests:
        tentative = present is not view
        identity = identity_of(request)
        earlier = None if identity is None else known.get(identity)
        decision = None if answers else first
        try:
            if isinstance(earlier, WriteOutcome):
                answers.append(Answer(earlier, tentative=tentative))
                continue
            if earlier is not None or isinstance(decision, Exception):
                raise earlier or decision  # type: ignore[misc]
            decision = decision or decide(request, present, demands)
            answers.append(_answer(request, decision, present, write_id, tentative=tentative))
        except Exception as error:
            # Also a fault of our own: in one request it is no reason to refuse the others.
            answers.append(Answer(refusal=error, tentative=tentative))
        else:
            if answers[-1].writes_revision:
                present = decision.after
    return answers, present


def _answer(
    request: WriteRequest, decision: Decision, view: View, write_id: Callable[[], str], *, tentative: bool
) -> Answer:
    plan, number = decision.plan, view.state.revision
    if plan.changes and not request.dry_run:
        number += 1
    outcome = WriteOutcome(
        number,
        plan.action,
        plan.changes,
        decision.warnings,
        dry_run=request.dry_run,
        broke_locks=bool(plan.broken),
    )
    if request.dry_run:
        return Answer(outcome, tentative=tentative)
    kept = remembered(request, outcome, view.now)
    if not plan.changes:
        return Answer(outcome, write=None if kept is None else Write(remembered=kept), tentative=tentative)
    revision = Revision(
        number,
        round(view.now, 6),
        request.principal.name,
        outcome.action,
        outcome.changes,
        request.on_behalf_of,
        request.reason,
        request.request_id,
        plan.target,
    )
    events = audit_events(revision, request, decision.covered, plan.broken)
    return Answer(outcome, write=Write(revision, write_id(), events, kept), tentative=tentative)


def _changes(request: WriteRequest) -> int:
    """How many changes a request may come to, as far as it can be told beforehand."""
    command = request.command
    if isinstance(command, SetOverrides):
        return len(command.items)
    return MOST if isinstance(command, RollBack | ClearScope | ResetScope) else 1
