"""The daemon as a process: how it starts, what it serves, what it says."""

from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from burgeed.store.directory import OwnedDirectory
from tests.daemon.runtime.definitions import write
from tests.support.daemon import RunningDaemon, clean_environment, run_command, running_daemon


def test_it_prints_one_line_of_json_with_its_real_addresses(daemon: RunningDaemon) -> None:
    assert set(daemon.line) == {"socket", "http", "management", "pid", "generation"}
    assert daemon.line["management"] is None and daemon.pid == daemon.process.pid
    over_socket, over_tcp = daemon.evaluate("a"), daemon.evaluate("a", over=daemon.http)
    assert over_socket == over_tcp and over_socket["value"] is True
    assert daemon.status()["generation"] == daemon.line["generation"]


def test_standard_output_holds_that_line_and_nothing_more(tmp_path: Path, flags: Path) -> None:
    with running_daemon(tmp_path, "--source", flags, fresh=True) as daemon:
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
        assert daemon.process.stdout is not None and daemon.process.stdout.read() == b""


def test_a_saved_edit_is_served(daemon: RunningDaemon, flags: Path) -> None:
    before = daemon.evaluate("a")["value"]
    write(flags, a="off")
    daemon.wait_until(lambda: daemon.evaluate("a")["value"] is False)
    assert before is True


def test_a_rejected_file_leaves_the_old_generation_and_says_file_line_and_reason_once(
    daemon: RunningDaemon, flags: Path
) -> None:
    before = daemon.status()["generation"]
    flags.write_text('{"flags": {\n  "a": {"defaultVarient": "off"}\n}}')
    daemon.wait_until(lambda: daemon.status()["sources"][0]["state"] == "rejected")
    daemon.signal(signal.SIGHUP)
    daemon.wait_until(lambda: "reading all sources again" in daemon.log)
    daemon.evaluate("a")
    status = daemon.status()
    [fault] = status["sources"][0]["faults"]
    assert status["generation"] == before and daemon.evaluate("a")["value"] is True
    assert (fault["file"], fault["line"]) == (str(flags), 2) and "defaultVarient" in fault["message"]
    assert daemon.log.count(f"{flags}:2:") == 1
    assert status["status"] == "ready"


def test_a_corrected_file_is_served_again(daemon: RunningDaemon, flags: Path) -> None:
    flags.write_text("{")
    daemon.wait_until(lambda: daemon.status()["sources"][0]["state"] == "rejected")
    write(flags, a="off")
    daemon.wait_until(lambda: daemon.evaluate("a")["value"] is False)
    status = daemon.status()["sources"][0]
    assert (status["state"], status["faults"]) == ("live", [])


def test_it_waits_for_a_missing_file_and_is_not_ready_until_it_came(tmp_path: Path) -> None:
    late = tmp_path / "late.json"
    with running_daemon(tmp_path, "--source", late) as daemon:
        ready, evaluation = (
            daemon.request("GET", "/readyz"),
            daemon.request("POST", "/ofrep/v1/evaluate/flags/a", {"context": {}}),
        )
        write(late, a="on")
        daemon.wait_ready()
        assert daemon.evaluate("a")["value"] is True
    assert daemon.line["generation"] is None
    assert (ready.status, evaluation.status, evaluation.headers["Retry-After"]) == (503, 503, "1")
    assert evaluation.document["errorCode"] == "PROVIDER_NOT_READY"
    assert str(late) in str(ready.document["reasons"])


def test_an_optional_source_is_not_waited_for(tmp_path: Path, flags: Path) -> None:
    missing = f"{tmp_path / 'missing.json'},optional=true"
    with running_daemon(tmp_path, "--source", flags, "--source", missing) as daemon:
        assert daemon.request("GET", "/readyz").status == 200


def test_an_optional_source_that_is_there_lies_on_top_from_the_first_answer_on(
    tmp_path: Path, flags: Path
) -> None:
    top = write(tmp_path / "top.json", a="off")
    with running_daemon(tmp_path, "--source", flags, "--source", f"{top},optional=true") as daemon:
        assert daemon.evaluate("a")["value"] is False


def failed_start(tmp_path: Path, *arguments: object, code: int = 1) -> str:
    """What is said by a daemon that does not start."""
    where = ["--socket", tmp_path / "other.sock", "--state-dir", tmp_path / "other", "--listen", "none"]
    ended = run_command("serve", *where, *arguments)
    assert ended.returncode == code and ended.stdout == "" and "Traceback" not in ended.stderr
    return ended.stderr


