"""One Unix socket, one owner, and nobody else's way in."""

from __future__ import annotations

import gc
import grp
import os
import socket
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from burgeed.server.unix_socket import ListenError, OwnedUnixSocket, UnixAddress

ROOT = Path(__file__).parents[3]

DAEMON = textwrap.dedent(
    """
    import os, sys
    from pathlib import Path
    from burgeed.server.unix_socket import ListenError, OwnedUnixSocket, UnixAddress
    sys.stdin.readline()
    try:
        owned = OwnedUnixSocket(UnixAddress(Path(sys.argv[1])))
    except ListenError as error:
        print("refused", error, flush=True)
        sys.exit(0)
    print("owner", flush=True)
    while connection := owned.socket.accept()[0] if owned.socket.setblocking(True) is None else None:
        connection.sendall(str(os.getpid()).encode())
        connection.close()
    """
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "burgee.sock"


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def start_daemon(path: Path, processes: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    """A process that waits for a line and then tries to own the path."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'provider'}{os.pathsep}{ROOT / 'daemon'}"}
    process = subprocess.Popen(
        [sys.executable, "-c", DAEMON, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    processes.append(process)
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def who_answers(path: Path) -> int:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(path))
        return int(client.recv(100))


def test_of_daemons_that_start_at_once_exactly_one_owns_the_socket(
    path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    for _ in range(5):
        racing = [start_daemon(path, processes) for _ in range(4)]
        for process in racing:
            go(process)
        answers = [said(process) for process in racing]
        owners = [process for process, answer in zip(racing, answers, strict=True) if answer == "owner\n"]
        assert len(owners) == 1, answers
        [owner] = owners
        assert who_answers(path) == owner.pid
        assert sum("another daemon" in answer for answer in answers) == 3
        owner.kill()
        owner.wait()


def test_a_live_daemon_s_socket_is_never_taken(path: Path, processes: list[subprocess.Popen[str]]) -> None:
    owner = start_daemon(path, processes)
    go(owner)
    assert said(owner) == "owner\n"
    with pytest.raises(ListenError) as raised:
        OwnedUnixSocket(UnixAddress(path))
    assert f"process {owner.pid}" in str(raised.value)
    assert f"{path}.lock" in str(raised.value)
    assert who_answers(path) == owner.pid


def test_the_socket_of_a_killed_daemon_is_replaced(
    path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    owner = start_daemon(path, processes)
    go(owner)
    assert said(owner) == "owner\n"
    before = path.lstat().st_ino
    owner.kill()
    owner.wait()
    assert path.exists()
    owned = OwnedUnixSocket(UnixAddress(path))
    assert path.lstat().st_ino != before
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    owned.release()
    assert not path.exists()


def test_a_socket_that_something_without_our_lock_serves_is_not_taken(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen(0)
        for _ in range(3):  # The first probe fills the queue of connections; the others find it full.
            with pytest.raises(ListenError, match="served by another process"):
                OwnedUnixSocket(UnixAddress(path))


@pytest.mark.parametrize("kind", ["file", "directory", "link"])
def test_what_is_not_a_socket_is_not_replaced(path: Path, kind: str) -> None:
    path.parent.mkdir(mode=0o700)
    if kind == "file":
        path.write_text("precious")
    elif kind == "directory":
        path.mkdir()
    else:
        path.symlink_to("elsewhere")
    with pytest.raises(ListenError, match="is not a socket"):
        OwnedUnixSocket(UnixAddress(path))
    assert path.is_symlink() or path.exists()
    assert sorted(each.name for each in path.parent.iterdir()) == ["burgee.sock", "burgee.sock.lock"]


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_mode_is_the_one_asked_for_whatever_the_umask(path: Path, mode: int, umask: int) -> None:
    before = os.umask(umask)
    try:
        owned = OwnedUnixSocket(UnixAddress(path, mode))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.lstat().st_mode) == mode
    assert stat.S_IMODE((path.parent / "burgee.sock.lock").lstat().st_mode) == 0o600 & ~umask
    owned.release()


def test_a_missing_directory_is_made_for_its_owner_alone(path: Path) -> None:
    owned = OwnedUnixSocket(UnixAddress(path))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    owned.release()


def test_the_group_is_the_one_asked_for(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give a file to a group that it is not in")
    group = next(each for each in grp.getgrall() if each.gr_gid not in (0, os.getegid()))
    for name in (group.gr_name, str(group.gr_gid)):
        owned = OwnedUnixSocket(UnixAddress(path, 0o660, name))
        assert path.lstat().st_gid == group.gr_gid
        owned.release()


def test_an_unknown_group_is_named(path: Path) -> None:
    with pytest.raises(ListenError, match="no group 'no-such-group'"):
        OwnedUnixSocket(UnixAddress(path, group="no-such-group"))


@pytest.mark.parametrize(("mode", "allowed"), [(0o777, False), (0o770, False), (0o1777, True), (0o755, True)])
def test_a_directory_that_others_can_write_to_is_refused_unless_sticky(
    path: Path, mode: int, allowed: bool
) -> None:
    path.parent.mkdir()
    path.parent.chmod(mode)
    if allowed:
        OwnedUnixSocket(UnixAddress(path)).release()
    else:
        with pytest.raises(ListenError, match=f"can be written to by others \\(mode {mode:04o}\\)"):
            OwnedUnixSocket(UnixAddress(path))
        assert list(path.parent.iterdir()) == []


def test_a_directory_of_another_user_is_refused(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give a directory away")
    path.parent.mkdir(mode=0o700)
    os.chown(path.parent, 12345, -1)
    with pytest.raises(ListenError, match="belongs to another user"):
        OwnedUnixSocket(UnixAddress(path))


def test_a_directory_that_is_a_link_is_refused(path: Path) -> None:
    (path.parent.parent / "real").mkdir(mode=0o700)
    path.parent.symlink_to("real")
    with pytest.raises(ListenError, match="is a symbolic link"):
        OwnedUnixSocket(UnixAddress(path))


def test_a_planted_lock_is_not_followed(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    victim = path.parent.parent / "victim"
    victim.write_text("precious")
    (path.parent / "burgee.sock.lock").symlink_to(victim)
    with pytest.raises(ListenError, match=r"lock is a symbolic link"):
        OwnedUnixSocket(UnixAddress(path))
    assert victim.read_text() == "precious"


def test_a_lock_that_is_a_pipe_is_refused_and_not_waited_for(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    os.mkfifo(path.parent / "burgee.sock.lock")
    with pytest.raises(ListenError, match="is not a file"):
        OwnedUnixSocket(UnixAddress(path))


@pytest.mark.parametrize(("length", "allowed"), [(107, True), (108, False)])
def test_a_path_has_at_most_107_bytes(length: int, allowed: bool) -> None:
    directory = Path(os.path.realpath("/tmp")) / f"burgee-{os.getpid()}"
    directory.mkdir(mode=0o700)
    name = "ö" + "s" * (length - len(os.fsencode(directory)) - 3)
    path = directory / name
    assert len(os.fsencode(path)) == length
    try:
        if allowed:
            owned = OwnedUnixSocket(UnixAddress(path))
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
            owned.release()
        else:
            with pytest.raises(ListenError, match="over 107 bytes"):
                OwnedUnixSocket(UnixAddress(path))
    finally:
        for left in directory.iterdir():
            left.unlink()
        directory.rmdir()


def test_a_socket_that_is_no_longer_ours_stays(path: Path) -> None:
    owned = OwnedUnixSocket(UnixAddress(path))
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        owned.release()
        assert path.exists()


def test_releasing_leaves_the_lock_file_and_a_second_owner_can_come(path: Path) -> None:
    for _ in range(3):
        owned = OwnedUnixSocket(UnixAddress(path))
        with pytest.raises(ListenError, match=f"process {os.getpid()}"):
            OwnedUnixSocket(UnixAddress(path))
        owned.release()
        assert [each.name for each in path.parent.iterdir()] == ["burgee.sock.lock"]


def test_a_failure_leaves_no_open_file_behind(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_text("precious")
    gc.collect()  # what tests before left open is closed now, not meanwhile
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        with pytest.raises(ListenError):
            OwnedUnixSocket(UnixAddress(path))
    assert len(os.listdir("/proc/self/fd")) <= before
