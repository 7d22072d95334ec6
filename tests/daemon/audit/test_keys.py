"""Keys: read where they are safe, made where there are none, shown nowhere."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from burgeed.audit.errors import KeyUnusable, Undecryptable
from burgeed.audit.key_file import MASTER_CREDENTIAL, MASTER_FILE, SIGNING_FILE, read_key
from burgeed.audit.keys import MasterKey, open_keys, open_masters


def key_file(path: Path, content: bytes = b"k" * 32, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_the_first_start_makes_keys_for_their_owner_alone_and_the_next_ones_take_them(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first, second = open_keys(state, {}), open_keys(state, {})
    assert first.master.master_id == second.master.master_id and first.signing.public == second.signing.public
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in state.iterdir()}
    assert modes == {MASTER_FILE: 0o600, SIGNING_FILE: 0o600}


@pytest.mark.parametrize("content", [b"k" * 32, (b"k" * 32).hex().encode() + b"\n"])
def test_a_key_is_32_bytes_or_hexadecimal(tmp_path: Path, content: bytes) -> None:
    assert read_key(key_file(tmp_path / "key", content)) == b"k" * 32


@pytest.mark.parametrize("content", [b"", b"k" * 31, b"k" * 33, b"zz" * 32, b"\xff" * 64, b"k" * 1000])
def test_anything_else_is_no_key_and_is_not_shown(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(KeyUnusable) as refused:
        read_key(key_file(tmp_path / "key", content))
    assert "kkk" not in str(refused.value) and "zz" not in str(refused.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o777])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(KeyUnusable, match="open to others"):
        read_key(key_file(tmp_path / "key", mode=mode))


def test_a_link_a_directory_and_a_pipe_are_no_keys(tmp_path: Path) -> None:
    key = key_file(tmp_path / "key")
    (tmp_path / "link").symlink_to(key)
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("link", "directory", "pipe", "missing"):
        with pytest.raises(KeyUnusable):
            read_key(tmp_path / name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_key_of_another_user_is_refused(tmp_path: Path) -> None:
    key = key_file(tmp_path / "key")
    os.chown(key, 65534, 65534)
    with pytest.raises(KeyUnusable, match="belongs to uid 65534"):
        read_key(key)


def test_a_credential_of_systemd_beats_the_state_directory_and_a_named_file_beats_both(
    tmp_path: Path,
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    key_file(credentials / MASTER_CREDENTIAL, b"c" * 32, 0o440)
    environment = {"CREDENTIALS_DIRECTORY": str(credentials)}
    given = open_keys(tmp_path / "state", environment)
    assert given.master.master_id == MasterKey(b"c" * 32).master_id
    assert not (tmp_path / "state" / MASTER_FILE).exists()
    named = key_file(tmp_path / "named", b"n" * 32)
    assert (
        open_keys(tmp_path, environment, master_file=named).master.master_id == MasterKey(b"n" * 32).master_id
    )


def test_a_named_file_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="cannot be opened"):
        open_keys(tmp_path, {}, master_file=tmp_path / "named")
    with pytest.raises(KeyUnusable):
        open_masters(tmp_path / "none", {})
    assert not (tmp_path / "named").exists() and not (tmp_path / "none").exists()


def test_a_wrapped_key_is_bound_to_what_it_is_for() -> None:
    master = MasterKey(b"k" * 32)
    wrapped = master.wrap(b"d" * 32, b"segment 1")
    assert master.unwrap(wrapped, b"segment 1") == b"d" * 32
    for data, purpose in ((wrapped, b"segment 2"), (wrapped[:-1], b"segment 1"), (b"", b"segment 1")):
        with pytest.raises(Undecryptable):
            master.unwrap(data, purpose)


def test_no_key_shows_in_its_repr(tmp_path: Path) -> None:
    keys = open_keys(tmp_path, {})
    for name in (MASTER_FILE, SIGNING_FILE):
        assert (tmp_path / name).read_text().strip() not in repr(keys)


def test_a_daemon_without_a_store_does_not_load_the_cryptography_library() -> None:
    loaded = "import burgeed.cli.serving, burgeed.runtime.serving, sys; print('cryptography' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"
