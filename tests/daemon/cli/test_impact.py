"""`POST /admin/v1/impact` and `burgee impact`: who would be answered otherwise, with nothing changed."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from burgeed.server.impact import MOST_CONTEXTS, MOST_QUESTIONS
from tests.daemon.cli.controlling import Operator, controlled_daemon
from tests.daemon.cli.running import Ended
from tests.support.daemon import RunningDaemon, connect_to_unix_socket

SAMPLE = [
    {"customer": "c-42", "organization": "acme"},
    {"customer": "c-43", "organization": "acme"},
    {"customer": "c-44", "organization": "globex"},
]
OVERLAY = {"overrides": {"customer": {"c-42": {"editor": {"patch": {"dark": True}}}}}}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    with controlled_daemon(tmp_path_factory.mktemp("control"), "--record-contexts", "50") as running:
        yield running


@pytest.fixture
def operator(burgee: Callable[..., Ended], daemon: RunningDaemon) -> Iterator[Operator]:
    operator = Operator(burgee, daemon)
    yield operator
    operator.says("rollback", "--to", "0", "--yes")


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "contexts.json"
    path.write_text(json.dumps(SAMPLE))
    return path


def asked(daemon: RunningDaemon, message: object, query: str = "") -> tuple[int, Any]:
    connection = connect_to_unix_socket(daemon.socket, 30.0)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", f"/admin/v1/impact{query}", json.dumps(message), headers)
        response: http.client.HTTPResponse = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_an_overlay_is_compared_with_what_is_served(daemon: RunningDaemon) -> None:
    status, found = asked(daemon, {"contexts": SAMPLE, "overlay": OVERLAY})
    assert (status, found["contexts"], found["affected"]) == (200, 3, 1)
    assert found["byLevel"]["organization"] == [{"scope": "acme", "affected": 1, "contexts": 2}]
    (flag,) = found["flags"]
    (transition,) = flag["transitions"]
    assert transition["after"]["value"] == {"dark": True, "features": {"tabs": 4}}
    assert transition["examples"] == [SAMPLE[0]]


def test_asking_changes_nothing(operator: Operator, daemon: RunningDaemon) -> None:
    before = operator.document("history", "-n", "1")
    asked(daemon, {"contexts": SAMPLE, "overlay": OVERLAY})
    assert operator.document("history", "-n", "1") == before
    assert operator.value("editor", customer="c-42")["dark"] is False


def test_a_rollback_is_compared_with_what_is_served(operator: Operator, sample: Path) -> None:
    revision = operator.document("override", "set", "customer", "c-43", "new-checkout", "off")["revision"]
    operator.says("kill", "legacy-export", "off", "--yes")
    ended = operator.ends("impact", "--contexts", sample, "--to", revision - 1)
    assert ended.returncode == 1
    assert "new-checkout\tchanged\t1\tfalse (off)\ttrue (on)" in ended.stdout
    assert "legacy-export\tchanged\t3\tfalse (off)\ttrue (on)" in ended.stdout
    told = json.loads(operator.ends("impact", "--contexts", sample, "--to", revision, "--json").stdout)
    assert [flag["flag"] for flag in told["flags"]] == ["legacy-export"]
    operator.says("rollback", "--to", revision, "--yes")
    assert operator.says("impact", "--contexts", sample, "--to", revision) == (
        "none of 3 contexts is answered otherwise\n"
    )


def test_what_a_daemon_recorded_is_a_sample_too(operator: Operator, tmp_path: Path) -> None:
    for customer in ("c-1", "c-42"):
        operator.value("new-checkout", customer=customer)
    overlay = tmp_path / "overlay.json"
    overlay.write_text(json.dumps(OVERLAY))
    ended = operator.ends("impact", "--recorded", "--overlay", overlay, "--markdown")
    assert ended.returncode == 1 and "| `customer` | `c-42` |" in ended.stdout


def test_nothing_is_recorded_where_it_is_not_switched_on(tmp_path: Path) -> None:
    with controlled_daemon(tmp_path) as daemon:
        status, problem = asked(daemon, {"contexts": "recorded", "overlay": OVERLAY})
    assert status == 400 and "--record-contexts" in problem["detail"]


def test_faults_of_an_overlay_are_told_with_their_places(daemon: RunningDaemon) -> None:
    overlay = {"flags": {"a": {"defaultVarient": "on"}}}
    status, problem = asked(daemon, {"contexts": SAMPLE, "overlay": overlay})
    assert status == 422 and problem["type"] == "/problems/invalid"
    assert problem["faults"][0]["path"] == "flags.a.defaultVarient"


@pytest.mark.parametrize(
    ("message", "status", "said"),
    [
        ({}, 400, "`contexts`"),
        ({"contexts": "all", "overlay": {}}, 400, "`contexts`"),
        ({"contexts": [1], "overlay": {}}, 400, "contexts[0]"),
        ({"contexts": [{}] * (MOST_CONTEXTS + 1), "overlay": {}}, 400, str(MOST_CONTEXTS)),
        ({"contexts": []}, 400, "either `overlay` or `revision`"),
        ({"contexts": [], "overlay": {}, "revision": 1}, 400, "either `overlay` or `revision`"),
        ({"contexts": [], "overlay": []}, 400, "`overlay`"),
        ({"contexts": [], "revision": "1"}, 400, "`revision`"),
        ({"contexts": [], "revision": 10_000}, 404, "10000"),
        ({"contexts": [], "overlays": {}}, 400, "did you mean `overlay`"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    daemon: RunningDaemon, message: object, status: int, said: str
) -> None:
    answered, problem = asked(daemon, message)
    assert answered == status and said in problem["detail"]


def test_more_questions_than_can_be_answered_are_refused(daemon: RunningDaemon) -> None:
    flags = {f"flag-{number}": {"defaultVariant": "on"} for number in range(300)}
    assert 300 * MOST_CONTEXTS > MOST_QUESTIONS
    status, problem = asked(daemon, {"contexts": [{}] * MOST_CONTEXTS, "overlay": {"flags": flags}})
    assert status == 400 and "fewer contexts" in problem["detail"]


def test_a_flag_set_that_there_is_not_is_told(daemon: RunningDaemon) -> None:
    status, problem = asked(daemon, {"contexts": [], "overlay": {}}, "?flag_set=nowhere")
    assert status == 404 and "nowhere" in problem["detail"]


def test_evaluations_are_answered_while_a_large_question_is(daemon: RunningDaemon) -> None:
    overlay = {"flags": {f"flag-{number}": {"defaultVariant": "on"} for number in range(100)}}
    answers: list[int] = []
    question = threading.Thread(
        target=lambda: answers.append(asked(daemon, {"contexts": [{}] * 5_000, "overlay": overlay})[0])
    )
    question.start()
    during = 0
    while question.is_alive():
        connection = connect_to_unix_socket(daemon.socket, 10.0)
        body, headers = '{"context": {}}', {"Content-Type": "application/json"}
        connection.request("POST", "/ofrep/v1/evaluate/flags/editor", body, headers)
        assert connection.getresponse().status == 200
        connection.close()
        during += 1
    assert answers == [200] and during > 5
