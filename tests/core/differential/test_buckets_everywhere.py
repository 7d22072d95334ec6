"""Buckets are the same in every process, whatever PYTHONHASHSEED, and in every Python that is there."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import REPOSITORY

SCRIPT = Path(__file__).with_name("bucket_answers.py")
VECTORS = REPOSITORY / "tests" / "vectors" / "buckets.json"
ANSWERS = {
    "fractional 2": "ccc3b4987fa4403567778ce9d3c13bd7e844967749539eca521f0920e0f3c9bd",
    "fractional 3": "0997e9bc5f601cbff74214e1240dd508a78cad98f05323cd1fb69e291352c370",
}
"""What every run has to say: a change of it moves everyone's users to other buckets."""


def said(python: str, hash_seed: str) -> dict[str, Any]:
    """What a child says."""
    provider = importlib.util.find_spec("burgee")
    assert provider is not None
    assert provider.origin is not None
    path = str(Path(provider.origin).parents[1])
    environment = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": path, "PATH": os.environ["PATH"]}
    command = [python, str(SCRIPT), str(VECTORS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("hash_seed", ["0", "1", "42", "4294967295", "random"])
def test_buckets_do_not_depend_on_the_hash_seed(hash_seed: str) -> None:
    answer = said(sys.executable, hash_seed)
    assert answer["wrong"] == []
    assert answer["vectors"] > 10
    assert {name: answer[name] for name in ANSWERS} == ANSWERS


@pytest.mark.long
def test_buckets_are_the_same_in_every_other_python() -> None:
    """The Pythons of ``BURGEE_PYTHONS``, each with our dependencies; ``scripts/engine-long`` makes them."""
    pythons = os.environ.get("BURGEE_PYTHONS", "").split()
    if not pythons:
        pytest.skip("BURGEE_PYTHONS names no other Python: run scripts/engine-long")
    for python in pythons:
        answer = said(python, "random")
        assert answer["wrong"] == [], python
        assert {name: answer[name] for name in ANSWERS} == ANSWERS, python
