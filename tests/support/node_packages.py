"""Packages of npm for tests that run somebody else's JavaScript, installed once on a machine."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.daemon import REPOSITORY

OLDEST_NODE = 20
"""Major version: what `@openfeature/server-sdk` asks for."""

_CACHE = REPOSITORY / ".run" / "node-packages"
_INSTALL_TIME = 100.0


def script_with_packages(script: Path, packages: Path, folder: Path) -> Path:
    """Put a script into ``folder`` as if ``npm ci`` had been run beside it.

    Skips the calling test where there is no Node, and where packages cannot be had; with ``CI=true`` and Node
    at hand it fails then.

    Args:
        script: a JavaScript module.
        packages: a folder with package.json and package-lock.json.
        folder: where the copy goes.
    """
    installed = _installed(packages)
    copy = folder / script.name
    shutil.copy(script, copy)
    shutil.copy(packages / "package.json", folder)
    (folder / "node_modules").symlink_to(installed / "node_modules")
    return copy


def _installed(packages: Path) -> Path:
    _require_node()
    content = b"".join((packages / name).read_bytes() for name in ("package.json", "package-lock.json"))
    place = _CACHE / hashlib.sha256(content).hexdigest()[:16]
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "complete").exists():
            _install(packages, place)
            (place / "complete").touch()
    return place


def _install(packages: Path, place: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(packages / name, place)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        subprocess.run(command, cwd=place, check=True, capture_output=True, text=True, timeout=_INSTALL_TIME)
    except subprocess.CalledProcessError as error:
        errors = [line for line in error.stderr.splitlines() if not line.startswith("npm warn")]
        _cannot(f"npm ci failed: {' '.join(errors[:3])}")
    except subprocess.TimeoutExpired:
        _cannot(f"npm ci did not end within {_INSTALL_TIME:g} s")


def _require_node() -> None:
    if shutil.which("node") is None:
        pytest.skip("Node is not there")
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=30, check=False)
    version = re.match(r"v(\d+)", said.stdout)
    if version is None or int(version[1]) < OLDEST_NODE:
        _cannot(f"Node {OLDEST_NODE} or later is needed, this one is {said.stdout.strip() or 'broken'}")
    if shutil.which("npm") is None:
        _cannot("Node is there, npm is not")


def _cannot(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"Node is there, so this has to run here: {reason}")
    pytest.skip(reason)
