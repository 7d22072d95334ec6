"""The package as others find it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import openfeature.contrib.provider.burgee as package
import pytest

HERE = Path(package.__file__).parent
PROVIDER = HERE.parents[3]
PROJECT = tomllib.loads((PROVIDER.parent / "pyproject.toml").read_text())["project"]


def imported(file: Path) -> set[str]:
    """Topmost names of what a file imports anywhere in it, but of the standard library."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names


def stated(requirements: list[str]) -> set[str]:
    """Distributions that requirements name, as PEP 503 writes them."""
    names = (re.match(r"[\w.-]+", requirement) for requirement in requirements)
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name}


def test_an_application_installs_what_the_provider_and_the_core_import_and_nothing_else() -> None:
    files = [file for file in PROVIDER.rglob("*.py") if file.name != "burgee_pytest.py"]
    names = set().union(*map(imported, files)) - {"burgee"}
    # Two share their namespace with other distributions, some of which the tests have installed.
    shared = {"openfeature": ["openfeature-sdk"], "opentelemetry": ["opentelemetry-api"]}
    known = {**packages_distributions(), **shared}
    needed = stated([known[name][0] for name in names])
    assert needed - stated(PROJECT["optional-dependencies"]["otel"]) == stated(PROJECT["dependencies"])
    assert "aiohttp" not in needed


@pytest.mark.parametrize("above", [1, 2, 3])
def test_the_folders_above_are_a_namespace_that_others_share(above: int) -> None:
    assert not (HERE.parents[above - 1] / "__init__.py").exists()


def test_the_public_names_are_these() -> None:
    assert package.__all__ == ["BurgeeProvider", "Options", "OptionsError"]
    assert all(hasattr(package, name) for name in package.__all__)


def test_asking_over_tcp_imports_no_event_loop_no_tls_no_http_library_and_nothing_that_evaluates() -> None:
    script = (
        "import sys\n"
        "from openfeature.contrib.provider.burgee import BurgeeProvider\n"
        "BurgeeProvider('http://127.0.0.1:9').resolve_boolean_details('flag', False)\n"
        "around = ('asyncio', 'aiohttp', 'http.client', 'ssl', '_hashlib', 'requests', 'tempfile')\n"
        "engine = ('re2', 'mmh3', 'cbor2', 'burgee.flag', 'burgee.snapshot', 'burgee.evaluation')\n"
        "folders = ('burgee.definition.', 'burgee.compiled.', 'burgee.snapshot_bytes.')\n"
        "print([name for name in sys.modules if name in around + engine or name.startswith(folders)])"
    )
    output = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    assert output.stdout.strip() == "[]"
