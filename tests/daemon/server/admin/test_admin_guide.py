"""docs/guides/admin-api.md: every command in it is run, and answers as it says."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.daemon.server.admin.controlled import controlled

from burgeed.server.problems import TITLES

GUIDE = Path(__file__).parents[4] / "docs" / "guides" / "admin-api.md"

FLAGS = {
    "metadata": {"flagSetId": "shop"},
    "flags": {"new-checkout": {"defaultVariant": "off"}, "export": {"defaultVariant": "on"}},
}


class Command(NamedTuple):
    """One line of the guide, and the answer that it shows, if it shows one."""

    text: str
    answer: str


def commands() -> list[Command]:
    found: list[Command] = []
    for block in re.findall(r"```console\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL):
        for each in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, answer = each.strip().partition("\n")
            found.append(Command(command, answer))
    return found


def as_pattern(answer: str) -> str:
    """What an answer has to match; ``...`` stands for anything."""
    return ".*".join(re.escape(part) for part in answer.split("..."))


async def test_every_command_of_the_guide_answers_as_it_says(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not there")
    found = commands()
    assert len(found) > 25
    # The function that the guide defines first is there for all that follow; each command tells its status.
    script = "\n".join(
        [
            found[0].text,
            *(f"{command.text} -w '\\n%{{http_code}}'; printf '\\036'" for command in found[1:]),
        ]
    )
    async with controlled(tmp_path, FLAGS) as server:
        shell = await asyncio.create_subprocess_exec(
            "bash", "-c", script,
            env={
                "PATH": "/usr/bin:/bin:/usr/local/bin",
                "BURGEE": f"http://{server.tcp.host}",
                "BURGEE_TOKEN": server.tokens["all"],
            },
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(60):
            out, err = await shell.communicate()
    assert (shell.returncode, err.decode()) == (0, "")
    answers = out.decode().split("\036")[:-1]
    assert len(answers) == len(found) - 1
    for command, told in zip(found[1:], answers, strict=True):
        body, _, status = told.rpartition("\n")
        shown = re.search(r'"status":(\d+)', command.answer)
        wanted = {shown[1]} if shown else {"200", "201"}
        assert status in wanted, (command.text, told)
        if command.answer:
            assert re.fullmatch(as_pattern(command.answer), body), (command.text, body)


def test_the_problems_that_the_guide_names_are_all_there_are() -> None:
    table = GUIDE.read_text(encoding="utf-8").partition("## Errors")[2].partition("## Tokens")[0]
    rows = re.findall(r"^\| [0-9, ]+ \| ([^|]*) \|", table, re.MULTILINE)
    named = {slug for row in rows for slug in re.findall(r"`([a-z-]+)`", row)}
    of_http_alone = {"method-not-allowed", "too-slow", "expectation-failed", "failed"}
    assert named | of_http_alone == set(TITLES)


def test_the_pages_that_the_guide_links_to_are_there() -> None:
    linked = re.findall(r"\]\(([^)]+)\)", GUIDE.read_text(encoding="utf-8"))
    assert len(linked) >= 3
    assert [link for link in linked if not (GUIDE.parent / link).is_file()] == []
