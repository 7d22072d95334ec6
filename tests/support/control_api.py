"""Drives a real daemon over its API, for :class:`tests.support.control_machine.ControlMachine`."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support.clocked_daemon import set_clock
from tests.support.control_machine import Answer
from tests.support.control_model import FILE, FLAGS, START
from tests.support.daemon import running_daemon

ADMIN = "/admin/v1"


class ApiDriver:
    """A daemon in a directory of its own, on a clock of its own."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="burgee-model-"))
        self._source = self._directory / "flags.json"
        self._source.write_text(json.dumps(FILE))
        self._clock_file = self._directory / "clock"
        self._now = START
        set_clock(self._clock_file, self._now)
        self._writer = ""
        self._start()
        # The peer of the socket may break glass; this token may not.
        made = self._ask("POST", "/tokens", {"name": "writer", "scopes": ["read", "write"]})
        self._writer = made[1]["token"]

    def write(self, command: Mapping[str, Any]) -> Answer:
        method, path, message = _request(command)
        query = {"reason": "model", **({"dry_run": "true"} if command.get("dry_run") else {})}
        headers = {} if command.get("break_glass") else {"Authorization": f"Bearer {self._writer}"}
        if "if_match" in command:
            headers["If-Match"] = f'"{command["if_match"]}"'
        path += "?" + "&".join(f"{name}={value}" for name, value in query.items())
        status, answer = self._ask(method, path, message, headers)
        if status in (200, 201):
            return Answer("", answer["revision"])
        return Answer(answer["type"].removeprefix("/problems/"), answer.get("revision", -1))

    def evaluate(self, context: Mapping[str, Any]) -> dict[str, tuple[str | None, Any]]:
        # One by one: a bulk answer leaves disabled flags out.
        answers = {key: self._daemon.evaluate(key, context) for key in FLAGS}
        return {
            key: (answer.get("variant") or None, answer.get("value"))
            for key, answer in answers.items()
            if answer.get("errorCode") != "FLAG_NOT_FOUND"
        }

    def revision(self) -> int:
        return int(self._ask("GET", "/statistics", None)[1]["revision"])

    def pass_time(self, seconds: float) -> None:
        self._now += seconds
        set_clock(self._clock_file, self._now)

    def restart(self) -> None:
        self._daemon.signal(signal.SIGTERM)
        assert self._daemon.wait() == 0
        self._stack.close()
        self._start()

    def kill(self) -> None:
        self._daemon.signal(signal.SIGKILL)
        self._stack.close()
        self._start()

    def close(self) -> None:
        self._stack.close()
        shutil.rmtree(self._directory)

    def _start(self) -> None:
        self._stack = ExitStack()
        store = f"sqlite:{self._directory / 'state' / 'burgee.db'}"
        self._daemon = self._stack.enter_context(
            running_daemon(
                self._directory, "--source", self._source, "--store", store, clock_file=self._clock_file
            )
        )
        self._daemon.wait_ready()

    def _ask(
        self, method: str, path: str, message: Any, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        response = self._daemon.request(method, ADMIN + path, message, headers)
        assert response.status < 500, response
        return response.status, response.document


def _request(command: Mapping[str, Any]) -> tuple[str, str, Any]:
    """Method, path and body of one of the machine's commands."""
    flag = f"/flags/{quote(str(command.get('flag')), safe='')}"
    scope = f"/overrides/{command.get('level')}/{command.get('scope')}"
    match command["verb"]:
        case "create":
            return "POST", "/flags", {"key": command["flag"], **command["document"]}
        case "replace":
            return "PUT", flag, command["document"]
        case "delete":
            return "DELETE", flag, None
        case "toggle":
            enabled = command["enabled"]
            return "POST", f"{flag}/toggle", {} if enabled is None else {"enabled": enabled}
        case "rollout":
            rollout = command["rollout"]
            return ("DELETE" if rollout is None else "PUT"), f"{flag}/rollout", rollout
        case "kill":
            return "POST", f"{flag}/kill", command["document"]
        case "revive":
            return "POST", f"{flag}/revive", None
        case "reset":
            one = "" if command["flag"] is None else f"/{command['flag']}"
            return "POST", f"{scope}{one}/inherit", None
        case "clear":
            return "DELETE", scope, None
        case "set" if command.get("merge"):
            return "PATCH", f"{scope}/{command['flag']}", command["document"]
        case "set" | "many":
            items = [
                {name: each[name] for name in ("level", "scope", "flag")} | {"override": each["document"]}
                for each in command.get("items", [command])
            ]
            return "POST", "/overrides/batch", {"items": items}
        case "rollback":
            where = {"flag": flag, "scope": scope, "all": ""}[command["what"]]
            return "POST", f"{where}/rollback", {"revision": command["revision"]}
    raise AssertionError(command)
