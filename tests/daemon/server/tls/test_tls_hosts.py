"""Host and Origin under TLS: what the certificate is for is served, by whatever port it was mapped to."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.daemon.server.tls.speaking import speaking, trusting
from tests.support.certificates import Authority, Issued

from burgeed.server.access import AccessRules


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("flags.test", True),
        ("FLAGS.test:443", True),
        ("flags.test:8443", True),
        ("10.0.0.7:1", True),
        ("localhost", True),
        ("[::1]:8443", True),
        ("further.test", True),
        ("evil.test", False),
        ("flags.test:", False),
        ("flags.test:123456", False),
        ("flags.test@evil.test", False),
        ("flags.test:80:80", False),
        ("", False),
    ],
)
def test_a_name_decides_and_not_its_port(host: str, served: bool) -> None:
    rules = AccessRules([("10.0.0.7", 8443)], ["further.test"], covers=lambda name: name == "flags.test")
    assert (rules.refusal({"Host": host}) is None) is served
    assert (rules.refusal({"Host": "localhost", "Origin": f"https://{host}"}) is None) is served
    assert rules.refusal({"Host": "localhost", "Origin": f"http://{host}"}) is not None


async def test_the_certificates_names_are_served_and_others_are_not(
    tmp_path: Path, authority: Authority, server_certificate: Issued
) -> None:
    async with speaking(tmp_path, server_certificate) as secure:
        peer = secure.peer(trusting(authority), "flags.test")
        for host, status in (("flags.test", 200), ("a.wild.test:9", 200), ("evil.test", 403)):
            assert (await peer.evaluate("static", {"Host": host})).status == status
