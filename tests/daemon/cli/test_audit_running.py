"""`burgee audit running`: the log of a daemon that runs, read, pruned and erased from."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.daemon.cli.controlling import Operator, controlled_daemon
from tests.daemon.cli.running import Ended, without_colour
from tests.daemon.cli.terminal import Terminal
from tests.support.daemon import RunningDaemon, wait_until

ERASE = ["audit", "running", "erase", "customer"]
BASIS = ["--legal-basis", "GDPR Art. 17", "--reason", "request 7"]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    with controlled_daemon(tmp_path_factory.mktemp("control")) as running:
        yield running


@pytest.fixture
def operator(burgee: Callable[..., Ended], daemon: RunningDaemon) -> Operator:
    return Operator(burgee, daemon)


def found(operator: Operator, *filters: object) -> list[list[str]]:
    return operator.rows("audit", "running", "search", *filters)


def test_a_search_tells_of_a_change_with_its_values_reason_and_request(operator: Operator) -> None:
    operator.says("override", "set", "customer", "c-1", "new-checkout", "on", "--reason", "OPS-1")
    revision = operator.document("history", "-n", "1")["items"][0]
    (row,) = found(operator, "--scope", "c-1", "--action", "override.*")
    assert row[3:10] == ["override.set", "new-checkout", "customer c-1", "variant", "", '"on"', "OPS-1"]
    assert row[10] == revision["requestId"]


def test_a_search_tells_why_somebody_was_denied_and_what_a_token_is_for(
    operator: Operator, burgee: Callable[..., Ended], daemon: RunningDaemon
) -> None:
    token = operator.says("token", "create", "looker", "--scope", "read").strip()
    burgee("flag", "toggle", "editor", "--address", daemon.http, "--token", token)
    # Whoever is denied does not wait for the entry.
    wait_until(lambda: found(operator, "--action", "denied", "--actor", "looker"))
    (denied,) = found(operator, "--action", "denied", "--actor", "looker")
    assert denied[-1] == "token looker has not the scope write"
    (created, *_) = found(operator, "--action", "token.create")
    assert 'tokenName=looker scopes=["read"]' in created[-1] and "restriction" not in created[-1]


def test_json_of_a_search_says_whether_there_is_more(operator: Operator) -> None:
    for scope in ("c-2", "c-3"):
        operator.says("override", "set", "customer", scope, "new-checkout", "on")
    told = operator.document("audit", "running", "search", "--action", "override.set", "--limit", "1")
    assert told["more"] is True and [each["scope"] for each in told["items"]] == ["c-3"]
    ended = operator.ends("audit", "running", "search", "--limit", "1")
    assert ended.returncode == 0 and "--limit shows more" in ended.stderr


def test_on_a_terminal_a_search_shows_no_empty_column(operator: Operator) -> None:
    operator.says("token", "create", "shown", "--scope", "read")
    search = ["audit", "running", "search", "--action", "token.create"]
    with Terminal(*search, "--socket", operator.daemon.socket) as terminal:
        assert terminal.end() == 0
        shown = without_colour(terminal.output)
    assert shown.split("\n")[0].split() == ["seq", "when", "actor", "action", "detail"]
    assert "tokenName=shown" in shown


def test_an_export_is_verified_as_the_log_is_and_the_checkpoint_anchors_it(
    operator: Operator, burgee: Callable[..., Ended], tmp_path: Path
) -> None:
    operator.says("override", "set", "customer", "c-4", "new-checkout", "on")
    # It is made soon after what it covers.
    wait_until(lambda: operator.ends("audit", "running", "checkpoint").returncode == 0)
    note = operator.says("audit", "running", "checkpoint")
    export, anchor = tmp_path / "audit.jsonl", tmp_path / "checkpoint"
    export.write_text(operator.says("audit", "running", "export"))
    anchor.write_text(note)
    verified = burgee("audit", "verify", "--export", export, "--anchor", anchor, "--json")
    assert verified.returncode == 0 and json.loads(verified.stdout)["anchored"] > 0, verified
    assert operator.document("audit", "running", "checkpoint")["checkpoint"].startswith("burgee-audit/")


def test_an_export_as_a_table_has_only_what_is_asked_for(operator: Operator) -> None:
    operator.says("override", "set", "customer", "c-5", "new-checkout", "on")
    lines = operator.says("audit", "running", "export", "--format", "csv", "--scope", "c-5").splitlines()
    assert lines[0].startswith("seq,at,") and "c-5" in lines[1]
    operator.refused("audit", "running", "export", "--format", "csv", "--json", code=2)


@pytest.mark.parametrize("command", [["prune"], ["erase", "customer", "c-1", *BASIS]])
def test_what_cannot_be_taken_back_wants_a_yes_where_nobody_can_be_asked(
    operator: Operator, command: list[str]
) -> None:
    assert "--yes says so" in operator.refused("audit", "running", *command, code=2)


def test_a_customer_is_erased_once_nothing_of_theirs_is_in_force(operator: Operator) -> None:
    operator.says("override", "set", "customer", "c-6", "new-checkout", "on", "--reason", "for c-6")
    refused = operator.refused(*ERASE, "c-6", *BASIS, "--yes")
    assert "burgee override unset customer c-6" in refused
    operator.says("override", "unset", "customer", "c-6")
    rehearsed = operator.says(*ERASE, "c-6", *BASIS, "--dry-run")
    assert rehearsed.startswith("would be erased, and nothing is: customer c-6, in ")
    assert found(operator, "--scope", "c-6")
    assert "customer c-6 is erased, in" in operator.says(*ERASE, "c-6", *BASIS, "--yes")
    assert "c-6" not in operator.says("audit", "running", "search", "--action", "override.*")
    assert "nothing is known of customer c-6" in operator.refused(*ERASE, "c-6", *BASIS, "--yes")


def test_nothing_young_is_pruned(operator: Operator) -> None:
    pruned = operator.says("audit", "running", "prune", "--reason", "yearly", "--yes")
    assert pruned == "0 segments with 0 entries are pruned\n"
    document = operator.document("audit", "running", "prune", "--before", "-2h", "--dry-run")
    assert document == {"segments": 0, "entries": 0, "through": 0, "dryRun": True}


def test_a_token_without_the_scope_reads_nothing(
    operator: Operator, burgee: Callable[..., Ended], daemon: RunningDaemon
) -> None:
    token = operator.says("token", "create", "writer", "--scope", "write").strip()
    for command in ("search", "export", "checkpoint"):
        ended = burgee("audit", "running", command, "--address", daemon.http, "--token", token)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert "has not the scope audit" in ended.stderr and "that of --token" in ended.stderr


@pytest.mark.parametrize(
    "command",
    [["search"], ["export"], ["checkpoint"], ["prune", "--yes"], [*ERASE[2:], "c", *BASIS, "--yes"]],
)
def test_no_daemon_ends_with_3(burgee: Callable[..., Ended], tmp_path: Path, command: list[str]) -> None:
    ended = burgee("audit", "running", *command, "--socket", tmp_path / "none.sock")
    assert (ended.returncode, ended.stdout) == (3, "") and "none.sock" in ended.stderr


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PRUNED = b'{"segments": 2, "entries": 20, "through": 20, "dryRun": false}'


def _request(connection: socket.socket) -> Iterator[bytes]:
    """The head, and the body where there is one."""
    received = connection.recv(65536)
    yield received
    if received.startswith(b"POST ") and received.endswith(b"\r\n\r\n"):
        yield connection.recv(65536)


@contextmanager
def answering(path: Path, answered: bytes) -> Iterator[list[bytes]]:
    """Something at a socket that answers one request, whatever it is, and hangs up; what it was asked."""
    asked: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(b"".join(_request(connection)))
                connection.sendall(answered)

        thread = threading.Thread(target=answer)
        thread.start()
        yield asked
        thread.join(20)


@pytest.mark.parametrize(
    ("answered", "printed", "said"),
    [
        (HEAD + b"5\r\nline\n\r\n", "line\n", "broke off: what came is not the whole"),
        (HEAD + b"5\r\nline\n\r\n9\r\nhalf", None, "broke off: what came is not the whole"),
        (b"", "", "gave no answer"),
    ],
)
def test_an_export_that_breaks_off_is_not_taken_for_the_whole(
    burgee: Callable[..., Ended], tmp_path: Path, answered: bytes, printed: str | None, said: str
) -> None:
    with answering(tmp_path / "burgee.sock", answered):
        ended = burgee("audit", "running", "export", "--socket", tmp_path / "burgee.sock")
    assert ended.returncode == 3 and said in ended.stderr
    assert printed is None or ended.stdout == printed


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["prune"], "whether it was pruned is not known: burgee audit running search"),
        ([*ERASE[2:], "c", *BASIS], "whether it was erased is not known: burgee audit running search"),
    ],
)
def test_a_lost_answer_is_told_as_an_outcome_that_is_not_known(
    burgee: Callable[..., Ended], tmp_path: Path, command: list[str], says: str
) -> None:
    with answering(tmp_path / "burgee.sock", b""):
        ended = burgee("audit", "running", *command, "--yes", "--socket", tmp_path / "burgee.sock")
    assert ended.returncode == 3 and says in ended.stderr


def test_the_token_of_a_second_person_is_shown_beside_the_first(
    burgee: Callable[..., Ended], tmp_path: Path
) -> None:
    second = tmp_path / "second.token"
    second.write_text("burgee_second\n")
    second.chmod(0o600)
    prune = ["audit", "running", "prune", "--yes", "--token", "burgee_first", "--reason", "yearly"]
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(PRUNED), PRUNED)
    with answering(tmp_path / "burgee.sock", answer) as asked:
        ended = burgee(*prune, "--second-token-file", second, "--socket", tmp_path / "burgee.sock")
    assert (ended.returncode, ended.stdout) == (0, "2 segments with 20 entries are pruned\n")
    head = asked[0].split(b"\r\n\r\n")[0].split(b"\r\n")
    assert b"POST /admin/v1/audit/prune?reason=yearly HTTP/1.1" in head
    assert {b"Authorization: Bearer burgee_first", b"Burgee-Second-Token: burgee_second"} <= set(head)
