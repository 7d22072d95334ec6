"""examples/aiohttp_application.py, run as its head says."""

from __future__ import annotations

import http.client
import json
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from tests.examples.conftest import EXAMPLES
from tests.support.daemon import RunningDaemon, clean_environment
from tests.support.talking_process import talking

ANNA = {"X-User": "anna", "X-Customer": "c-42", "X-Organization": "acme"}
BORIS = {"X-User": "boris", "X-Customer": "c-77", "X-Organization": "globex"}
NOBODY: dict[str, str] = {}

SEEN_BY_ANNA = {
    "newCheckout": True,
    "chatNotifications": {"slack": False, "teams": False, "digest_minutes": 0},
    "uploadLimit": 1200,
    "imageQuality": 0.9,
    "digest": {"value": "weekly", "decidedBy": "default"},
}
SEEN_BY_BORIS = {
    "newCheckout": False,
    "chatNotifications": {"slack": False, "teams": True, "digest_minutes": 60},
    "uploadLimit": 25,
    "imageQuality": 0.7,
    "digest": {"value": "daily", "decidedBy": "customer"},
}
SEEN_BY_NOBODY = {
    "newCheckout": False,
    "chatNotifications": {"slack": False, "teams": False, "digest_minutes": 0},
    "uploadLimit": 25,
    "imageQuality": 0.7,
    "digest": {"value": "weekly", "decidedBy": "default"},
}


@contextmanager
def application(address: str, **environment: str) -> Iterator[str]:
    """Run the application; yields its host and port, and sees it end well."""
    command = [sys.executable, str(EXAMPLES / "aiohttp_application.py"), "--port", "0"]
    with talking(command, environment=clean_environment(BURGEE_ADDRESS=address, **environment)) as process:
        line = process.line_where(lambda line: "Running on http://" in line)
        yield line.split("http://")[1].split()[0]
        process.process.send_signal(signal.SIGTERM)
        assert process.process.wait(15) == 0, process.said


def get(connection: http.client.HTTPConnection, headers: dict[str, str]) -> Any:
    connection.request("GET", "/", headers=headers)
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200, body
    return json.loads(body)


def test_each_request_sees_its_own_customers_flags(daemon: RunningDaemon) -> None:
    with application(f"unix://{daemon.socket}") as place:
        connection = http.client.HTTPConnection(place, timeout=20)
        assert get(connection, ANNA) == SEEN_BY_ANNA
        assert get(connection, BORIS) == SEEN_BY_BORIS
        assert get(connection, NOBODY) == SEEN_BY_NOBODY
        connection.close()


def test_requests_at_the_same_time_do_not_see_each_others_customers(daemon: RunningDaemon) -> None:
    with application(f"unix://{daemon.socket}") as place:

        def ask(headers: dict[str, str]) -> list[Any]:
            connection = http.client.HTTPConnection(place, timeout=20)
            answers = [get(connection, headers) for _ in range(10)]
            connection.close()
            return answers

        with ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(ask, [ANNA, BORIS, NOBODY] * 2))
    assert answers == [[SEEN_BY_ANNA] * 10, [SEEN_BY_BORIS] * 10, [SEEN_BY_NOBODY] * 10] * 2


def test_without_the_daemon_the_application_starts_and_serves_the_values_in_its_code() -> None:
    with application("unix:///nowhere/burgee.sock", BURGEE_INITIALIZE_DEADLINE="0.1") as place:
        connection = http.client.HTTPConnection(place, timeout=20)
        assert get(connection, ANNA) == {
            "newCheckout": False,
            "chatNotifications": {},
            "uploadLimit": 25,
            "imageQuality": 0.7,
            "digest": {"value": "weekly", "decidedBy": None},
        }
        connection.close()