def test_a_second_daemon_on_the_same_socket_is_refused_and_the_first_serves_on(
    tmp_path: Path, daemon: RunningDaemon, flags: Path
) -> None:
    assert daemon.socket in failed_start(tmp_path, "--source", flags, "--socket", daemon.socket)
    assert daemon.evaluate("a")["value"] is True


def test_a_port_in_use_is_told_and_nothing_is_left_behind(tmp_path: Path, flags: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = failed_start(tmp_path, "--source", flags, "--listen", f"127.0.0.1:{port}")
    assert f"127.0.0.1:{port}" in said and "in use" in said
    assert not (tmp_path / "other.sock").exists()


@pytest.mark.parametrize("option", ["--state-dir", "--runtime-dir"])
def test_a_directory_of_another_daemon_is_refused_by_its_option(
    tmp_path: Path, flags: Path, option: str
) -> None:
    owned = OwnedDirectory(tmp_path / "owned")
    said = failed_start(tmp_path, "--source", flags, option, owned.path)
    owned.release()
    assert option in said and str(owned.path) in said


def test_a_default_state_directory_that_cannot_be_had_is_a_warning(tmp_path: Path, flags: Path) -> None:
    (tmp_path / "file").touch()
    environment = clean_environment(XDG_STATE_HOME=str(tmp_path / "file"), BURGEE_LISTEN="none")
    command = [sys.executable, "-m", "burgeed.cli", "serve", "--source", flags, "--socket", tmp_path / "s"]
    with subprocess.Popen(
        [*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    ) as process:
        assert process.stdout is not None
        watchdog = threading.Timer(30, process.kill)
        watchdog.start()
        line = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=10)
        watchdog.cancel()
    assert process.returncode == 0 and line["generation"] and "no state directory" in log


def test_an_unknown_kind_of_source_is_wrong_usage(tmp_path: Path) -> None:
    assert "ftp" in failed_start(tmp_path, "--source", "ftp://example.com/flags.yaml", code=2)


def test_wrong_settings_are_told_without_starting_anything(tmp_path: Path, flags: Path) -> None:
    said = failed_start(tmp_path, "--source", flags, "--store", "sqlite:", code=2)
    assert "--store" in said and not (tmp_path / "other").exists()


def test_the_socket_has_its_mode_and_its_runtime_directory_is_made_for_the_same_people(
    tmp_path: Path, flags: Path
) -> None:
    runtime = tmp_path / "runtime"
    arguments = ["--source", flags, "--socket-mode", "0660", "--runtime-dir", runtime]
    with running_daemon(tmp_path, *arguments) as daemon:
        mode = stat.S_IMODE(Path(daemon.socket).stat().st_mode)
    assert mode == 0o660 and stat.S_IMODE(runtime.stat().st_mode) == 0o750


def test_the_management_address_serves_health_and_no_evaluation(tmp_path: Path, flags: Path) -> None:
    with running_daemon(tmp_path, "--source", flags, "--management", "127.0.0.1:0") as daemon:
        over: dict[str, Any] = {"over": daemon.management}
        assert daemon.request("GET", "/readyz", **over).status == 200
        assert daemon.request("POST", "/ofrep/v1/evaluate/flags/a", {}, **over).status == 404


def test_fixed_attributes_come_from_the_options(tmp_path: Path) -> None:
    document = {
        "flags": {"a": {"defaultVariant": "off"}},
        "overrides": {"environment": {"production": {"a": "on"}}},
    }
    (tmp_path / "flags.json").write_text(json.dumps(document))
    arguments = ["--source", tmp_path / "flags.json", "--environment", "production"]
    with running_daemon(tmp_path, *arguments) as daemon:
        assert daemon.evaluate("a", {"environment": "staging"})["value"] is True


def test_json_log_lines_are_json_each(tmp_path: Path) -> None:
    faulty = tmp_path / "flags.json"
    faulty.write_text('{"flags": {"a\\u001b[31m": {"x": 1}}}')
    with running_daemon(tmp_path, "--source", faulty, "--log-format", "json") as daemon:
        daemon.signal(signal.SIGTERM)
        daemon.wait()
    lines = [json.loads(line) for line in daemon.log.splitlines()]
    assert {"error", "info"} <= {line["level"] for line in lines} and "\x1b" not in daemon.log
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
