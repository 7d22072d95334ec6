"""The OFREP provider of PyPI, `openfeature-provider-ofrep`, against a running daemon."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationDetails, Reason

from tests.clients.conftest import DEFINITION, ODD_KEYS
from tests.support.daemon import RunningDaemon
from tests.support.requests_over_socket import SocketAdapter
from tests.support.vectors import same

DEFAULTS: dict[str, Any] = {
    "boolean": True,
    "string": "mine",
    "integer": -1,
    "float": -1.5,
    "object": {"mine": 1},
}
FLAG_SET = {"flagSetId": "clients", "version": "7"}
WHO = EvaluationContext("u-1", {"organization": "globex"})


@pytest.fixture(params=["tcp", "unix"])
def client(request: pytest.FixtureRequest, daemon: RunningDaemon) -> Iterator[OpenFeatureClient]:
    """The client in front of that provider, which knows TCP and can be taught the Unix socket."""
    assert daemon.http is not None
    provider = OFREPProvider(daemon.http if request.param == "tcp" else "http://localhost")
    if request.param == "unix":
        provider.session.mount("http://localhost", SocketAdapter(daemon.socket))
    api.set_provider_and_wait(provider)
    try:
        yield api.get_client()
    finally:
        api.shutdown()
        provider.session.close()


def ask(
    client: OpenFeatureClient, flag_type: str, key: str, context: EvaluationContext | None = WHO
) -> FlagEvaluationDetails[Any]:
    """One evaluation with that type's default."""
    details: FlagEvaluationDetails[Any] = getattr(client, f"get_{flag_type}_details")(
        key, DEFAULTS[flag_type], context
    )
    return details


@pytest.mark.parametrize("flag_type", sorted(DEFAULTS))
def test_a_flag_of_each_type_arrives_as_it_was_written(client: OpenFeatureClient, flag_type: str) -> None:
    flag = DEFINITION["flags"][flag_type]
    details = ask(client, flag_type, flag_type)
    assert details.error_code is None, details.error_message
    assert details.variant == flag["defaultVariant"]
    assert same(details.value, flag["variants"][flag["defaultVariant"]])
    own = {"burgee.source": "default", **flag.get("metadata", {})}
    assert details.flag_metadata == FLAG_SET | own


@pytest.mark.parametrize("flag_type", sorted(DEFAULTS))
def test_a_disabled_flag_gives_the_callers_default_without_an_error(
    client: OpenFeatureClient, flag_type: str
) -> None:
    details = ask(client, flag_type, f"disabled-{flag_type}")
    assert same(details.value, DEFAULTS[flag_type])
    assert (details.reason, details.error_code) == (Reason.DISABLED, None), details.error_message


def test_a_flag_without_a_default_variant_gives_the_callers_default(client: OpenFeatureClient) -> None:
    details = ask(client, "string", "code-default")
    assert (details.value, details.reason, details.error_code) == ("mine", Reason.DEFAULT, None)


@pytest.mark.parametrize("flag_type", sorted(DEFAULTS))
def test_an_unknown_flag_is_reported_as_such(client: OpenFeatureClient, flag_type: str) -> None:
    details = ask(client, flag_type, "no-such-flag")
    assert same(details.value, DEFAULTS[flag_type])
    assert details.error_code == ErrorCode.FLAG_NOT_FOUND
    assert "no-such-flag" in (details.error_message or "")


@pytest.mark.parametrize(
    ("flag_type", "key"),
    [
        ("boolean", "string"),
        ("string", "boolean"),
        ("integer", "string"),
        ("integer", "float"),
        ("float", "integer"),
        ("object", "string"),
        ("string", "object"),
    ],
)
def test_a_flag_of_another_type_is_a_type_mismatch(
    client: OpenFeatureClient, flag_type: str, key: str
) -> None:
    details = ask(client, flag_type, key)
    assert same(details.value, DEFAULTS[flag_type])
    assert details.error_code == ErrorCode.TYPE_MISMATCH


def test_the_context_decides(client: OpenFeatureClient) -> None:
    acme = ask(client, "boolean", "boolean", EvaluationContext("u-1", {"organization": "acme"}))
    assert (acme.value, acme.variant, acme.reason) == (False, "no", Reason.TARGETING_MATCH)
    assert acme.flag_metadata["burgee.source"] == "organization"
    assert acme.flag_metadata["burgee.scope"] == "acme"
    grown = ask(client, "boolean", "targeted", EvaluationContext("u-1", {"age": 18}))
    assert (grown.variant, grown.flag_metadata["burgee.rule"]) == ("on", "adults")
    young = ask(client, "boolean", "targeted", EvaluationContext("u-1", {"age": 17.9}))
    assert (young.variant, young.reason) == ("off", Reason.DEFAULT)


def test_a_split_needs_the_targeting_key_and_says_so(client: OpenFeatureClient) -> None:
    assert ask(client, "boolean", "needs-key").reason == Reason.SPLIT
    without = ask(client, "boolean", "needs-key", EvaluationContext(None, {"organization": "globex"}))
    assert without.error_code == ErrorCode.TARGETING_KEY_MISSING
    assert without.error_message


def test_no_context_at_all_is_a_context(client: OpenFeatureClient) -> None:
    details = ask(client, "boolean", "boolean", None)
    assert (details.variant, details.error_code) == ("yes", None)


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_is_found_whatever_it_holds(client: OpenFeatureClient, key: str) -> None:
    details = ask(client, "string", key)
    assert (details.value, details.error_code) == (key, None), details.error_message


@pytest.mark.parametrize("key", ["boolean?", "boolean#x"])
def test_a_key_that_this_client_cuts_short_asks_for_what_is_left(client: OpenFeatureClient, key: str) -> None:
    assert ask(client, "boolean", key).variant == "yes"
