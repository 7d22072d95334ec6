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
