"""What is wrong with a setting: which option, from where, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Problem(NamedTuple):
    """One setting that cannot be used.

    Attributes:
        option: as on the command line, such as ``--listen``.
        origin: where the value stood, for a person: ``the command line``, ``the environment variable
            BURGEE_LISTEN``, a settings file's path, ``the default``.
        message: what is wrong.
        remedy: what to write instead.
    """

    option: str
    origin: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.option} (from {self.origin}): {self.message}; {self.remedy}"


class SettingsError(Exception):
    """The daemon cannot start with these settings; carries every problem found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnfitValue(ValueError):
    """A text that an option cannot take.

    Args:
        message: what is wrong with it.
        remedy: what to write instead.
    """

    def __init__(self, message: str, remedy: str) -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(message)
