"""Running `burgee`, its output piped."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.support.daemon import run_command


class Ended(NamedTuple):
    """How a command ended, as subprocess tells it."""

    returncode: int
    stdout: str
    stderr: str


def succeeded(*arguments: object) -> str:
    ended = run_command(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def failed(code: int, *arguments: object) -> str:
    """What a command that ends with this code says on standard error."""
    ended = run_command(*arguments)
    assert ended.returncode == code and "Traceback" not in ended.stderr, ended
    return ended.stderr


def without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
