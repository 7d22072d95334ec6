"""The package as others find it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import openfeature.contrib.provider.burgee as package
import pytest

HERE = Path(package.__file__).parent


@pytest.mark.parametrize("above", [1, 2, 3])
def test_the_folders_above_are_a_namespace_that_others_share(above: int) -> None:
    assert not (HERE.parents[above - 1] / "__init__.py").exists()


def test_the_public_names_are_these() -> None:
    assert package.__all__ == ["BurgeeProvider", "Options"]
    assert all(hasattr(package, name) for name in package.__all__)


def test_asking_without_tls_imports_neither_an_event_loop_nor_tls_nor_an_http_library() -> None:
    script = (
        "import sys\n"
        "from openfeature.contrib.provider.burgee import BurgeeProvider\n"
        "BurgeeProvider('http://127.0.0.1:9').resolve_boolean_details('flag', False)\n"
        "unwanted = ('asyncio', 'aiohttp', 'http.client', 'ssl', 'requests')\n"
        "print([name for name in unwanted if name in sys.modules])"
    )
    output = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    assert output.stdout.strip() == "[]"
