"""The real daemon over TLS, which wants a certificate: clients, providers and commands, as over TCP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext

from burgee.client import Client, Unreachable
from tests.client.conftest import Listener
from tests.support.certificates import Authority, Issued
from tests.support.daemon import RunningDaemon, run_command, running_daemon, wait_until

CUSTOMER = EvaluationContext("u-1", {"customer": "c-42"})
OVERRIDE = "/admin/v1/overrides/customer/c-42/f"


class Place(NamedTuple):
    """A daemon, and what is needed to be let in."""

    daemon: RunningDaemon
    authority: Authority
    client: Issued
    token: str

    @property
    def options(self) -> dict[str, Any]:
        """As clients and providers take them."""
        return {
            "ca": self.authority.certificate_path,
            "certificate": self.client.certificate_path,
            "certificate_key": self.client.key_path,
            "token": self.token,
        }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("daemon")
    (folder / "flags.json").write_text(json.dumps({"flags": {"f": {"defaultVariant": "off"}}}))
    authority = Authority(folder)
    issued = authority.issue("daemon")
    options = {
        "--source": folder / "flags.json",
        "--store": f"sqlite:{folder}/state/store.sqlite",
        "--tls-certificate": issued.certificate_path,
        "--tls-key": issued.key_path,
        "--tls-client-ca": authority.certificate_path,
    }
    with running_daemon(folder, *(each for option in options.items() for each in option)) as running:
        running.wait_ready()
        made = running.request("POST", "/admin/v1/tokens", {"name": "tls", "scopes": ["read", "write"]})
        yield Place(running, authority, authority.issue("client"), made.document["token"])


@pytest.fixture
def listener(place: Place, client_kind: Any, over: str) -> Iterator[Listener]:
    made = client_kind(place.daemon.http, over=over, **place.options)
    yield made
    made.close()


def test_a_write_over_tls_is_told_and_evaluated_by_who_follows_over_tls(
    place: Place, listener: Listener
) -> None:
    client = listener.client
    assert listener.do(client.follow(20))
    events = listener.events(flag="f", types=["override.*"])
    assert next(events)["why"] == "connected"
    for method, document, value in (("PUT", {"variant": "on"}, True), ("DELETE", None, False)):
        answer = listener.do(client.request(method, f"{OVERRIDE}?reason=tls", document))
        assert answer.status in (200, 201)
        assert next(events)["revision"] == answer.document["revision"]
        wait_until(lambda value=value: client.evaluate("f", {"customer": "c-42"}).value is value)  # type: ignore[misc]


def test_who_shows_no_certificate_is_told_that_one_is_wanted(place: Place, client_kind: Any) -> None:
    listener = client_kind(
        place.daemon.http, **{**place.options, "certificate": None, "certificate_key": None}
    )
    try:
        with pytest.raises(Unreachable, match=r"give one as certificate \(BURGEE_CERTIFICATE\)"):
            listener.do(listener.client.request("GET", "/admin/v1/flags"))
    finally:
        listener.close()


@pytest.mark.parametrize("resolver", ["remote", "in-process"])
def test_providers_of_both_kinds_answer_over_tls_and_hear_of_changes(place: Place, resolver: str) -> None:
    provider = BurgeeProvider(place.daemon.http, resolver=resolver, deadline=20.0, **place.options)
    provider.initialize(EvaluationContext())
    try:
        with Client(place.daemon.http, **place.options) as client:
            for method, document, value in (("PUT", {"variant": "on"}, True), ("DELETE", None, False)):
                assert client.request(method, f"{OVERRIDE}?reason=tls", document).status in (200, 201)
                wait_until(
                    lambda value=value: provider.resolve_boolean_details("f", False, CUSTOMER).value is value  # type: ignore[misc]
                )
        provider.track("bought", CUSTOMER)
        wait_until(lambda: provider.tracking.counts.sent == 1)
    finally:
        provider.shutdown()


def test_a_command_asks_over_tls_with_the_files_and_the_token_of_its_environment(
    place: Place, tmp_path: Path
) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "BURGEE_ADDRESS": str(place.daemon.http),
        "BURGEE_CA": str(place.authority.certificate_path),
        "BURGEE_CERTIFICATE": str(place.client.in_one_file()),
        "BURGEE_TOKEN": place.token,
    }
    with Client(place.daemon.http, **place.options) as client:
        begin = next(iter(client.events())).position
    ran = run_command(
        "override", "set", "customer", "c-7", "f", "on", "--reason", "tls", environment=environment
    )
    assert ran.returncode == 0, ran.stderr
    watched = run_command(
        "watch", "--after", str(begin), "--type", "override.set", "--count", "1", environment=environment
    )
    assert (watched.returncode, "c-7" in watched.stdout) == (0, True), watched
