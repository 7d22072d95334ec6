"""The guide on TLS says what the daemon does, and its certificates are such that the daemon takes them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from burgeed.audit.modes import MODES
from burgeed.file_standing import POLL
from burgeed.server.limits import Limits
from burgeed.server.tls.certificate import read_certificate
from burgeed.server.tls.files import CertificateFiles
from burgeed.server.tls.following import DEGRADED_AT, WARNED_AT
from burgeed.settings import OPTIONS, gather
from tests.support.daemon import REPOSITORY

GUIDE = (REPOSITORY / "docs" / "guides" / "tls.md").read_text()
OF_CLIENTS = {"--address", "--ca", "--cacert", "--cert", "--certificate", "--certificate-key", "--key"}


def block(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_options_it_names_are_there() -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", GUIDE))
    assert named <= {option.flag for option in OPTIONS} | OF_CLIENTS
    assert named >= {option.flag for option in OPTIONS if "tls" in option.name}


def test_its_settings_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "daemon.toml"
    path.write_text(block("toml"))
    settings = gather({"source": ["flags.yaml"], "config": [str(path)]}, {})
    assert settings.tls_client_ca == Path("/etc/burgee/tls/ca.pem") and str(settings.listen) == "0.0.0.0:8016"


def test_its_figures_are_right() -> None:
    assert (WARNED_AT, DEGRADED_AT, POLL) == ((1, 7, 30), 7, 0.5)
    assert Limits().handshake_deadline == 5.0 and Limits().handshakes <= 256
    assert {name: mode.transport for name, mode in MODES.items()} == {
        "standard": "plain",
        "strict": "tls",
        "defense": "mutual-tls",
    }


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here")
def test_the_certificates_it_makes_are_taken(tmp_path: Path) -> None:
    subprocess.run(["sh", "-ec", block("sh")], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    names = [tmp_path / name for name in ("server.pem", "server.key", "ca.pem")]
    certificate = read_certificate(CertificateFiles(*names))
    assert certificate.subject == "CN=server,O=acme" and certificate.covers("localhost")
    assert (tmp_path / "ann.pem").exists()
