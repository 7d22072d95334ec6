"""Where the daemon is looked for, and what is said where nobody is there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.exception import ErrorCode

from tests.provider.conftest import Caller
from tests.support.fake_daemon import FakeDaemon, running


@pytest.fixture
def nowhere(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "burgee.sock"


def says(address: str, caller: Caller, **options: Any) -> str:
    """The message of an evaluation that cannot reach its daemon."""
    provider = BurgeeProvider(address, **options)
    details = caller.resolve(provider, default_value="mine", flag_type="string")
    assert (details.value, details.error_code) == ("mine", ErrorCode.PROVIDER_NOT_READY)
    provider.shutdown()
    return details.error_message or ""


def test_a_missing_socket_is_named(nowhere: Path, caller: Caller) -> None:
    assert (
        says(f"unix://{nowhere}", caller)
        == f"unix://{nowhere}: there is no such socket; is the daemon running?"
    )


def test_a_file_that_is_no_socket_is_named(nowhere: Path, caller: Caller) -> None:
    nowhere.write_text("not a socket")
    assert "not a socket" in says(f"unix://{nowhere}", caller)


def test_a_socket_of_a_dead_daemon_is_named(nowhere: Path, caller: Caller) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(nowhere))
    assert "nobody listens behind the socket" in says(f"unix://{nowhere}", caller)


def test_a_datagram_socket_is_named(nowhere: Path, caller: Caller) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(nowhere))
        assert "not a stream socket" in says(f"unix://{nowhere}", caller)


def test_a_path_through_a_file_is_named(nowhere: Path, caller: Caller) -> None:
    nowhere.write_text("")
    assert "no directory" in says(f"unix://{nowhere}/burgee.sock", caller)


def test_a_port_where_nobody_listens_is_named(caller: Caller) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert "nobody listens there" in says(f"http://127.0.0.1:{port}", caller)


def test_an_unknown_name_is_named(caller: Caller) -> None:
    message = says("http://no-such-host.invalid:8016", caller, deadline=20)
    assert "no-such-host.invalid" in message
    assert "unknown" in message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_socket_that_one_may_not_use_is_named(unix_daemon: FakeDaemon, tmp_path: Path) -> None:
    assert unix_daemon.path is not None
    os.chmod(unix_daemon.path, 0o600)
    script = (
        "import asyncio, os, sys\n"
        "from openfeature.contrib.provider.burgee import BurgeeProvider\n"
        "provider = BurgeeProvider(sys.argv[1])\n"
        "asyncio\n"
        "os.chdir(sys.argv[2])\n"
        "os.setresuid(65534, 65534, 65534)\n"
        "print(provider.resolve_boolean_details('f', False).error_message)\n"
        "print(asyncio.run(provider.resolve_boolean_details_async('f', False)).error_message)\n"
    )
    for directory in [tmp_path, *tmp_path.parents][:4]:
        if directory != Path("/tmp"):
            os.chmod(directory, 0o755)
    # asynchronous.py is imported late, so the path has to be open to that user as well.
    output = subprocess.run(
        [sys.executable, "-c", script, unix_daemon.address, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout.splitlines()
    assert len(output) == 2
    assert all("permission denied for user 65534" in line and "--socket-mode" in line for line in output)


def test_the_search_takes_the_first_daemon_that_listens(
    tmp_path: Path, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BURGEE_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "burgee").mkdir()
    with running(FakeDaemon(str(tmp_path / "burgee" / "burgee.sock"))) as fake:
        provider = BurgeeProvider()
        assert caller.resolve(provider).value is True
        assert len(fake.requests) == 1
        provider.shutdown()


def test_a_search_in_vain_names_every_place(
    tmp_path: Path, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BURGEE_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    provider = BurgeeProvider()
    details = caller.resolve(provider)
    if details.error_code is None:
        pytest.skip("a daemon runs at the default address of this machine")
    message = details.error_message or ""
    assert message.startswith("no daemon found: ")
    for place in (f"unix://{tmp_path}/burgee/burgee.sock", "unix:///run/burgee", "http://127.0.0.1:8016"):
        assert place in message


def test_localhost_means_this_machine_without_asking_any_name_server(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("looked up")

    with running(FakeDaemon()) as fake:
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        provider = BurgeeProvider(f"http://localhost:{fake.port}")
        assert caller.resolve(provider).value is True
        provider.shutdown()


def test_a_host_name_is_looked_up(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(host: str, port: int, **options: object) -> list[Any]:
        assert host == "burgee.pod"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with running(FakeDaemon()) as fake:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        provider = BurgeeProvider(f"http://burgee.pod:{fake.port}")
        assert caller.resolve(provider).value is True
        assert fake.requests[0].headers["host"] == f"burgee.pod:{fake.port}"
        provider.shutdown()
