"""The OFREP provider of npm for browsers, `@openfeature/ofrep-web-provider` 0.4.3: bulk, ETag and events."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import DEFINITION
from tests.support.daemon import running_daemon
from tests.support.node_packages import script_with_packages
from tests.support.talking_process import TalkingProcess, talking

PACKAGES = Path(__file__).with_name("javascript")


class Application:
    """A Node process with that provider, on a daemon of its own."""

    def __init__(self, process: TalkingProcess, definition: Path) -> None:
        self._process = process
        self._definition = definition

    def hear(self, what: str, **fields: Any) -> dict[str, Any]:
        """The next event of a kind, with certain fields.

        The first answer with status 304 says that the event stream is open: its first word is to ask again.
        """

        def wanted(line: str) -> bool:
            event = json.loads(line)
            return event["what"] == what and fields.items() <= event.items()

        event: dict[str, Any] = json.loads(self._process.line_where(wanted))
        return event

    def take_context(self, **context: Any) -> dict[str, Any]:
        """Change the context; returns the values afterwards."""
        self._process.say(json.dumps(context))
        return self.hear("context")

    def fetches(self) -> list[int]:
        """The statuses of all answers waited for so far."""
        events = [json.loads(line) for line in self._process.said]
        return [event["status"] for event in events if event["what"] == "fetched"]

    def save(self, definition: dict[str, Any]) -> None:
        """Give the daemon another definition."""
        aside = self._definition.with_suffix(".new")
        aside.write_text(json.dumps(definition))
        aside.rename(self._definition)


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Application]:
    """An application, ready, whose user is of the organization globex."""
    script = script_with_packages(PACKAGES / "follow.mjs", PACKAGES, tmp_path)
    definition = tmp_path / "definition" / "flags.json"
    definition.parent.mkdir()
    definition.write_text(json.dumps(DEFINITION))
    with running_daemon(tmp_path, "--source", definition) as daemon:
        daemon.wait_ready()
        who = json.dumps({"targetingKey": "u-1", "organization": "globex"})
        with talking(["node", str(script), str(daemon.http), who]) as process:
            yield Application(process, definition)


def test_all_flags_arrive_at_once_with_their_types(application: Application) -> None:
    values = application.hear("ready")["values"]
    for name in ("boolean", "string", "integer", "float", "object"):
        flag = DEFINITION["flags"][name]
        assert values[name]["variant"] == flag["defaultVariant"]
        assert values[name]["value"] == flag["variants"][flag["defaultVariant"]]
    assert (values["disabled"]["value"], values["disabled"]["reason"]) == ("mine", "DISABLED")
    assert values["unknown"]["errorCode"] == "FLAG_NOT_FOUND"
    assert values["mistaken"]["errorCode"] == "TYPE_MISMATCH"
    assert values["unkeyed"]["reason"] == "SPLIT"
    assert application.fetches() == [200]


def test_what_is_asked_again_is_answered_with_304_until_an_answer_changes(application: Application) -> None:
    application.hear("ready")
    application.hear("fetched", status=304)
    assert application.fetches() == [200, 304]
    same = application.take_context(targetingKey="u-1", organization="globex", colour="blue")
    assert same["values"]["boolean"]["value"] is True
    assert application.fetches() == [200, 304, 304]
    other = application.take_context(targetingKey="u-1", organization="acme")
    assert other["values"]["boolean"]["value"] is False
    assert application.fetches() == [200, 304, 304, 200]


def test_a_saved_edit_reaches_a_running_client_by_the_event_stream(application: Application) -> None:
    application.hear("ready")
    application.hear("fetched", status=304)
    edited = copy.deepcopy(DEFINITION)
    edited["flags"]["string"]["defaultVariant"] = "empty"
    application.save(edited)
    changed = application.hear("changed")
    assert changed["flags"] == ["string"]
    assert changed["values"]["string"]["value"] == ""
