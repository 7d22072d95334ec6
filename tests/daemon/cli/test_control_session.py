"""One session of an operator over TCP: a token, an override, its effect, its history, and back."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from burgeed.cli.commands import NAMES
from tests.daemon.cli.controlling import Operator, controlled_daemon
from tests.daemon.cli.running import Ended
from tests.support.daemon import RunningDaemon, clean_environment, run_command, running_daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[RunningDaemon]:
    with controlled_daemon(tmp_path) as running:
        yield running


def test_a_token_an_override_its_effect_its_history_and_back(
    burgee: Callable[..., Ended], daemon: RunningDaemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    operator = Operator(burgee, daemon)
    usual = tmp_path / "home" / ".config" / "burgee" / "token"
    operator.says(
        "token", "create", "ann", "--person", "Ann", "--scope", "read", "--scope", "write", "--output", usual
    )
    assert daemon.http is not None
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BURGEE_ADDRESS", daemon.http)

    def value() -> object:
        return json.loads(burgee("eval", "new-checkout", "customer=c-42", "--json").stdout)["value"]

    assert value() is False
    written = burgee("override", "set", "customer", "c-42", "new-checkout", "on", "--reason", "OPS-1234")
    assert (written.returncode, written.stderr) == (0, "")
    assert value() is True
    (row,) = [line.split("\t") for line in burgee("history").stdout.splitlines()]
    assert row[0] == "1" and row[2:] == [
        "ann",
        "override.set",
        "new-checkout for customer c-42",
        "OPS-1234",
    ]
    back = burgee("rollback", "--flag", "new-checkout", "--to", "0", "--reason", "OPS-1234")
    assert (
        back.returncode == 0
        and "to undo it: burgee rollback --flag new-checkout --to 1 --if-match 2" in back.stdout
    )
    assert value() is False
    assert [line.split("\t")[3] for line in burgee("history").stdout.splitlines()] == [
        "rollback to 0",
        "override.set",
    ]


def test_what_was_set_is_still_there_after_a_restart(burgee: Callable[..., Ended], tmp_path: Path) -> None:
    for written in (False, True):
        with controlled_daemon(tmp_path) as running:
            operator = Operator(burgee, running)
            if not written:
                operator.says("override", "set", "customer", "c-42", "new-checkout", "on")
            assert operator.value("new-checkout", customer="c-42") is True


def test_a_daemon_without_a_store_says_how_to_get_one_and_tells_the_impact_of_an_overlay(
    burgee: Callable[..., Ended], tmp_path: Path
) -> None:
    source = tmp_path / "flags.json"
    source.write_text('{"flags": {"a": {"defaultVariant": "on"}}}')
    with running_daemon(tmp_path, "--source", source) as running:
        operator = Operator(burgee, running)
        assert "--store" in operator.refused("kill", "a", "off", "--yes")
        assert operator.rows("flag", "list")[0][0] == "a"
        for name, content in (("contexts.json", "[{}]"), ("overlay.json", '{"kill": {"a": "off"}}')):
            (tmp_path / name).write_text(content)
        asked = ["impact", "--contexts", tmp_path / "contexts.json", "--overlay", tmp_path / "overlay.json"]
        assert operator.ends(*asked).returncode == 1


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (
            ["override", "set", "customer", "c-42", "a", "on"],
            "whether it was written is not known: burgee history -n 1 tells",
        ),
        (
            ["token", "create", "a", "--scope", "read"],
            "whether it was made is not known: burgee token list tells",
        ),
        (["token", "revoke", "a"], "whether it was revoked is not known: burgee token list tells"),
    ],
)
def test_a_write_whose_answer_is_lost_says_that_its_outcome_is_not_known(
    burgee: Callable[..., Ended], tmp_path: Path, write: list[str], says: str
) -> None:
    path = tmp_path / "burgee.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def take_and_say_nothing() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)

        silent = threading.Thread(target=take_and_say_nothing)
        silent.start()
        ended = burgee(*write, "--socket", path)
        silent.join(20)
    assert ended.returncode == 3
    assert says in ended.stderr


@pytest.mark.parametrize(("words", "found"), [("burgee overr", "override"), ("burgee flag ro", "rollout")])
def test_a_shell_completes_its_commands(words: str, found: str) -> None:
    number = len(words.split()) - 1
    environment = clean_environment(
        _BURGEE_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(number)
    )
    assert f"plain,{found}" in run_command(environment=environment).stdout.splitlines()


def test_every_command_has_a_usage(burgee: Callable[..., Ended]) -> None:
    listed = burgee("--help").stdout
    for name in NAMES:
        assert f"\n  {name} " in listed
        assert burgee(name, "--help").stdout.startswith(f"Usage: burgee {name}")
