"""The house: what may import what, what is public, what is documented; and that these rules can be broken."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from burgeed.settings import OPTIONS, Option
from tests.support.daemon import REPOSITORY, clean_environment
from tests.support.import_graph import cycle

ROOTS = ("provider", "daemon")
NAMESPACE = REPOSITORY / "provider" / "openfeature"
RUFF = (sys.executable, "-m", "ruff")
PUBLIC = ("burgee", "openfeature.contrib.provider.burgee")

IMPORT_EACH = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
"""

PLANTED = {
    "provider/burgee/planted.py": "import socket\n",
    "provider/burgee/wire/planted.py": "import burgee.testing\n",
    "provider/openfeature/contrib/provider/burgee/planted.py": "import burgeed.clock\n",
    "daemon/burgeed/settings/planted.py": "import burgeed.store.layers\n",
    "daemon/burgeed/store/planted.py": "import yaml\n",
}
"""One offence against each contract."""


def modules() -> dict[str, Path]:
    """Every module of the three packages with its file, but for those that run something when imported."""
    names = {}
    for root in ROOTS:
        for path in sorted((REPOSITORY / root).rglob("*.py")):
            parts = list(path.relative_to(REPOSITORY / root).with_suffix("").parts)
            if parts[-1] == "__init__":
                parts.pop()
            if parts[-1] != "__main__":
                names[".".join(parts)] = path
    return names


def lint_imports(where: Path) -> subprocess.CompletedProcess[str]:
    """import-linter's judgement on a tree."""
    environment = clean_environment(PYTHONPATH=os.pathsep.join(str(where / root) for root in ROOTS))
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=where,
        env={**environment, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def contracts() -> list[str]:
    """The contracts' names as the project file has them."""
    return re.findall(
        r'^\[\[tool\.importlinter\.contracts\]\]\nid = .*\nname = "(.*)"$',
        (REPOSITORY / "pyproject.toml").read_text(),
        re.MULTILINE,
    )


def test_the_namespace_belongs_to_openfeature() -> None:
    above = (NAMESPACE, NAMESPACE / "contrib", NAMESPACE / "contrib" / "provider")
    assert [path for path in above if not path.is_dir() or (path / "__init__.py").exists()] == []


def test_every_module_can_be_imported() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH, *modules()],
        capture_output=True,
        text=True,
        timeout=100,
        env=clean_environment(),
        check=False,
    )
    assert len(modules()) > 400 and ended.returncode == 0, ended


def test_no_modules_import_one_another_in_a_ring() -> None:
    assert cycle(modules()) == []


def test_a_ring_of_imports_is_found(tmp_path: Path) -> None:
    for name, text in (
        ("a", "from .b import x\n"),
        ("b", "if True:\n    import p.c\n"),
        ("c", "from p import a\n"),
    ):
        (tmp_path / f"{name}.py").write_text(text)
    files = {f"p.{name}": tmp_path / f"{name}.py" for name in "abc"}
    assert set(cycle(files)) == set(files)


def test_no_module_has_a_name_that_says_nothing() -> None:
    words = {word for name in modules() for part in name.split(".") for word in part.split("_")}
    assert not words & {"manager", "helper", "helpers", "util", "utils", "impl", "common", "misc"}


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_listed_in_order_and_nothing_else_is_public(name: str) -> None:
    module = importlib.import_module(name)
    listed = list(module.__all__)
    for key in listed:
        getattr(module, key)  # some are imported when they are first used
    seen = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and not isinstance(value, ModuleType) and key != "annotations"
    }
    assert len(set(listed)) == len(listed) and seen == {key for key in listed if not key.startswith("_")}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_setting_is_documented_in_the_readme(option: Option) -> None:
    assert re.search(rf"`{re.escape(option.flag)}\b", (REPOSITORY / "README.md").read_text())


def test_the_contracts_on_imports_hold() -> None:
    ended = lint_imports(REPOSITORY)
    assert ended.returncode == 0, ended.stdout
    assert len(contracts()) >= 4 and all(f"{name} KEPT" in ended.stdout for name in contracts())


def test_every_contract_on_imports_can_break(tmp_path: Path) -> None:
    for root in ROOTS:
        shutil.copytree(REPOSITORY / root, tmp_path / root, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    for path, offence in PLANTED.items():
        (tmp_path / path).write_text(offence)
    ended = lint_imports(tmp_path)
    assert ended.returncode == 1
    assert [name for name in contracts() if f"{name} BROKEN" not in ended.stdout] == [], ended.stdout


def test_a_stray_module_of_the_daemon_breaks_its_floors(tmp_path: Path) -> None:
    for root in ROOTS:
        shutil.copytree(REPOSITORY / root, tmp_path / root, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    (tmp_path / "daemon" / "burgeed" / "stray.py").touch()
    ended = lint_imports(tmp_path)
    assert ended.returncode == 1 and "stray" in ended.stdout


@pytest.mark.parametrize(
    "offence",
    [
        "import time\n\nNOW = time.time()\n",
        "import asyncio\n\nWAIT = asyncio.sleep(1)\n",
        "import datetime\n\nNOW = datetime.datetime.now()\n",
        "import random\n\nCHANCE = random.random()\n",
    ],
)
def test_time_and_chance_outside_the_seam_are_refused(offence: str) -> None:
    ended = subprocess.run(
        [*RUFF, "check", "--no-cache", "--stdin-filename", "daemon/burgeed/store/planted.py", "-"],
        input=offence,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1 and "TID251" in ended.stdout


@pytest.mark.parametrize(
    "script",
    ["scripts/run", "scripts/test", "scripts/test-long", "scripts/lint", "scripts/bench", ".ci/run"],
)
def test_scripts_are_executable_and_stop_at_the_first_error(script: str) -> None:
    path = REPOSITORY / script
    assert os.access(path, os.X_OK) and "\nset -euo pipefail\n" in path.read_text()
