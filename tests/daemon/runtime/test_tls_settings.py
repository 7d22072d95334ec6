"""Settings of TLS: what goes together, when the network may be listened on, and what the modes ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from burgeed.audit.modes import DEFENSE, STANDARD, STRICT, Mode, transport_refusal
from burgeed.authority.principal import Principal, Scope
from burgeed.clock import SystemClock
from burgeed.control.demands import why_not
from burgeed.runtime.control_parts import ControlUnusable
from burgeed.runtime.transport import certificate_of, transport_of
from burgeed.settings import Address
from tests.daemon.runtime.test_settings import gathered, problems

CERTIFICATE = {"tls_certificate": "/c.pem"}
MUTUAL = {**CERTIFICATE, "tls_client_ca": "/ca.pem"}
BEYOND = {"listen": "0.0.0.0:8443"}


def test_by_default_nothing_speaks_tls() -> None:
    settings = gathered()
    assert (settings.tls_certificate, settings.tls_key, settings.tls_client_ca) == (None, None, None)
    assert transport_of(settings) == "plain" and certificate_of(settings, SystemClock()) is None


def test_paths_are_taken_from_the_directory_that_the_daemon_starts_in() -> None:
    settings = gathered(tls_certificate="c.pem", tls_key="k.pem", tls_client_ca="ca.pem")
    assert settings.tls_certificate == Path.cwd() / "c.pem"
    assert (settings.tls_key, settings.tls_client_ca) == (Path.cwd() / "k.pem", Path.cwd() / "ca.pem")


@pytest.mark.parametrize("option", ["tls_key", "tls_client_ca"])
def test_what_goes_with_a_certificate_means_nothing_alone(option: str) -> None:
    [problem] = problems(**{option: "/x.pem"})
    assert problem.option == f"--{option.replace('_', '-')}" and "add --tls-certificate" in problem.remedy


@pytest.mark.parametrize("enough", [MUTUAL, {**CERTIFICATE, "evaluation": "token"}])
def test_beyond_loopback_one_listens_where_it_is_known_who_asks(enough: dict[str, str]) -> None:
    assert gathered(**BEYOND, **enough).listen == Address("0.0.0.0", 8443)


@pytest.mark.parametrize("too_little", [{}, CERTIFICATE, {"evaluation": "token"}])
def test_beyond_loopback_nobody_listens_otherwise(too_little: dict[str, str]) -> None:
    [problem] = problems(**BEYOND, **too_little)
    assert problem.option == "--listen" and "reached from outside this machine" in problem.message
    assert "--tls-certificate" in problem.remedy and "--evaluation token" in problem.remedy


@pytest.mark.parametrize(
    ("mode", "stated", "refused"),
    [
        ("standard", {}, ""),
        ("strict", {}, "speaks TLS on TCP: add --tls-certificate, or --listen none"),
        ("strict", CERTIFICATE, ""),
        ("strict", {"listen": "none"}, ""),
        (
            "defense",
            CERTIFICATE,
            "mutual TLS on TCP: add --tls-certificate and --tls-client-ca, or --listen none",
        ),
        ("defense", MUTUAL, ""),
        ("defense", {"listen": "none"}, ""),
    ],
)
def test_a_mode_starts_only_with_its_transport(mode: str, stated: dict[str, str], refused: str) -> None:
    settings = gathered(audit_mode=mode, **stated)
    if refused:
        with pytest.raises(ControlUnusable, match=refused):
            certificate_of(settings, SystemClock())
    else:
        found = certificate_of(settings, SystemClock())
        assert (found is not None) == ("tls_certificate" in stated)


def test_where_nobody_listens_a_certificate_is_not_even_read() -> None:
    assert certificate_of(gathered(**MUTUAL, listen="none"), SystemClock()) is None
    assert transport_refusal(DEFENSE, None) is None


WRITER = {"name": "ann's", "kind": "token", "scopes": frozenset({Scope.WRITE}), "token_id": "1"}


@pytest.mark.parametrize(
    ("principal", "refusing"),
    [
        (Principal(**WRITER, certificate="CN=ann"), []),
        (Principal(**WRITER, uid=1000), []),
        (Principal(**WRITER, person="ann"), [DEFENSE]),
        (Principal(**WRITER), [STRICT, DEFENSE]),
        (Principal("anonymous", "anonymous", certificate="CN=ann"), [DEFENSE]),
    ],
)
def test_a_clients_certificate_counts_as_a_peer_beside_the_token(
    principal: Principal, refusing: list[Mode]
) -> None:
    refused = [mode for mode in (STANDARD, STRICT, DEFENSE) if why_not(mode, principal, "why") is not None]
    assert refused == refusing
