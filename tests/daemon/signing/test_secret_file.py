"""Files of secrets: read only where nobody else can have read them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from burgeed.signing.secret_file import SecretFileUnusable, read_secret, write_new_secret


def test_what_is_written_is_read_and_nobody_else_may(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert write_new_secret(path, b"secret")
    assert read_secret(path) == b"secret" and path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"mine")
    assert not write_new_secret(path, b"secret")
    assert path.read_bytes() == b"mine"
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert not write_new_secret(tmp_path / "link", b"secret") and not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_a_file_that_others_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"secret")
    path.chmod(mode)
    with pytest.raises(SecretFileUnusable, match="chmod 600"):
        read_secret(path)


def test_links_pipes_and_what_is_missing_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "link", "missing"):
        with pytest.raises(SecretFileUnusable, match=name):
            read_secret(tmp_path / name)
    with pytest.raises(SecretFileUnusable, match="cannot be made"):
        write_new_secret(tmp_path / "missing" / "key", b"secret")
