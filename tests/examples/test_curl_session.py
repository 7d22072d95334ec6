"""examples/curl_session.sh, run as its head says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from tests.examples.conftest import EXAMPLES
from tests.support.daemon import RunningDaemon, clean_environment


@pytest.fixture(scope="module")
def session(daemon: RunningDaemon) -> str:
    """What the session printed."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not there")
    assert daemon.http is not None
    done = subprocess.run(
        [EXAMPLES / "curl_session.sh"],
        env=clean_environment(BURGEE_SOCKET=daemon.socket, BURGEE_LISTEN=daemon.http.removeprefix("http://")),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def answers(session: str, path: str) -> list[str]:
    """What followed the commands that ended in a path."""
    commands = [command.split("\n", 1) for command in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]]
    found = [answer for command, answer in commands if command.endswith(path)]
    assert found, f"nobody asked {path}"
    return found


def document(answer: str) -> Any:
    """The JSON in an answer, after its headers if it has any."""
    return json.loads(answer[answer.index("{") : answer.rindex("}") + 1])


def test_it_finds_the_daemon_alive_and_ready(session: str) -> None:
    assert document(answers(session, "/healthz")[0])["status"] == "alive"
    assert document(answers(session, "/readyz")[0])["status"] == "ready"


def test_it_evaluates_one_flag_over_either_transport(session: str) -> None:
    checkout = document(answers(session, "/flags/new-checkout")[0])
    assert (checkout["value"], checkout["metadata"]["burgee.scope"]) == (True, "acme")
    editor = answers(session, "/flags/editor")[0]
    assert editor.startswith("HTTP/1.1 200 OK")
    assert "Burgee-Vary: account_created,customer,organization" in editor
    assert document(editor)["metadata"]["burgee.patched"] == "organization,customer"


def test_it_is_told_that_all_flags_are_as_they_were(session: str) -> None:
    first, second = answers(session, "/evaluate/flags")
    said = re.search(r'(\d+) flags, ETag "\w+"', first)
    assert said is not None
    assert int(said[1]) >= 60
    assert second.startswith("HTTP/1.1 304 Not Modified")


def test_it_is_told_that_there_is_no_such_flag(session: str) -> None:
    answer = answers(session, "/flags/no-such-flag")[0]
    assert document(answer)["errorCode"] == "FLAG_NOT_FOUND"
    assert "HTTP 404" in answer


def test_it_is_told_why_with_the_line_of_the_file(session: str) -> None:
    rungs = document(answers(session, "/admin/v1/explain")[0])["rungs"]
    (winner,) = [rung for rung in rungs if rung["winner"]]
    assert winner["name"] == "lock organization"
    assert winner["origin"]["line"] > 1


def test_it_hears_an_event(session: str) -> None:
    event = answers(session, "/ofrep/v1/sse")[0]
    assert '"type":"refetchEvaluation"' in event
