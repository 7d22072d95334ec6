"""Carrying out what is asked for, in the order in which it came: what waits is written together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from burgeed.clock import Clock
from burgeed.control.committing import Committer, KeyTaken, RefusedTogether, unwritten
from burgeed.control.deciding import Decision, Demands, asks_history, decide_asking
from burgeed.control.errors import ControlError, Unwritten
from burgeed.control.group import Answer, answers_of, take_group
from burgeed.control.mirror import Mirror
from burgeed.control.planning.view import View
from burgeed.control.remembering import Identity, earlier_outcomes, identity_of
from burgeed.control.request import WriteOutcome, WriteRequest
from burgeed.database.errors import DatabaseError
from burgeed.jitter import full_jitter
from burgeed.revisions.writing import NumberTaken

ATTEMPTS: Final = 31
"""How often a group is planned: the first time upon what is known, then anew since another daemon was
faster.
"""

LONGEST_GIVING_WAY: Final = 0.2
"""Seconds at most before it is planned anew once more, with full jitter, so that each daemon has its turn."""


class Written(NamedTuple):
    """What became of a request.

    Attributes:
        ticket: to be served with; None where nothing was changed.
    """

    outcome: WriteOutcome
    ticket: int | None


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    request: WriteRequest
    written: asyncio.Future[Written]


class Writing:
    """The line of requests, and one task that takes group after group off it while there are any.

    Args:
        turn: held while something is planned and written.
        check: raises Unwritten while nothing can be.
        view: the present moment of the mirror's state, over what the sources say.
        random: a number in [0, 1), for the jitter of waits.
        write_id: random text that no other write has.
    """

    def __init__(
        self,
        committer: Committer,
        mirror: Mirror,
        clock: Clock,
        *,
        turn: asyncio.Lock,
        check: Callable[[], None],
        view: Callable[[], View],
        demands: Demands,
        random: Callable[[], float],
        write_id: Callable[[], str],
    ) -> None:
        self._committer = committer
        self._mirror = mirror
        self._clock = clock
        self._turn = turn
        self._check = check
        self._view = view
        self._demands = demands
        self._random = random
        self._write_id = write_id
        self._line: deque[_Waiting] = deque()
        self._running: asyncio.Task[None] | None = None

    async def carry_out(self, request: WriteRequest) -> Written:
        """Plan, check and commit, with whatever else waits. Raises ControlError."""
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
        self._line.append(waiting)
        if self._running is None:
            self._running = asyncio.create_task(self._carry_out_all())
        return await waiting.written

    async def _carry_out_all(self) -> None:
        try:
            while self._line:
                async with self._turn:
                    await self._carry_out_group(take_group(self._line))
        finally:
            self._running = None

    async def _carry_out_group(self, group: Sequence[_Waiting]) -> None:
        """Let each of a group know what became of it."""
        try:
            self._check()
            await self._try(group)
        except RefusedTogether:
            for waiting in group:
                await self._carry_out_group([waiting])
        except Exception as error:
            for waiting in group:
                _tell(waiting, error)
        except BaseException:
            for waiting in group:
                waiting.written.cancel()
            raise

    async def _try(self, group: Sequence[_Waiting]) -> None:
        for attempt in range(ATTEMPTS):
            if attempt > 1:
                await self._clock.sleep(full_jitter(self._random, attempt, 0.005, LONGEST_GIVING_WAY))
            answers, after = await self._answered(
                [waiting.request for waiting in group], is_again=attempt > 0
            )
            try:
                ticket = await self._put_down(answers, after)
            except (NumberTaken, KeyTaken):
                continue
            except Unwritten as error:
                answers = [_without(answer, error) for answer in answers]
                ticket = None
            for waiting, answer in zip(group, answers, strict=True):
                _tell(waiting, answer.refusal or Written(_outcome(answer), _ticket(answer, ticket)))
            return
        raise Unwritten("other daemons were faster every time; try again")

    async def _answered(
        self, requests: Sequence[WriteRequest], *, is_again: bool
    ) -> tuple[list[Answer], View]:
        """What becomes of each, and the moment after all of them.

        A revision is planned upon what is known: where another daemon was faster, it is not written. Whatever
        else is told, such as a refusal, must not be told of what others have changed meanwhile.
        """
        known: dict[Identity, WriteOutcome | ControlError] = {}
        is_known = is_again or asks_history(requests[0]) or any(map(identity_of, requests))
        if is_known:
            known = await self._catch_up(requests)
        while True:
            view = self._view()
            first = await self._first(requests[0], view) if asks_history(requests[0]) else None
            answers, after = await asyncio.to_thread(
                answers_of, requests, view, self._demands, self._write_id, known=known, first=first
            )
            if is_known or all(answer.writes_revision for answer in answers):
                return answers, after
            await self._catch_up(())
            is_known = True
            if self._mirror.state is view.state:
                return answers, after

    async def _first(self, request: WriteRequest, view: View) -> Decision | Exception:
        try:
            return await decide_asking(request, view, self._committer, self._demands)
        except Exception as error:
            return error

    async def _catch_up(
        self, requests: Sequence[WriteRequest]
    ) -> dict[Identity, WriteOutcome | ControlError]:
        try:
            return dict(await self._mirror.catch_up_asking(earlier_outcomes(requests, self._clock.wall())))
        except DatabaseError as error:
            raise unwritten(error) from error

    async def _put_down(self, answers: Sequence[Answer], after: View) -> int | None:
        """Write what is to be written. Returns the ticket of the state after it; None for the same state."""
        writes = [answer.write for answer in answers if answer.write is not None]
        if not writes:
            return None
        await self._committer.commit(writes, self._mirror.last)
        revised = [(write.revision, write.write_id) for write in writes if write.revision is not None]
        if not revised:
            return None
        return self._mirror.take(after.state, [revision for revision, _ in revised], revised[-1][1])


def _without(answer: Answer, error: Unwritten) -> Answer:
    """What can be told where nothing of the group was written."""
    is_lost = answer.write is not None or answer.tentative
    return Answer(refusal=error) if is_lost else answer


def _outcome(answer: Answer) -> WriteOutcome:
    assert answer.outcome is not None
    return answer.outcome


def _ticket(answer: Answer, ticket: int | None) -> int | None:
    return ticket if answer.writes_revision else None


def _tell(waiting: _Waiting, what: Written | Exception) -> None:
    if waiting.written.done():
        return
    if isinstance(what, Exception):
        waiting.written.set_exception(what)
    else:
        waiting.written.set_result(what)
