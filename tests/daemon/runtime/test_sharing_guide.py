"""The guide on sharing snapshots says what the daemon does."""

from __future__ import annotations

import re
import shlex

from burgeed.settings import OPTIONS
from burgeed.store.permissions import Permissions
from burgeed.store.sharing import RETRY
from tests.support.daemon import REPOSITORY

GUIDE = (REPOSITORY / "docs" / "guides" / "sharing-snapshots.md").read_text()


def test_its_table_of_modes_is_right() -> None:
    rows = re.findall(r"^\| `(0\d+)`[^|]*\| `(0\d+)` \| `(0\d+)` \|$", GUIDE, re.MULTILINE)
    assert len(rows) == 3
    for row in rows:
        socket, file, directory = (int(mode, 8) for mode in row)
        permissions = Permissions.of_socket(socket, None)
        assert (permissions.file, permissions.directory) == (file, directory)


def test_the_options_it_names_are_there() -> None:
    known = {option.flag for option in OPTIONS} | {"--output", "--unix-socket"}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", GUIDE))
    assert named <= known and "--sync-token-file" in named


def test_its_seconds_until_the_next_try_are_right() -> None:
    assert f"every {RETRY:g} seconds" in GUIDE


def test_its_commands_of_burgee_are_well_formed() -> None:
    commands = [shlex.split(line) for line in re.findall(r"^\$ (burgee .*)$", GUIDE, re.MULTILINE)]
    assert [command[1] for command in commands] == ["snapshot", "serve", "snapshot"]
