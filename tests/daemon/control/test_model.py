"""A control plane on SQLite does what a plain model does, whatever is done in whatever order."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from burgee.evaluation import evaluate
from burgeed.control import commands
from burgeed.control.commands import Command, OverrideItem
from burgeed.control.errors import ControlError
from tests.support.control_machine import Answer, ControlMachine, Driver
from tests.support.control_model import FILE, START
from tests.support.planes import BREAKER, WRITER, Running, SetClock, running, sqlite


def command_of(asked: Mapping[str, Any]) -> Command:
    """A command of the machine's as the control plane has it."""
    flag = asked.get("flag")
    match asked["verb"]:
        case "create":
            return commands.CreateFlag("", str(flag), asked["document"])
        case "replace":
            return commands.ReplaceFlag("", str(flag), asked["document"])
        case "delete":
            return commands.DeleteFlag("", str(flag))
        case "toggle":
            return commands.ToggleFlag("", str(flag), asked["enabled"])
        case "rollout":
            return commands.SetRollout("", str(flag), asked["rollout"])
        case "kill":
            return commands.KillFlag("", str(flag), asked["document"])
        case "revive":
            return commands.ReviveFlag("", str(flag))
        case "reset":
            return commands.ResetScope("", asked["level"], asked["scope"], flag)
        case "clear":
            return commands.ClearScope("", asked["level"], asked["scope"])
        case "set" | "many":
            items = asked.get("items", [asked])
            return commands.SetOverrides("", tuple(_item(each) for each in items))
        case "rollback":
            number = asked["revision"]
            if asked["what"] == "flag":
                return commands.RollBack(number, "", str(flag))
            if asked["what"] == "scope":
                return commands.RollBack(number, "", level=asked["level"], scope=asked["scope"])
            return commands.RollBack(number)
    raise AssertionError(asked)


def _item(asked: Mapping[str, Any]) -> OverrideItem:
    return OverrideItem(
        asked["level"], asked["scope"], asked["flag"], asked["document"], asked.get("merge", False)
    )


class PlaneDriver:
    """A plane in this process, over a database in a file."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp())
        self._clock = SetClock(START)
        self._runner = asyncio.Runner()
        self._start()

    def _start(self) -> None:
        self._stack = AsyncExitStack()
        self._here: Running = self._runner.run(self._opened())

    async def _opened(self) -> Running:
        database = await self._stack.enter_async_context(sqlite(self._directory / "burgee.db"))
        return await self._stack.enter_async_context(running(database, FILE, clock=self._clock))

    def write(self, command: Mapping[str, Any]) -> Answer:
        options = {name: command[name] for name in ("dry_run", "if_match") if name in command}
        principal = BREAKER if command.get("break_glass") else WRITER
        options["reason"] = "model"
        try:
            outcome = self._runner.run(self._here.write(command_of(command), principal, **options))
        except ControlError as refused:
            return Answer(refused.slug, self.revision())
        return Answer("", outcome.revision)

    def evaluate(self, context: Mapping[str, Any]) -> Mapping[str, tuple[str | None, Any]]:
        snapshot, now = self._here.store.snapshot, self._clock.wall()
        answers = {
            key: evaluate(snapshot, key, dict(context), now=now) for key in snapshot.flag_sets[""].flags
        }
        return {key: (answer.variant, answer.value) for key, answer in answers.items()}

    def revision(self) -> int:
        return self._here.plane.state.revision

    def pass_time(self, seconds: float) -> None:
        self._clock.time += seconds

    def restart(self) -> None:
        self._runner.run(self._stack.aclose())
        self._start()

    def kill(self) -> None:
        """Leave it as it stands, without a word; only its file is let go."""
        self._runner.run(self._here.database.close())
        self._start()

    def close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()
        shutil.rmtree(self._directory, ignore_errors=True)


class PlaneMachine(ControlMachine):
    """The machine over :class:`PlaneDriver`."""

    @staticmethod
    def make_driver() -> Driver:
        return PlaneDriver()


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        PlaneMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_plane_does_what_the_model_does() -> None:
    run(15, 25)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_plane_does_what_the_model_does_for_long() -> None:
    run(400, 60)
