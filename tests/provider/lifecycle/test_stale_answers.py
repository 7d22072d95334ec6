"""What the status says and what answers say is one thing, whatever the head beside the socket looks like."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.event import ProviderEvent
from openfeature.flag_evaluation import FlagEvaluationDetails, Reason
from openfeature.provider import ProviderStatus

from tests.provider.conftest import eventually
from tests.provider.in_process.conftest import FLAGS, SharingDaemon
from tests.provider.lifecycle.telling import status
from tests.provider.remote.conftest import told
from tests.support.fake_daemon import cut, hang, running, stream_events

pytestmark = pytest.mark.usefixtures("openfeature_api")

MEMORY = {"remote": Reason.CACHED, "in-process": Reason.STATIC}
"""The reason of an answer from memory while the daemon speaks."""


class BeatingOn(SharingDaemon):
    """A daemon whose head seems alive whatever becomes of its socket, as one does that was looked at late."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat)

    def __enter__(self) -> BeatingOn:
        self._heart.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._heart.join()

    def _beat(self) -> None:
        while not self._ended.wait(0.05):
            self.shared.beat()


@pytest.fixture
def beating_on(tmp_path: Path) -> Iterator[BeatingOn]:
    with BeatingOn(tmp_path / "run") as daemon, running(daemon):
        generation = daemon.serve(FLAGS)
        daemon.evaluation = told("alpha", generation=generation)
        yield daemon


@pytest.fixture(params=MEMORY)
def reason_while_ready(request: pytest.FixtureRequest, beating_on: BeatingOn) -> Reason:
    """Of answers from memory; a provider of that kind is set and has such an answer."""
    api.set_provider_and_wait(BurgeeProvider(beating_on.address, resolver=request.param))
    expected = MEMORY[request.param]
    eventually(lambda: answered().reason is expected)
    return expected


def answered() -> FlagEvaluationDetails[Any]:
    return api.get_client().get_string_details("text", "")


def fall_silent(daemon: BeatingOn) -> None:
    daemon.evaluation, daemon.events = cut(b""), hang
    daemon.cut_connections()


def test_the_handler_of_stale_and_whoever_asks_after_it_are_given_stale_answers(
    beating_on: BeatingOn, reason_while_ready: Reason
) -> None:
    to_handler: list[FlagEvaluationDetails[Any]] = []
    api.add_handler(ProviderEvent.PROVIDER_STALE, lambda _: to_handler.append(answered()))
    fall_silent(beating_on)
    eventually(lambda: status() is ProviderStatus.STALE)
    for _ in range(20):
        assert (answered().value, answered().reason) == ("alpha", Reason.STALE)
    eventually(lambda: to_handler)
    assert {details.reason for details in to_handler} == {Reason.STALE}


def test_answers_from_memory_are_no_longer_stale_once_the_daemon_speaks_again(
    beating_on: BeatingOn, reason_while_ready: Reason
) -> None:
    fall_silent(beating_on)
    eventually(lambda: status() is ProviderStatus.STALE)
    beating_on.events = stream_events
    beating_on.cut_connections()
    eventually(lambda: status() is ProviderStatus.READY)
    # The socket still answers nobody: what is given comes from memory.
    eventually(lambda: answered().reason is reason_while_ready)


def test_a_provider_that_was_shut_down_while_stale_believes_the_head_again(beating_on: BeatingOn) -> None:
    provider = BurgeeProvider(beating_on.address, resolver="in-process")
    api.set_provider_and_wait(provider)
    fall_silent(beating_on)
    eventually(lambda: status() is ProviderStatus.STALE)
    assert provider.resolve_string_details("text", "").reason is Reason.STALE
    api.shutdown()
    eventually(lambda: provider.resolve_string_details("text", "").reason is Reason.STATIC)
