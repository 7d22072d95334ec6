"""`burgee token`, and the token that every command shows: where it is taken from, and when it is refused."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.daemon.cli.controlling import Operator, controlled_daemon
from tests.daemon.cli.running import Ended
from tests.daemon.cli.terminal import Terminal
from tests.support.daemon import RunningDaemon


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    with controlled_daemon(tmp_path_factory.mktemp("control")) as running:
        yield running


@pytest.fixture
def operator(burgee: Callable[..., Ended], daemon: RunningDaemon) -> Operator:
    return Operator(burgee, daemon)


@pytest.fixture
def over_tcp(burgee: Callable[..., Ended], daemon: RunningDaemon) -> Callable[..., Ended]:
    """Where nobody is somebody without a token."""
    return lambda *arguments: burgee(*arguments, "--address", daemon.http)


def made(operator: Operator, name: str, *further: object) -> str:
    return operator.says("token", "create", name, *further).removesuffix("\n")


def test_a_token_is_printed_alone_and_lets_its_holder_do_what_it_says(
    operator: Operator, over_tcp: Callable[..., Ended]
) -> None:
    token = made(operator, "reader", "--scope", "read")
    assert len(token.split()) == 1
    assert over_tcp("flag", "list", "--token", token).returncode == 0
    refused = over_tcp("flag", "toggle", "editor", "--token", token)
    assert refused.returncode == 1 and "reader has not the scope write" in refused.stderr
    assert over_tcp("flag", "list").returncode == 1


def test_a_restricted_token_writes_only_there(operator: Operator, over_tcp: Callable[..., Ended]) -> None:
    token = made(operator, "support", "--scope", "write", "--for", "customer=c-42", "--flag-prefix", "new-")
    write = ["override", "set", "customer"]
    assert over_tcp(*write, "c-42", "new-checkout", "on", "--token", token).returncode == 0
    for elsewhere in (["c-43", "new-checkout", "on"], ["c-42", "editor", "plain"]):
        ended = over_tcp(*write, *elsewhere, "--token", token)
        assert ended.returncode == 1 and "may not write there" in ended.stderr
    rows = [row for row in operator.rows("token", "list") if row[1] == "support"]
    assert rows[0][2:4] == ["write", "customer c-42, flags new-*"]


def test_a_revoked_token_is_good_for_nothing_at_once(
    operator: Operator, over_tcp: Callable[..., Ended]
) -> None:
    token = made(operator, "brief", "--scope", "read", "--expires", "+1d")
    (row,) = [row for row in operator.rows("token", "list") if row[1] == "brief"]
    assert row[-1].startswith("good until ")
    assert operator.says("token", "revoke", row[0], "--reason", "lost").startswith("revoked ")
    ended = over_tcp("flag", "list", "--token", token)
    assert ended.returncode == 1 and "--token" in ended.stderr
    (row,) = [row for row in operator.rows("token", "list") if row[1] == "brief"]
    assert row[-1].startswith("revoked ")


def test_whoami_tells_as_whom_the_daemon_knows_you(
    operator: Operator, over_tcp: Callable[..., Ended]
) -> None:
    assert operator.says("token", "whoami").startswith(f"uid:{os.geteuid()} (peer)\n")
    token = made(operator, "auditor", "--scope", "audit", "--scope", "evaluate")
    assert over_tcp("token", "whoami", "--token", token).stdout == "auditor (token)\n  may  audit, evaluate\n"


def test_a_token_goes_to_a_new_file_that_nobody_else_may_read(
    operator: Operator, over_tcp: Callable[..., Ended], tmp_path: Path
) -> None:
    path = tmp_path / "made" / "token"
    printed = operator.says("token", "create", "filed", "--scope", "read", "--output", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().strip() not in printed
    assert over_tcp("flag", "list", "--token-file", path).returncode == 0
    taken = operator.refused("token", "create", "other", "--scope", "read", "--output", path, code=2)
    assert "File exists" in taken
    assert "other" not in [row[1] for row in operator.rows("token", "list")]


def test_a_file_is_not_left_behind_where_the_daemon_refuses(operator: Operator, tmp_path: Path) -> None:
    made(operator, "twice", "--scope", "read")
    path = tmp_path / "token"
    operator.refused("token", "create", "twice", "--scope", "read", "--output", path)
    assert not path.exists()


def test_the_token_comes_from_the_option_the_environment_a_named_file_or_the_usual_one(
    operator: Operator, over_tcp: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = ["of-option", "of-environment", "of-named-file", "of-usual-file"]
    tokens = {name: made(operator, name, "--scope", "read") for name in names}
    usual, named = tmp_path / "config" / "burgee" / "token", tmp_path / "named"
    usual.parent.mkdir(parents=True)
    for path, name in ((usual, "of-usual-file"), (named, "of-named-file")):
        path.write_text(tokens[name] + "\n")
        path.chmod(0o600)

    def who(*arguments: object) -> str:
        ended = over_tcp("token", "whoami", *arguments)
        assert ended.returncode == 0, ended
        return ended.stdout.split()[0]

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert who() == "of-usual-file"
    monkeypatch.setenv("BURGEE_TOKEN_FILE", str(named))
    assert who() == "of-named-file"
    monkeypatch.setenv("BURGEE_TOKEN", tokens["of-environment"])
    assert who() == "of-environment"
    assert who("--token", tokens["of-option"]) == "of-option"
    assert who("--token-file", usual) == "of-usual-file"


@pytest.mark.parametrize(
    ("mode", "content", "said"),
    [
        (0o640, "burgee_x.y\n", "chmod 600"),
        (0o604, "burgee_x.y\n", "chmod 600"),
        (0o600, "\n", "holds no token"),
        (0o600, "two words\n", "holds no token"),
    ],
)
def test_a_token_file_that_others_can_read_or_that_holds_none_is_refused(
    operator: Operator, tmp_path: Path, mode: int, content: str, said: str
) -> None:
    path = tmp_path / "token"
    path.write_text(content)
    path.chmod(mode)
    assert said in operator.refused("flag", "list", "--token-file", path, code=2)


def test_a_wrong_token_is_refused_and_says_where_it_was_found(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BURGEE_TOKEN", "burgee_wrong")
    said = operator.refused("flag", "list")
    assert "the token is that of BURGEE_TOKEN" in said and "burgee_wrong" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["--scope", "everything"],
        [],
        ["--scope", "read", "--for", "c-42"],
        ["--scope", "read", "--expires", "?"],
    ],
)
def test_wrong_usage_ends_with_2(operator: Operator, arguments: list[str]) -> None:
    operator.refused("token", "create", "a", *arguments, code=2)


@pytest.mark.parametrize("restriction", [["--level", "custmer"], ["--for", "custmer=c-42"]])
def test_a_level_that_there_is_not_is_refused_with_the_one_that_was_meant(
    operator: Operator, tmp_path: Path, restriction: list[str]
) -> None:
    path = tmp_path / "token"
    create = ["token", "create", "slip", "--scope", "write", *restriction, "--output", path]
    said = operator.refused(*create)
    assert "there is no level `custmer`; did you mean `customer`?" in said and said.count("\n") == 1
    assert not path.exists() and "slip" not in [row[1] for row in operator.rows("token", "list")]


def test_on_a_terminal_the_list_is_a_table_that_cuts_nothing(operator: Operator) -> None:
    made(operator, "shown", "--scope", "read", "--scope", "evaluate", "--scope", "audit")
    (row,) = [row for row in operator.rows("token", "list") if row[1] == "shown"]
    with Terminal("token", "list", "--socket", operator.daemon.socket) as terminal:
        assert terminal.end() == 0
    assert row[0] in terminal.output and "…" not in terminal.output
