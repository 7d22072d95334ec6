"""`burgee up`, `serve`, `health`, `ready`, and what all commands have in common."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from burgeed.cli.session import ExitCode
from tests.daemon.cli.running import Ended, succeeded
from tests.daemon.cli.terminal import Terminal
from tests.support.daemon import RunningDaemon, clean_environment, run_command, running_daemon


def test_health_and_ready_end_with_0_when_they_are(daemon: RunningDaemon) -> None:
    for command, word in (("health", "alive"), ("ready", "ready")):
        assert succeeded(command, "--socket", daemon.socket) == f"{word}\n"
        assert json.loads(succeeded(command, "--socket", daemon.socket, "--json"))["status"] == word


def test_ready_ends_with_1_and_the_reason_while_a_source_is_missing(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    with running_daemon(tmp_path, "--source", missing) as daemon:
        ready = run_command("ready", "--socket", daemon.socket)
        health = run_command("health", "--socket", daemon.socket)
    assert ready.returncode == 1 and ready.stdout.startswith("not ready\n") and str(missing) in ready.stdout
    assert health.returncode == 0


def test_up_without_a_file_serves_the_sample(tmp_path: Path) -> None:
    with running_daemon(tmp_path, "up") as daemon:
        assert daemon.evaluate("new-checkout", {"organization": "acme"})["value"] is True


def test_up_takes_files_as_layers_below_those_of_the_option(tmp_path: Path, definition: Path) -> None:
    tops = []
    for name, variant in (("second", "off"), ("third", "on")):
        tops.append(tmp_path / f"{name}.yaml")
        tops[-1].write_text(f"overrides: {{customer: {{c-42: {{new-checkout: {variant}}}}}}}\n")
    with running_daemon(tmp_path, "up", definition, tops[0], "--source", tops[1]) as daemon:
        assert daemon.evaluate("new-checkout", {"customer": "c-42"})["value"] is True
        assert [source["name"] for source in daemon.status()["sources"]] == [
            *(str(path) for path in (definition, *tops)),
            "admin",
        ]


def test_up_tells_a_person_a_curl_line_and_a_snippet_that_work(tmp_path: Path) -> None:
    where = ["--socket", tmp_path / "b.sock", "--state-dir", tmp_path / "state", "--listen", "127.0.0.1:0"]
    with Terminal("up", *where) as terminal:
        shown = terminal.read_until(lambda output: "Ctrl-C ends." in output).replace("\r\n", "\n")
        [curl] = re.findall(r"^  (curl .*)$", shown, re.MULTILINE)
        by_curl = subprocess.run(shlex.split(curl), capture_output=True, timeout=30, check=True)
        program = re.search(r"^from openfeature import api$.*?^api\.shutdown\(\)$", shown, re.M | re.S)
        assert program is not None
        by_snippet = subprocess.run(
            [sys.executable, "-c", program[0]], capture_output=True, text=True, timeout=60, check=False
        )
        terminal.process.send_signal(signal.SIGINT)
        code = terminal.end()
    assert json.loads(by_curl.stdout)["value"] is True
    assert by_snippet.stdout == "True\n", by_snippet.stderr
    assert code == 0


def test_up_piped_prints_its_line_and_no_hints(tmp_path: Path) -> None:
    with running_daemon(tmp_path, "up") as daemon:
        daemon.signal(signal.SIGTERM)
        daemon.wait()
        assert "curl" not in daemon.log


def test_serve_without_a_source_is_wrong_usage(burgee: Callable[..., Ended]) -> None:
    ended = burgee("serve")
    assert ended.returncode == 2 and "--source" in ended.stderr


@pytest.mark.parametrize("command", ["up", "serve", "check", "eval", "explain", "health", "ready"])
def test_every_command_explains_itself(burgee: Callable[..., Ended], command: str) -> None:
    everything, alone = burgee("--help"), burgee(command, "--help")
    assert f"  {command} " in everything.stdout and f"Usage: burgee {command}" in alone.stdout


def test_help_documents_the_exit_codes(burgee: Callable[..., Ended]) -> None:
    said = burgee("--help").stdout.replace("\n", " ")
    assert all(f" {code.value} " in said for code in ExitCode)


def test_an_unknown_command_is_wrong_usage(burgee: Callable[..., Ended]) -> None:
    ended = burgee("frobnicate")
    assert ended.returncode == 2 and "frobnicate" in ended.stderr


def test_a_mistyped_command_is_told_the_one_that_was_meant(burgee: Callable[..., Ended]) -> None:
    ended = burgee("chekc")
    assert ended.returncode == 2 and "Did you mean 'check'?" in ended.stderr


def test_lists_of_commands_say_whole_sentences(burgee: Callable[..., Ended]) -> None:
    for group in ("", "flag", "override", "token", "audit", "bundle"):
        assert "..." not in burgee(*group.split(), "--help").stdout.partition("Commands:")[2]


def test_without_what_the_daemon_needs_the_command_says_what_to_install() -> None:
    program = "import sys; sys.modules['click'] = None; from burgeed.cli import main; sys.exit(main([]))"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr == (
        "burgee: click is not installed: the command needs burgee[daemon]; "
        "burgee alone is what an application needs\n"
    )


def test_a_reader_that_has_seen_enough_is_no_error(definition: Path) -> None:
    command = [sys.executable, "-m", "burgeed.cli", "check", str(definition)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment()
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        code = process.wait(30)
    assert (code, said) == (1, b"")
