"""What an engine is to this benchmark, and the check of its answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, NamedTuple, Protocol

from openfeature.provider import FeatureProvider

from engines.workloads import NO, SHARES, W3, WORKLOADS, YES, TwoConditions, User

USERS = 4_000
CLOSE = 0.03
"""How far the shares of W3 over :data:`USERS` users may lie from what was asked for."""


class WrongAnswer(Exception):
    """An engine did not answer what it has to: nothing of it is timed."""


def same(answer: Any) -> Any:
    """Leave an answer as it is."""
    return answer


class Question(NamedTuple):
    """A call as its user would write it.

    Attributes:
        statement: Python; the name ``user`` stands for the user in the engine's own form.
        names: every other name in it.
        value: the plain value of what the statement gives, of W7 the list of values.
    """

    statement: str
    names: Mapping[str, Any]
    value: Callable[[Any], Any] = same

    def answer(self, user: object) -> Any:
        """What the engine says about a user."""
        # The very text that is timed; it stands in this folder, not in anybody's input.
        return self.value(eval(self.statement, {**self.names, "user": user}))  # noqa: S307


class Loading(Protocol):
    """How an engine takes thousands of flags over."""

    def document(self, flags: Sequence[TwoConditions]) -> bytes:
        """The flags in the form in which the engine gets them from its server or its file."""

    def take(self, content: bytes, previous: Any) -> Any:
        """Take the flags over; ``previous`` is what was taken over before, None the first time."""

    def is_on(self, taken: Any, key: str, user: User) -> bool:
        """Ask for one flag."""


@dataclass(frozen=True)
class Engine:
    """An engine with the seven flags in it.

    Attributes:
        name: of its rows.
        packages: from PyPI, whose versions are printed.
        remark: what was done to make it answer, for the documentation.
        user: a user in the form that native calls take, built before the timing.
        native: by workload, the engine's own call.
        provider: for the OpenFeature client; None where there is none.
        no_provider: why there is none.
    """

    name: str
    packages: Sequence[str]
    remark: str
    user: Callable[[User], Any]
    native: Mapping[str, Question]
    provider: FeatureProvider | None = None
    no_provider: str = ""

    def versions(self) -> str:
        """Its packages and their versions."""
        return ", ".join(f"{package} {version(package)}" for package in self.packages)


def check(name: str, questions: Mapping[str, Question], user: Callable[[User], Any]) -> None:
    """Ask everything, of a user who meets the conditions and of one who does not.

    Raises:
        WrongAnswer: an answer is not what it has to be.
    """
    for workload in WORKLOADS:
        question = questions.get(workload.name)
        if question is None:
            continue
        if workload is W3:
            _check_shares(name, question, user)
            continue
        for who, expected in ((YES, workload.yes), (NO, workload.no)):
            answer = question.answer(user(who))
            if answer != expected:
                raise WrongAnswer(
                    f"{name}, {workload.name}, {who.key}: {answer!r:.200}, not {expected!r:.200}"
                )


def _check_shares(name: str, question: Question, user: Callable[[User], Any]) -> None:
    found = Counter(
        question.answer(user(User(f"someone-{number}", YES.attributes))) for number in range(USERS)
    )
    for variant, share in SHARES.items():
        if abs(found[variant] / USERS - share / 100) > CLOSE:
            raise WrongAnswer(f"{name}, W3: {dict(found)} of {USERS} users")
    if found.keys() != SHARES.keys():
        raise WrongAnswer(f"{name}, W3: {dict(found)} has other variants")
