"""The console lines of a guide: read, run on a terminal, and told in a form that two runs have in common."""

from __future__ import annotations

import re
from typing import NamedTuple

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_DIFFERING = (
    (re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+Z"), "TIME"),
    (re.compile(r"\b[0-9a-f]{16}-\d+"), "GENERATION"),
    (re.compile(r"\b[0-9a-f]{24,32}\b"), "ID"),
    (re.compile(r"uid:\d+"), "USER"),
    (re.compile(r"[^\s(]*flags\.yaml"), "FILE"),
)


class Step(NamedTuple):
    """A command, and what the guide shows that it prints."""

    command: str
    output: list[str]


def steps(guide: str) -> list[Step]:
    """Every command of a guide, in order."""
    found: list[Step] = []
    for block in _BLOCK.findall(guide):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Step(line.removeprefix("$ "), []))
            else:
                found[-1].output.append(line)
    return found


def comparable(lines: list[str]) -> list[str]:
    """Lines without what differs from run to run, and without how wide columns are."""
    text = "\n".join(lines)
    for differing, name in _DIFFERING:
        text = differing.sub(name, text)
    return [" ".join(line.split()) for line in text.strip().splitlines()]
