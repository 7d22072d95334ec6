"""`burgee eval`: answers from a source and from a daemon, and how it ends."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.cli.running import Ended, failed, succeeded
from tests.daemon.cli.terminal import Terminal
from tests.support.daemon import RunningDaemon, run_command, running_daemon


def test_eval_from_a_source_prints_value_variant_reason_and_origin(definition: Path) -> None:
    lines = succeeded(
        "eval", "new-checkout", "--context", "customer=c-42", "--source", definition
    ).splitlines()
    assert lines[:3] == ["new-checkout = true", "  variant  on", "  reason   TARGETING_MATCH"]
    assert "  burgee.source customer" in lines and "  burgee.scope c-42" in lines


def evaluated(*arguments: object) -> Any:
    return json.loads(succeeded("eval", *arguments, "--json"))


@pytest.mark.parametrize(
    "context",
    [
        ["--context", "plan=3"],
        ["-c", "plan=3"],
        ["plan=3"],
        ["--context", "other=x", "plan=3"],
        ["--context", '{"plan": 3}'],
        ["--context", "plan=4", "--context", "plan=3"],
    ],
)
def test_context_can_be_written_in_several_ways(
    burgee: Callable[..., Ended], definition: Path, context: list[str]
) -> None:
    ended = burgee("eval", "seats", *context, "--source", definition, "--json")
    assert json.loads(ended.stdout)["value"] == 500


@pytest.mark.parametrize("text", ["plan=three", 'plan="3"', "plan=true", "plan=null", "plan=[3]"])
def test_context_values_are_json_scalars_or_else_text(
    burgee: Callable[..., Ended], definition: Path, text: str
) -> None:
    ended = burgee("eval", "seats", "--context", text, "--source", definition, "--json")
    assert json.loads(ended.stdout)["value"] == 5


@pytest.mark.parametrize("key", [["--targeting-key", "7"], ["targetingKey=7"]])
def test_the_targeting_key_is_text_however_it_is_written(tmp_path: Path, key: list[str]) -> None:
    path = tmp_path / "flags.json"
    rule = {"when": {"targetingKey": "7"}, "serve": "on"}
    path.write_text(json.dumps({"flags": {"a": {"defaultVariant": "off", "rules": [rule]}}}))
    assert evaluated("a", *key, "--source", path)["value"] is True


def test_now_moves_the_time_of_a_local_evaluation(definition: Path) -> None:
    during, after = (
        evaluated("new-checkout", "--now", now, "--source", definition)["value"]
        for now in ("2026-12-01T12:00:00Z", "2026-12-02T00:00:00Z")
    )
    assert (during, after) == (True, False)


def test_several_sources_lie_on_one_another(tmp_path: Path, definition: Path) -> None:
    top = tmp_path / "top.yaml"
    top.write_text("overrides: {customer: {c-42: {new-checkout: off}}}\n")
    sources = ["--source", definition, "--source", top]
    assert evaluated("new-checkout", "customer=c-42", *sources)["value"] is False


def test_the_callers_default_is_an_answer(definition: Path) -> None:
    assert succeeded("eval", "for-code", "--source", definition).startswith(
        "for-code = the caller's default\n"
    )


def test_an_unknown_flag_ends_with_1(definition: Path) -> None:
    ended = run_command("eval", "nothing", "--source", definition, "--json")
    assert ended.returncode == 1 and json.loads(ended.stdout)["errorCode"] == "FLAG_NOT_FOUND"


def test_a_faulty_source_is_not_evaluated(faulty: Path) -> None:
    said = failed(1, "eval", "a", "--source", faulty)
    assert f"{faulty}:3:5" in said and f"{faulty}:6:" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--context", "plan"], "KEY=VALUE"),
        (["--context", "{plan"], "JSON object"),
        (["--source", "x.yaml", "--now", "tomorrow"], "RFC 3339"),
        (["--now", "2026-12-01T00:00:00Z"], "--source"),
        (["--source", "x.yaml", "--socket", "/x"], "--source"),
        (["--socket", "/x", "--address", "unix:///x"], "give one"),
        (["--address", "ftp://x"], "unix://PATH"),
        (["--selector", "a=b"], "flagSetId"),
        (["--source", "x.yaml,optional=perhaps"], "optional=true"),
        (["--deadline", "0"], "deadline"),
    ],
)
def test_wrong_usage_is_told(burgee: Callable[..., Ended], arguments: list[str], said: str) -> None:
    ended = burgee("eval", "a", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "") and said in ended.stderr


def test_eval_asks_the_daemon_where_it_is_told_to(
    burgee: Callable[..., Ended], tmp_path: Path, definition: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = tmp_path / "user"
    arguments = ["--socket", user / "burgee" / "burgee.sock", "--source", definition]
    question = ["eval", "new-checkout", "customer=c-42", "--json"]
    with running_daemon(tmp_path, *arguments) as daemon:
        ended = [
            burgee(*question, "--socket", daemon.socket),
            burgee(*question, "--address", f"unix://{daemon.socket}"),
            burgee(*question, "--address", daemon.http),
        ]
        with monkeypatch.context() as patched:
            patched.setenv("BURGEE_SOCKET", daemon.socket)
            ended.append(burgee(*question))
        with monkeypatch.context() as patched:
            patched.setenv("XDG_RUNTIME_DIR", str(user))
            ended.append(burgee(*question))
    assert [json.loads(each.stdout)["value"] for each in ended] == [True] * 5


def test_daemon_and_local_evaluation_say_the_same(daemon: RunningDaemon, definition: Path) -> None:
    question = ["new-checkout", "email=a@example.com"]
    local = evaluated(*question, "--source", definition)
    assert evaluated(*question, "--socket", daemon.socket) == local and local["reason"] == "TARGETING_MATCH"


def test_an_unknown_flag_of_the_daemon_ends_with_1(daemon: RunningDaemon) -> None:
    ended = run_command("eval", "no/such flag?", "--socket", daemon.socket)
    assert ended.returncode == 1 and ended.stdout.startswith("no/such flag? = FLAG_NOT_FOUND\n")


def test_a_refusal_that_names_no_flag_is_printed_for_the_one_that_was_asked(tmp_path: Path) -> None:
    path = str(tmp_path / "refusing.sock")
    refusal = b'{"errorCode":"GENERAL","errorDetails":"no"}'
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen()

        def refuse() -> None:
            plug, _ = listener.accept()
            with plug:
                asked = b""
                while b'"context"' not in asked:
                    asked += plug.recv(65536)
                plug.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n" + refusal)

        thread = threading.Thread(target=refuse)
        thread.start()
        ended = run_command("eval", "new-checkout", "--socket", path)
        thread.join(10)
    assert (ended.returncode, ended.stdout) == (1, "new-checkout = GENERAL\nno\n")


@pytest.mark.parametrize("command", [["eval", "a"], ["explain", "a"], ["health"], ["ready"]])
def test_no_daemon_ends_with_3_and_says_where_it_was_looked_for(tmp_path: Path, command: list[str]) -> None:
    assert str(tmp_path / "none.sock") in failed(3, *command, "--socket", tmp_path / "none.sock")


def test_a_dripping_daemon_is_left_at_the_deadline(tmp_path: Path) -> None:
    path = str(tmp_path / "drip.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen()
        ended = threading.Event()

        def drip() -> None:
            plug, _ = listener.accept()
            with plug:
                while not ended.wait(0.05):
                    try:
                        plug.sendall(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            said = failed(3, "health", "--socket", path, "--deadline", "0.5")
        finally:
            ended.set()
            thread.join(10)
    assert "no answer within 0.5 s" in said


def test_eval_on_a_terminal_is_coloured_and_no_control_character_comes_through(tmp_path: Path) -> None:
    path = tmp_path / "flags.json"
    flag = {"variants": {"v": "\u001b[2J"}, "defaultVariant": "v"}
    path.write_text(json.dumps({"flags": {"a": flag}}))
    with Terminal("eval", "a", "--source", path) as terminal:
        code = terminal.end()
    assert code == 0 and "\x1b[1m" in terminal.output and "\x1b[2J" not in terminal.output


def test_each_address_of_a_name_is_tried(
    burgee: Callable[..., Ended], daemon: RunningDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert daemon.http is not None
    port = int(daemon.http.rpartition(":")[2])
    real = socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        refusing = [(*real[0][:4], nobody.getsockname())]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: refusing + real)
        assert burgee("health", "--address", f"http://localhost:{port}").returncode == 0
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: refusing)
        assert burgee("health", "--address", f"http://localhost:{port}").returncode == 3


def test_a_selector_may_be_any_text(burgee: Callable[..., Ended], tmp_path: Path) -> None:
    source = tmp_path / "flags.json"
    source.write_text(
        json.dumps({"metadata": {"flagSetId": "caf\u00e9 \u65e5"}, "flags": {"a": {"defaultVariant": "on"}}})
    )
    with running_daemon(tmp_path, "--source", source) as running:
        running.wait_ready()
        asked = [
            "eval",
            "a",
            "--selector",
            "flagSetId=caf\u00e9 \u65e5",
            "--socket",
            running.socket,
            "--json",
        ]
        assert json.loads(burgee(*asked).stdout)["value"] is True
