"""examples/javascript, installed and run as the client's head says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.examples.conftest import EXAMPLES
from tests.support.daemon import RunningDaemon, clean_environment
from tests.support.node_packages import script_with_packages

JAVASCRIPT = EXAMPLES / "javascript"


def test_the_javascript_client_shows_each_customers_values(daemon: RunningDaemon, tmp_path: Path) -> None:
    script = script_with_packages(JAVASCRIPT / "client.mjs", JAVASCRIPT, tmp_path)
    done = subprocess.run(
        ["node", script],
        env=clean_environment(OFREP_ENDPOINT=str(daemon.http)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [re.sub(" {2,}", "  ", line) for line in done.stdout.splitlines()] == [
        "c-42 of acme",
        "  new-checkout  true  TARGETING_MATCH organization",
        '  crm-connector  "salesforce"  TARGETING_MATCH organization',
        "  custom-fields-limit  500  TARGETING_MATCH default",
        "  image-quality  0.9  TARGETING_MATCH customer",
        '  single-sign-on  {"saml":true,"oidc":true,"scim":true}  TARGETING_MATCH default',
        '  welcome-message  "Hello."  ERROR',
        "c-77 of globex",
        "  new-checkout  false  DEFAULT default",
        '  crm-connector  "hubspot"  TARGETING_MATCH organization',
        "  custom-fields-limit  75  TARGETING_MATCH customer",
        "  image-quality  0.7  DEFAULT default",
        '  single-sign-on  {"saml":false,"oidc":true,"scim":false}  TARGETING_MATCH default',
        '  welcome-message  "Hello."  ERROR',
    ]


def test_the_examples_packages_are_locked_and_lead_to_nobodys_mirror() -> None:
    lock = (JAVASCRIPT / "package-lock.json").read_text()
    assert '"integrity": "sha512-' in lock
    assert '"resolved"' not in lock
