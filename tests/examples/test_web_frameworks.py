"""The examples for Starlette, FastAPI, Flask and Django, run as their heads say."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest

from tests.examples.conftest import EXAMPLES
from tests.support.daemon import RunningDaemon, clean_environment
from tests.support.talking_process import TalkingProcess, talking

EVERY_EXAMPLE = ["asgi_starlette", "asgi_fastapi", "wsgi_flask", "wsgi_django"]

ANNA = {"X-User": "anna", "X-Customer": "c-42", "X-Organization": "acme"}
BORIS = {"X-User": "boris", "X-Customer": "c-77", "X-Organization": "globex"}
NOBODY: dict[str, str] = {}
TOKENS = {"anna": "Bearer token-of-anna", "boris": "bearer token-of-boris"}

SEEN_BY_ANNA = {"newCheckout": True, "uploadLimit": 1200, "digest": "weekly"}
SEEN_BY_BORIS = {"newCheckout": False, "uploadLimit": 25, "digest": "daily"}
SEEN_BY_NOBODY = {"newCheckout": False, "uploadLimit": 25, "digest": "weekly"}


class Example:
    """One example while it runs."""

    def __init__(self, name: str, process: TalkingProcess, place: str) -> None:
        self.name = name
        self.process = process
        self.place = place

    def headers(self, who: dict[str, str]) -> dict[str, str]:
        """How somebody asks this example."""
        if self.name == "asgi_fastapi":
            return {"Authorization": TOKENS[who["X-User"]]} if who else {}
        return who

    def get(self, who: dict[str, str], path: str = "/", times: int = 1) -> list[Any]:
        """Answers over one connection where the server keeps it."""
        connection = http.client.HTTPConnection(self.place, timeout=20)
        answers = []
        for _ in range(times):
            connection.request("GET", path, headers=self.headers(who))
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200, body
            is_json = response.headers.get_content_type() == "application/json"
            answers.append(json.loads(body) if is_json else body.decode())
        connection.close()
        return answers


@contextmanager
def running(name: str, **environment: str) -> Iterator[Example]:
    """Run an example, and see it end well."""
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--port", "0"]
    with talking(command, environment=clean_environment(**environment)) as process:
        line = process.line_where(lambda line: "unning on http://" in line, 60)
        yield Example(name, process, line.split("http://")[1].split()[0].rstrip("/"))
        process.process.send_signal(signal.SIGINT)
        assert process.process.wait(15) == 0, process.said


def only(*names: str) -> pytest.MarkDecorator:
    """For a test of what not every example shows."""
    return pytest.mark.parametrize("example", names, indirect=True, scope="module")


@pytest.fixture(scope="module", params=EVERY_EXAMPLE)
def example(request: pytest.FixtureRequest, daemon: RunningDaemon) -> Iterator[Example]:
    """Each example in turn, in front of the real daemon."""
    with running(request.param, BURGEE_ADDRESS=f"unix://{daemon.socket}") as example:
        yield example


def test_each_request_sees_its_own_customers_flags(example: Example) -> None:
    assert example.get(ANNA) == [SEEN_BY_ANNA]
    assert example.get(BORIS) == [SEEN_BY_BORIS]
    assert example.get(NOBODY) == [SEEN_BY_NOBODY]


def test_requests_at_the_same_time_do_not_see_each_others_customers(example: Example) -> None:
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda who: example.get(who, times=5), [ANNA, BORIS, NOBODY] * 2))
    assert answers == [[SEEN_BY_ANNA] * 5, [SEEN_BY_BORIS] * 5, [SEEN_BY_NOBODY] * 5] * 2


@only("asgi_starlette", "wsgi_flask", "wsgi_django")
def test_a_streamed_answer_is_its_own_customers_to_the_last_line(example: Example) -> None:
    assert example.get(BORIS, "/report") == ["0 daily\n1 daily\n2 daily\n"]
    assert example.get(ANNA, "/report") == ["0 weekly\n1 weekly\n2 weekly\n"]


@only("asgi_fastapi")
def test_an_endpoint_in_a_thread_sees_its_own_customers_flags(example: Example) -> None:
    assert example.get(ANNA, "/blocking") == [SEEN_BY_ANNA]
    assert example.get(BORIS, "/blocking") == [SEEN_BY_BORIS]


@only("wsgi_flask", "wsgi_django")
def test_what_the_application_knows_of_its_user_is_added_for_that_request_only(example: Example) -> None:
    anna = {"targetingKey": "anna", "customer": "c-42", "organization": "acme", "plan": "pro"}
    assert example.get(ANNA, "/who?plan=pro") == [anna]
    assert example.get(NOBODY, "/who") == [{"targetingKey": None, "plan": "free"}]


@only("asgi_starlette")
def test_a_websocket_is_its_own_customers_for_every_message(example: Example) -> None:
    async def ask(who: dict[str, str]) -> list[str]:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"ws://{example.place}/live", headers=who) as websocket,
        ):
            answers = []
            for key in ("upload-limit-mb", "no-such-flag", "upload-limit-mb"):
                await websocket.send_str(key)
                answers.append(await websocket.receive_str(timeout=10))
            return answers

    async def ask_all() -> list[list[str]]:
        return await asyncio.gather(ask(ANNA), ask(BORIS))

    assert asyncio.run(ask_all()) == [["1200", "0", "1200"], ["25", "0", "25"]]


@pytest.mark.parametrize("name", EVERY_EXAMPLE)
def test_without_the_daemon_the_application_starts_and_serves_the_values_in_its_code(name: str) -> None:
    nowhere = {"BURGEE_ADDRESS": "unix:///nowhere/burgee.sock", "BURGEE_INITIALIZE_DEADLINE": "0.1"}
    with running(name, **nowhere) as example:
        assert example.get(ANNA) == [SEEN_BY_NOBODY]
        assert any("starting without the daemon" in line for line in example.process.said)
