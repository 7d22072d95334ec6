"""The pytest plugin, in runs of pytest of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.daemon import REPOSITORY, clean_environment

ENTRY_POINT = '[project.entry-points.pytest11]\nburgee = "burgee_pytest"\n'
_PLUGINS = ("asyncio", "aiohttp", "hypothesispytest", "timeout", "anyio", "schemathesis", "xdist")
OTHERS = tuple(option for name in _PLUGINS for option in ("-p", f"no:{name}"))
"""Plugins that are installed for other tests; each run would take a second longer to start for them."""


def run_pytest(folder: Path, test: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one test file by itself."""
    (folder / "test_it.py").write_text(test)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *OTHERS, *arguments, "test_it.py"],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


USING = """
from openfeature import api

def on(key="f", domain=None):
    return api.get_client(domain).get_boolean_value(key, False)

def test_overridden(burgee_flags):
    flags = burgee_flags({"f": True})
    flags["g"] = True
    assert on() and on("g") and list(flags.evaluated) == ["f", "g"]

def test_gone():
    assert not on()

def test_nested_and_for_a_domain(burgee_flags):
    burgee_flags({"f": True})
    burgee_flags({"f": False})
    burgee_flags({"f": True}, domain="billing")
    assert (on(), on(domain="billing")) == (False, True)
"""


def test_a_test_that_asks_for_the_fixture_has_its_flags_overridden_until_it_ends(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, USING)
    assert (done.returncode, done.stdout.splitlines()[-1][:8]) == (0, "3 passed"), done.stdout


STRICT = """
from openfeature import api

def test_typo(burgee_flags):
    burgee_flags({"new-checkout": True}, strict=True)
    api.get_client().get_boolean_value("new-chekout", False)

def test_broken(burgee_flags):
    burgee_flags({"f": True})
    raise ZeroDivisionError

def test_next():
    assert api.get_client().get_boolean_value("f", False) is False
"""


def test_a_typo_fails_a_strict_run_and_failing_tests_leave_nothing_behind(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, STRICT)
    assert done.returncode == 1
    assert "'new-chekout' (did you mean 'new-checkout'?)" in done.stdout
    assert re.search(r"1 failed, 2 passed, 1 error", done.stdout.splitlines()[-1]), done.stdout


NOT_USING = """
import sys

def test_nothing():
    loaded = {name.split(".")[0] for name in sys.modules}
    assert not loaded & {"burgee", "openfeature", "mmh3", "re2", "orjson"}
    assert "burgee_pytest" in loaded
"""


def test_a_run_that_does_not_use_it_imports_nothing_of_burgee(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, NOT_USING)
    assert done.returncode == 0, done.stdout


WITHOUT = """
import sys

def test_nothing():
    assert "burgee_pytest" not in sys.modules

def test_it(burgee_flags):
    pass
"""


def test_a_run_without_the_plugin_is_one_without_the_fixture(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, WITHOUT, "-p", "no:burgee")
    assert "fixture 'burgee_flags' not found" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 passed, 1 error"), done.stdout


def test_the_plugin_is_announced_to_pytest_and_packed_into_the_wheel() -> None:
    project = (REPOSITORY / "pyproject.toml").read_text()
    assert ENTRY_POINT in project
    assert '"provider/burgee_pytest.py"' in project
