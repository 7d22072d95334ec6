"""`burgee eval` and `burgee explain` of a daemon that asks everybody for a token."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.daemon.cli.controlling import Operator, controlled_daemon
from tests.daemon.cli.running import Ended
from tests.support.daemon import RunningDaemon

HOW_TO_NAME_ONE = "--token-file, BURGEE_TOKEN and --token name one"
FLAG = ["new-checkout", "organization=acme"]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    with controlled_daemon(tmp_path_factory.mktemp("control"), "--evaluation", "token") as running:
        yield running


@pytest.fixture
def token(burgee: Callable[..., Ended], daemon: RunningDaemon, tmp_path: Path) -> Path:
    """A file with a token that may evaluate and read."""
    path = tmp_path / "reader.token"
    scopes = ["--scope", "evaluate", "--scope", "read"]
    Operator(burgee, daemon).says("token", "create", f"reader-{tmp_path.name}", *scopes, "--output", path)
    return path


@pytest.mark.parametrize("command", ["eval", "explain"])
def test_the_token_of_an_option_the_environment_or_a_file_is_shown(
    burgee: Callable[..., Ended],
    daemon: RunningDaemon,
    token: Path,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    question = [command, *FLAG, "--address", daemon.http]
    text = token.read_text().strip()
    shown = [burgee(*question, "--token", text), burgee(*question, "--token-file", token)]
    monkeypatch.setenv("BURGEE_TOKEN", text)
    shown.append(burgee(*question))
    for ended in shown:
        assert (ended.returncode, ended.stderr) == (0, "") and "new-checkout = true" in ended.stdout, ended


@pytest.mark.parametrize("command", ["eval", "explain"])
def test_who_shows_none_or_a_wrong_one_is_told_how_to_name_one(
    burgee: Callable[..., Ended], daemon: RunningDaemon, command: str
) -> None:
    question = [command, *FLAG, "--address", daemon.http]
    none = burgee(*question)
    assert none.returncode == 1 and f"no token was shown; {HOW_TO_NAME_ONE}" in none.stdout
    wrong = burgee(*question, "--token", "burgee_wrong", "--json")
    document = json.loads(wrong.stdout)
    said = document.get("answer", document)["errorDetails"]
    assert wrong.returncode == 1 and f"the token is that of --token; {HOW_TO_NAME_ONE}" in said


def test_a_token_that_may_only_audit_explains_nothing(
    burgee: Callable[..., Ended], daemon: RunningDaemon
) -> None:
    token = Operator(burgee, daemon).says("token", "create", "auditor", "--scope", "audit").strip()
    ended = burgee("explain", *FLAG, "--address", daemon.http, "--token", token)
    assert ended.returncode == 1 and "has not the scope read" in ended.stdout


def test_who_evaluates_here_shows_no_token_and_needs_no_sound_token_file(
    burgee: Callable[..., Ended], tmp_path: Path, definition: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BURGEE_TOKEN_FILE", str(tmp_path / "nowhere"))
    local = ["eval", "new-checkout", "customer=c-42", "--source", definition]
    assert burgee(*local).returncode == 0
    refused = burgee(*local, "--token", "burgee_a")
    assert refused.returncode == 2 and "are for asking a daemon" in refused.stderr
    asked = burgee("eval", "new-checkout", "--socket", tmp_path / "none.sock")
    assert asked.returncode == 2 and "nowhere cannot be read" in asked.stderr
