"""The clients and the real daemon: a write is told, and evaluated, by everyone who follows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from burgee.client import Refused
from tests.client.conftest import LISTENERS, Listener
from tests.support.daemon import RunningDaemon, running_daemon, wait_until

OVERRIDE = "/admin/v1/overrides/customer/c-42/f"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    folder = tmp_path_factory.mktemp("daemon")
    (folder / "flags.json").write_text(
        json.dumps({"flags": {"f": {"defaultVariant": "off"}, "other": {"defaultVariant": "on"}}})
    )
    store = f"sqlite:{folder}/state/store.sqlite"
    with running_daemon(folder, "--source", folder / "flags.json", "--store", store) as running:
        running.wait_ready()
        yield running


@pytest.fixture
def listener(daemon: RunningDaemon, client_kind: Any, over: str) -> Iterator[Listener]:
    made = client_kind(f"unix://{daemon.socket}", over=over)
    yield made
    made.close()


def test_a_write_is_told_and_evaluated_by_who_follows(daemon: RunningDaemon, listener: Listener) -> None:
    client = listener.client
    assert listener.do(client.follow(20))
    events = listener.events(flag="f", types=["override.*"])
    assert next(events)["why"] == "connected"
    for document, value in (({"variant": "on"}, True), ({"variant": "off"}, False), (None, False)):
        method = "PUT" if document else "DELETE"
        answer = listener.do(client.request(method, f"{OVERRIDE}?reason=pilot", document))
        assert answer.status in (200, 201)
        event = next(events)
        assert event["revision"] == answer.document["revision"]
        assert (event["flag"], event["level"], event["scope"], event["reason"]) == (
            "f",
            "customer",
            "c-42",
            "pilot",
        )
        assert event["data"]["after"] == document
        wait_until(lambda value=value: client.evaluate("f", {"customer": "c-42"}).value is value)  # type: ignore[misc]
        assert client.evaluate("f", {"customer": "c-1"}).value is False


def test_who_resumes_hears_what_was_written_meanwhile(daemon: RunningDaemon, listener: Listener) -> None:
    client = listener.client
    begin = next(listener.events(types=["flag.killed", "flag.revived"]))["id"]
    for path, document in (("kill", {"variant": "on"}), ("revive", None)):
        assert listener.do(client.request("POST", f"/admin/v1/flags/f/{path}", document)).status == 200
    events = listener.events(after=begin, types=["flag.killed", "flag.revived"])
    assert [next(events)["type"], next(events)["type"]] == ["flag.killed", "flag.revived"]


def test_each_kind_of_stream_takes_several_types(daemon: RunningDaemon, over: str) -> None:
    listener = LISTENERS["raw"](f"unix://{daemon.socket}", over=over)
    try:
        assert next(listener.events(types=["flag.*", "override.set"]))["type"] == "reset"
    finally:
        listener.close()


def test_a_stream_ends_soon_after_its_token_is_revoked(
    daemon: RunningDaemon, client_kind: Any, over: str
) -> None:
    made = daemon.request(
        "POST", "/admin/v1/tokens", {"name": f"{client_kind.__name__}-{over}", "scopes": ["read"]}
    )
    assert made.status == 201, made.body
    text, token_id = made.document["token"], made.document["id"]
    listener = client_kind(daemon.http, token=text, over=over)
    try:
        events = listener.events()
        assert next(events)["type"] == "reset"
        assert daemon.request("DELETE", f"/admin/v1/tokens/{token_id}").status in (200, 204)
        with pytest.raises(Refused) as refused:
            for _ in events:
                pass
        assert refused.value.status == 401
    finally:
        listener.close()
