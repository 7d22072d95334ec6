"""The vectors through OFREP on a daemon of its own process, over both transports, and its explanations.

The messages are read here without Burgee's own reader of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.daemon import Response
from tests.support.vector_daemon import Conversation, VectorDaemon, conversation
from tests.support.vectors import Vector, same

FLAGS = "/ofrep/v1/evaluate/flags"

Check = Callable[[Conversation, Vector], list[str]]


def body_of(vector: Vector) -> dict[str, Any]:
    """The answer that OFREP has for what a vector expects, but for the text of an error."""
    expected = vector.expected
    if expected.error_code is not None:
        return {
            "key": vector.flag,
            "errorCode": expected.error_code,
            "metadata": dict(expected.metadata),
        }
    return {
        "key": vector.flag,
        **({"value": expected.value} if expected.has_value else {}),
        "reason": expected.reason,
        "variant": expected.variant or "",
        "metadata": dict(expected.metadata),
    }


def status_of(vector: Vector) -> int:
    """The HTTP status of a single evaluation."""
    return {None: 200, "FLAG_NOT_FOUND": 404}.get(vector.expected.error_code, 400)


def wrong_body(vector: Vector, body: object) -> list[str]:
    """What about the body for one flag is not as it has to be."""
    wanted = body_of(vector)
    if vector.expected.error_code is not None and isinstance(body, dict):
        details = body.get("errorDetails")
        body = {name: value for name, value in body.items() if name != "errorDetails"}
        if not isinstance(details, str) or not details:
            return [f"{vector}: the error has no text: {details!r}"]
    return [] if same(wanted, body) else [f"{vector}: expected {wanted}, got {body}"]


def ask(talk: Conversation, vector: Vector) -> Response:
    """A single evaluation."""
    path = f"{FLAGS}/{quote(vector.flag, safe='')}"
    return talk.post(path, {"context": vector.context}, vector.selector)


def wrong_single(talk: Conversation, vector: Vector) -> list[str]:
    """What is wrong about the answer to a vector's question."""
    response = ask(talk, vector)
    problems = wrong_body(vector, response.document)
    if response.status != status_of(vector):
        problems.append(f"{vector}: HTTP {response.status}")
    if not response.headers.get("Content-Type", "").startswith("application/json"):
        problems.append(f"{vector}: {response.headers}")
    return problems


def wrong_bulk(talk: Conversation, vector: Vector) -> list[str]:
    """What is wrong about a vector's flag among all flags."""
    response = talk.post(FLAGS, {"context": vector.context}, vector.selector)
    if response.status != 200:
        return [f"{vector}: HTTP {response.status} {response.body!r}"]
    items = [item for item in response.document["flags"] if item["key"] == vector.flag]
    if vector.expected.error_code == "FLAG_NOT_FOUND":
        return [f"{vector}: there is one: {item}" for item in items]
    if len(items) != 1:
        return [f"{vector}: {len(items)} answers: {items}"]
    return wrong_body(vector, items[0])


def wrong_explanation(talk: Conversation, vector: Vector) -> list[str]:
    """What about the explanation is not as the evaluation of the same moment has it."""
    evaluation = ask(talk, vector).document
    response = talk.post(
        "/admin/v1/explain", {"key": vector.flag, "context": vector.context}, vector.selector
    )
    if response.status != 200:
        return [f"{vector}: HTTP {response.status} {response.body!r}"]
    explanation = response.document
    answer = dict(explanation["answer"])
    if "errorCode" in answer:
        wanted = evaluation | {"reason": "ERROR"}
    else:
        wanted = evaluation
        answer.setdefault("variant", "")
    problems = [] if same(wanted, answer) else [f"{vector}: evaluated {wanted}, explained {answer}"]
    winners = [rung for rung in explanation["rungs"] if rung["winner"]]
    if vector.expected.error_code in ("FLAG_NOT_FOUND", "GENERAL"):
        return problems
    if len(winners) != 1:
        problems.append(f"{vector}: {len(winners)} rungs won: {explanation['rungs']}")
    return problems + wrong_winner(vector, winners)


def wrong_winner(vector: Vector, winners: list[dict[str, Any]]) -> list[str]:
    """Whether the rung that won is the one that the answer's metadata names."""
    metadata = vector.expected.metadata
    if "burgee.source" not in metadata or "burgee.patched" in metadata:
        # An error has no source; that of a patched answer is the patch, on top of the rung that won.
        return []
    source, rule = metadata["burgee.source"], metadata.get("burgee.rule")
    level = {source, f"lock {source}"}
    wanted = {f"rule {rule}"} if rule is not None else {"flag", "requires", "targeting", "default"}
    wanted = wanted if source == "default" else level
    return [f"{vector}: {rung['name']!r} won, not {wanted}" for rung in winners if rung["name"] not in wanted]


def hold_to_all(daemon: VectorDaemon, transport: str, check: Check, *, each: int = 1) -> None:
    """Check all vectors, or each so many-th, over one connection; fails with a line for each disagreement."""
    problems = []
    with conversation(daemon.daemon, daemon.places[transport]) as talk:
        for vector in daemon.file.vectors[::each]:
            daemon.set_time_of(vector)
            problems += check(talk, vector)
        if talk.reconnections:
            problems.append(f"the connection was not kept: {talk.reconnections} new ones")
    assert not problems, "\n".join(problems)


TRANSPORTS = [("unix", 1), ("tcp", 4), pytest.param("tcp", 1, marks=pytest.mark.long)]
"""They differ in how bytes travel, not in what is answered: over TCP all of them come in the long run."""


@pytest.mark.parametrize(("transport", "each"), TRANSPORTS)
def test_a_single_evaluation_answers_as_the_language_says(
    vector_daemon: VectorDaemon, transport: str, each: int
) -> None:
    hold_to_all(vector_daemon, transport, wrong_single, each=each)


@pytest.mark.parametrize(("transport", "each"), TRANSPORTS)
def test_a_bulk_evaluation_answers_as_the_language_says(
    vector_daemon: VectorDaemon, transport: str, each: int
) -> None:
    hold_to_all(vector_daemon, transport, wrong_bulk, each=each)


def test_an_explanation_tells_of_the_very_answer_and_of_who_gave_it(vector_daemon: VectorDaemon) -> None:
    hold_to_all(vector_daemon, "unix", wrong_explanation, each=4)


@pytest.mark.long
def test_every_explanation_tells_of_the_very_answer_and_of_who_gave_it(vector_daemon: VectorDaemon) -> None:
    hold_to_all(vector_daemon, "unix", wrong_explanation)
