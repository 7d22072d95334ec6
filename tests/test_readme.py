"""README.md, done as it says by somebody who has a checkout and nothing else."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.cli.guide import Step, comparable, steps
from tests.daemon.cli.running import without_colour
from tests.daemon.cli.terminal import Terminal
from tests.support.daemon import REPOSITORY, RunningDaemon, clean_environment, run_command, running_daemon

README = (REPOSITORY / "README.md").read_text()


def section(name: str) -> str:
    return README.split(f"## {name}\n")[1].split("\n## ")[0]


def block(language: str) -> str:
    """The only block of this language in the first steps."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", section("A first flag in two minutes"), re.DOTALL)
    return str(found)


@pytest.fixture
def flags(tmp_path: Path) -> Path:
    path = tmp_path / "flags.yaml"
    path.write_text(block("yaml"))
    return path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return clean_environment(BURGEE_SOCKET=str(tmp_path / "burgee.sock"), HOME=str(tmp_path))


@pytest.fixture
def daemon(tmp_path: Path, flags: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningDaemon]:
    monkeypatch.chdir(tmp_path)
    with running_daemon(tmp_path, "up", flags.name) as running:
        running.wait_ready()
        yield running


def piped(step: Step, cwd: Path, environment: dict[str, str]) -> list[str]:
    """What the command of a step prints where nobody looks on."""
    command, *arguments = shlex.split(step.command)
    assert command == "burgee"
    return run_command(*arguments, cwd=cwd, environment=environment).stdout.splitlines()


def test_the_first_flag_is_served_asked_changed_and_explained_as_the_readme_shows(
    tmp_path: Path, flags: Path, daemon: RunningDaemon, environment: dict[str, str]
) -> None:
    def answered() -> str:
        program = f"{block('python')}api.shutdown()\n"
        address = {"BURGEE_ADDRESS": f"unix://{daemon.socket}"}
        ended = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            env=environment | address,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    up, explain, check = steps(section("A first flag in two minutes"))
    assert up.command == "burgee up flags.yaml"
    assert answered() == re.search(r"# (True|False)", block("python"))[1]  # type: ignore[index]

    edited = flags.read_text().replace("acme: {new-checkout: on}", "acme: {new-checkout: off}")
    assert edited != flags.read_text()
    before = daemon.status()["generation"]
    flags.write_text(edited)
    daemon.wait_until(lambda: daemon.status()["generation"] != before)
    assert answered() == "False"
    with Terminal(*shlex.split(explain.command)[1:], cwd=tmp_path, environment=environment) as terminal:
        terminal.end()
    assert comparable(without_colour(terminal.output).splitlines()) == comparable(explain.output)

    flags.write_text(edited.replace("defaultVariant", "defaultVarient"))
    assert comparable(piped(check, tmp_path, environment)) == comparable(check.output)


def test_what_it_sets_at_run_time_can_be_set_seen_and_taken_back(
    tmp_path: Path, daemon: RunningDaemon, environment: dict[str, str]
) -> None:
    said = ["\n".join(piped(each, tmp_path, environment)) for each in steps(section("Changed at run time"))]
    assert ["revision 1: override.set" in said[0], "OPS-1234: pilot" in said[1]] == [True, True]
    assert "revision 2: rollback" in said[2] and "to undo it: burgee rollback" in said[2]


def test_every_link_of_the_documents_leads_somewhere() -> None:
    lost = []
    for document in (REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")):
        for target, anchor in re.findall(r"\]\(([^)#\s]*)(#[^)]*)?\)", document.read_text()):
            if target.startswith(("http://", "https://")):
                continue
            page = (document.parent / target) if target else document
            headings = (
                re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE) if page.suffix == ".md" else []
            )
            anchors = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
            if not page.exists() or (anchor and anchor[1:] not in anchors):
                lost.append(f"{document.name}: {target}{anchor}")
    assert lost == []
