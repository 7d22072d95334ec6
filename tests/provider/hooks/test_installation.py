"""Without OpenTelemetry the provider is whole, and the hooks say what to install."""

from __future__ import annotations

import subprocess
import sys

from tests.support.daemon import clean_environment

WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(),
        check=False,
    )


def test_the_provider_needs_no_opentelemetry_and_imports_none() -> None:
    made = (
        "from openfeature.contrib.provider.burgee import BurgeeProvider\nBurgeeProvider('unix:///x.sock')\n"
    )
    assert run(WITHOUT + made + "print('made')").stdout == "made\n"
    seen = run(made + "import sys\nprint([name for name in sys.modules if name.startswith('opentelemetry')])")
    assert seen.stdout == "[]\n"


def test_the_hooks_without_opentelemetry_name_the_extra() -> None:
    ended = run(WITHOUT + "import openfeature.contrib.provider.burgee.hooks")
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("ImportError: ") and "pip install 'burgee[otel]'" in last
