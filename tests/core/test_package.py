"""The names that the core's package gives: each is imported when it is first used, none before."""

from __future__ import annotations

import subprocess
import sys

import pytest

import burgee


def test_every_public_name_can_be_had() -> None:
    assert [name for name in burgee.__all__ if getattr(burgee, name, None) is None] == []


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'evaluat'"):
        _ = burgee.evaluat  # type: ignore[attr-defined]


def test_importing_the_package_imports_no_reader_of_definitions() -> None:
    program = "import sys, burgee; print([name for name in sys.modules if name.startswith('burgee.')])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
