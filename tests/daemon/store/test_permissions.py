"""Who may read what is shared: exactly those whom the socket lets connect."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgeed.store.directory import OwnedDirectory
from burgeed.store.permissions import Permissions


@pytest.mark.parametrize(
    ("socket_mode", "file", "directory"),
    [
        (0o600, 0o600, 0o700),
        (0o660, 0o640, 0o750),
        (0o620, 0o640, 0o750),
        (0o606, 0o604, 0o705),
        (0o666, 0o644, 0o755),
        (0o777, 0o644, 0o755),
        (0o655, 0o600, 0o700),
    ],
)
def test_bits_for_each_kind_of_socket(socket_mode: int, file: int, directory: int) -> None:
    permissions = Permissions.of_socket(socket_mode, None)
    assert (permissions.file, permissions.directory) == (file, directory)


@given(st.integers(0o600, 0o777))
def test_nobody_else_may_ever_write(socket_mode: int) -> None:
    permissions = Permissions.of_socket(socket_mode, None)
    assert not (permissions.file | permissions.directory) & 0o022
    for who in (3, 0):
        may_connect = bool(socket_mode >> who & 2)
        assert bool(permissions.file >> who & 4) == may_connect
        assert permissions.directory >> who & 7 == (5 if may_connect else 0)


def test_a_directory_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.mkdir(mode=0o711)
    Permissions.of_socket(0o660, None).make_directory(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o711


def test_nobody_else_may_write_to_what_leads_to_a_directory_that_is_made_whatever_the_umask(
    tmp_path: Path,
) -> None:
    before = os.umask(0)
    try:
        OwnedDirectory(tmp_path / "one" / "two" / "state").release()
    finally:
        os.umask(before)
    made = [tmp_path / "one", tmp_path / "one" / "two", tmp_path / "one" / "two" / "state"]
    assert [stat.S_IMODE(each.stat().st_mode) for each in made] == [0o755, 0o755, 0o700]


def test_a_directory_is_made_for_those_who_may_connect_and_its_parents_for_the_owner(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two"
    old = os.umask(0o077)
    try:
        Permissions.of_socket(0o666, None).make_directory(path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_directory_that_hands_its_group_on_goes_on_doing_so(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o2770)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    Permissions.of_socket(0o660, None).give(descriptor, 0o750)
    os.close(descriptor)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o2750


def test_the_group_is_the_sockets(tmp_path: Path) -> None:
    group = 4242 if os.geteuid() == 0 else os.getgroups()[-1]
    path = tmp_path / "shared"
    Permissions.of_socket(0o660, group).make_directory(path)
    assert path.stat().st_gid == group
