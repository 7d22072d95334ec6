"""Other engines for flagd documents, each one process that is asked line by line."""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.daemon import REPOSITORY
from tests.support.node_packages import script_with_packages

HERE = Path(__file__).parent
_CACHE = REPOSITORY / ".run" / "python-peers"
_INSTALL_TIME = 100.0


class Question(NamedTuple):
    """One flag for one context.

    Attributes:
        flag_type: as ours, which picks the typed function that the peer is asked by.
    """

    flag_key: str
    flag_type: str
    context: Mapping[str, Any]


class Peer:
    """A running engine.

    Args:
        name: what it is called where a run says how far it is.
        command: starts a process that answers a JSON line with a JSON line.
    """

    def __init__(self, name: str, command: Sequence[str | Path]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def flags(self, document: Any, questions: Sequence[Question], now: float) -> list[dict[str, Any]] | str:
        """The answers (value, variant, reason, code), or why the document was refused."""
        answer = self._ask({"document": document, "questions": questions, "now": now})
        return answer["flags"] if "flags" in answer else str(answer["failed"])

    def operations(self, operations: Sequence[Mapping[str, Any]], now: float) -> list[dict[str, Any]]:
        """What single operations give: ``peer``, and ``reference`` where json-logic-js was asked too."""
        found: list[dict[str, Any]] = self._ask({"operations": operations, "now": now})["operations"]
        return found

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=10)


@contextmanager
def flagd_core_of_npm(folder: Path) -> Iterator[Peer]:
    """npm's @openfeature/flagd-core: ``fractional`` in its second generation. Skips where Node is absent."""
    script = script_with_packages(HERE / "javascript" / "answer.cjs", HERE / "javascript", folder)
    peer = Peer("npm's flagd-core", ["node", script])
    try:
        yield peer
    finally:
        peer.close()


@contextmanager
def flagd_core_of_pypi() -> Iterator[Peer]:
    """PyPI's openfeature-flagd-core: ``fractional`` in its third generation.

    It is installed once on a machine into an environment of its own. Skips where it cannot be had; with
    ``CI=true`` it fails then.
    """
    python = _environment(HERE / "python" / "requirements.txt")
    peer = Peer("PyPI's flagd-core", [python, HERE / "python" / "answer.py"])
    try:
        yield peer
    finally:
        peer.close()


def _environment(requirements: Path) -> Path:
    content = requirements.read_bytes() + sys.version.encode()
    place = _CACHE / hashlib.sha256(content).hexdigest()[:16]
    place.mkdir(parents=True, exist_ok=True)
    python = place / "venv" / "bin" / "python"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "complete").exists():
            _install([sys.executable, "-m", "venv", "--clear", place / "venv"])
            _install([python, "-m", "pip", "install", "--quiet", "--requirement", requirements])
            (place / "complete").touch()
    return python


def _install(command: Sequence[str | Path]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALL_TIME)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        reason = f"openfeature-flagd-core cannot be installed: {error} {str(error.stderr or '')[-300:]}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def encoded(value: Any) -> dict[str, Any]:
    """A value as the peers write it: numbers that JSON has no word for as text."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return {"plain": value}
    if isinstance(value, int | float):
        return {"number": _number_text(value)}
    if isinstance(value, list | tuple):
        return {"list": [encoded(each) for each in value]}
    return {"object": {key: encoded(each) for key, each in value.items()}}


def _number_text(value: int | float) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def same(left: Any, right: Any) -> bool:
    """Whether two encoded results are one: numbers by value, whether written as integers or not."""
    if not isinstance(left, Mapping) or not isinstance(right, Mapping) or left.keys() != right.keys():
        return bool(left == right)
    if "number" in left:
        one, other = float(left["number"]), float(right["number"])
        return one == other or (math.isnan(one) and math.isnan(other))
    if "list" in left:
        return len(left["list"]) == len(right["list"]) and all(map(same, left["list"], right["list"]))
    if "object" in left:
        one, other = left["object"], right["object"]
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(left == right)
