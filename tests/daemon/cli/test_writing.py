"""`burgee flag`, `override`, `kill`, `revive`: what they change, what they say of it, and how they end."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.cli.controlling import Operator, controlled_daemon
from tests.daemon.cli.running import Ended, without_colour
from tests.daemon.cli.terminal import Terminal
from tests.support.daemon import RunningDaemon


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    with controlled_daemon(tmp_path_factory.mktemp("control")) as running:
        yield running


@pytest.fixture
def operator(burgee: Callable[..., Ended], daemon: RunningDaemon) -> Iterator[Operator]:
    """On a daemon where nothing is set."""
    operator = Operator(burgee, daemon)
    yield operator
    operator.says("rollback", "--to", "0", "--yes")


def test_an_override_is_set_and_served_and_told_leaf_by_leaf(operator: Operator) -> None:
    lines = operator.rows(
        "override", "set", "customer", "c-42", "new-checkout", "on",
        "--until", "2036-12-31", "--note", "pilot", "--reason", "they asked",
    )  # fmt: skip
    revision = int(lines[0][0].removeprefix("revision ").partition(":")[0])
    assert lines == [
        [f"revision {revision}: override.set"],
        ["new-checkout for customer c-42", "variant", "none", '"on"'],
        ["new-checkout for customer c-42", "until", "none", '"2036-12-31T00:00:00Z"'],
        ["new-checkout for customer c-42", "note", "none", '"pilot"'],
        [f"live as generation {operator.daemon.status()['generation']}: new-checkout"],
        [
            "to undo it: burgee rollback --level customer --scope c-42"
            f" --to {revision - 1} --if-match {revision} --socket {operator.daemon.socket}"
        ],
    ]
    assert operator.value("new-checkout", customer="c-42") is True
    assert operator.value("new-checkout", customer="c-43") is False
    told = operator.document("history", revision)
    assert (told["reason"], told["action"]) == ("they asked", "override.set")


def test_the_command_that_is_told_undoes_it(operator: Operator) -> None:
    operator.says("override", "set", "customer", "c-42", "new-checkout", "on")
    undo = operator.says("override", "set", "customer", "c-42", "editor", "--patch", '{"dark": true}')
    assert operator.value("editor", customer="c-42")["dark"] is True
    arguments = undo.splitlines()[-1].removeprefix("to undo it: burgee ").split()
    lines = operator.rows(*arguments[: arguments.index("--socket")])
    assert ["editor for customer c-42", "patch.dark", "true", "none"] in lines
    assert operator.value("editor", customer="c-42")["dark"] is False
    assert operator.value("new-checkout", customer="c-42") is True


def test_the_command_that_is_told_takes_back_nothing_that_somebody_else_has_set_since(
    operator: Operator,
) -> None:
    undo = operator.says("override", "set", "customer", "c-42", "editor", "--patch", '{"dark": true}')
    operator.says("override", "set", "customer", "c-43", "new-checkout", "on")
    arguments = undo.splitlines()[-1].removeprefix("to undo it: burgee ").split()
    arguments = arguments[: arguments.index("--socket")]
    operator.says(*arguments, "--dry-run")
    theirs = operator.document("override", "set", "customer", "c-42", "new-checkout", "on")["revision"]
    assert f"burgee history {theirs}" in operator.refused(*arguments)
    assert operator.value("new-checkout", customer="c-42") is True


def test_a_level_with_a_slip_of_the_pen_is_refused_and_a_scope_is_told_to_have_nothing(
    operator: Operator,
) -> None:
    for verb in (
        ["rollback", "--to", "0", "--level", "custmer", "--scope", "c"],
        ["override", "unset", "custmer", "c"],
    ):
        assert "did you mean `customer`?" in operator.refused(*verb)
    for verb in (
        ["rollback", "--to", "0", "--level", "customer", "--scope", "c"],
        ["override", "unset", "customer", "c"],
    ):
        assert "warning: nothing is set at run time for customer `c`" in operator.says(*verb)


def test_a_lock_of_a_file_is_broken_with_a_warning(operator: Operator) -> None:
    breaking = ("override", "set", "organization", "acme", "legacy-export", "off", "--dry-run")
    said = operator.says(*breaking, "--reason", "incident")
    assert "`legacy-export` is locked for organization `acme`" in said and "this breaks the lock" in said
    unreasoned = operator.ends(*breaking)
    assert unreasoned.returncode == 1 and "takes a reason" in unreasoned.stderr
    assert "--reason TEXT gives it" in unreasoned.stderr


@pytest.mark.parametrize(
    ("flag", "effect", "value"),
    [
        ("new-checkout", ["on"], True),
        ("new-checkout", ["--value", "true"], True),
        ("editor", ["--patch", '{"features": {"tabs": 2}}'], {"dark": False, "features": {"tabs": 2}}),
        ("with/slash ?", ["on"], True),
    ],
)
def test_an_override_can_say_each_thing(operator: Operator, flag: str, effect: list[str], value: Any) -> None:
    operator.says("override", "set", "customer", "c/42 %?", flag, *effect)
    assert operator.value(flag, customer="c/42 %?") == value


def test_an_override_can_hold_rules_of_a_file_and_disable(operator: Operator, tmp_path: Path) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps([{"when": {"beta": True}, "serve": "on"}]))
    operator.says("override", "set", "customer", "c-42", "new-checkout", "--rules", rules)
    assert operator.value("new-checkout", customer="c-42", beta="true") is True
    assert operator.value("new-checkout", customer="c-42") is False
    operator.says("override", "set", "customer", "c-42", "new-checkout", "--disable")
    assert operator.value("new-checkout", customer="c-42") is None


def test_unset_uncovers_a_files_override_and_inherit_hides_it(operator: Operator) -> None:
    scope = ["organization", "acme", "new-checkout"]
    operator.says("override", "set", *scope, "off")
    assert operator.value("new-checkout", organization="acme") is False
    operator.says("override", "unset", *scope)
    assert operator.value("new-checkout", organization="acme") is True
    operator.says("override", "inherit", *scope)
    assert operator.value("new-checkout", organization="acme") is False
    operator.says("override", "unset", "organization", "acme")
    assert operator.value("new-checkout", organization="acme") is True


def test_overrides_are_listed_with_what_they_say_and_where_they_come_from(operator: Operator) -> None:
    operator.says("override", "set", "customer", "c-42", "new-checkout", "on", "--lock")
    rows = operator.rows("override", "list", "--flag", "new-checkout")
    assert rows == [
        ["customer", "c-42", "new-checkout", "variant=on lock=true", "active", "admin"],
        ["organization", "acme", "new-checkout", "on", "active", operator.source],
    ]
    assert operator.rows("override", "list", "--source", "admin") == rows[:1]
    items = operator.document("override", "list", "--level", "customer")["items"]
    assert [item["override"] for item in items] == [{"variant": "on", "lock": True}]


def test_a_flag_is_created_changed_toggled_rolled_out_and_deleted(operator: Operator) -> None:
    operator.says("flag", "create", "beta", "--description", "try it", "--tag", "new", "--owner", "me")
    assert operator.value("beta") is False
    operator.says("flag", "set", "beta", "--default", "on")
    assert operator.value("beta") is True
    operator.says("flag", "toggle", "beta", "--off")
    assert operator.value("beta") is None
    operator.says("flag", "toggle", "beta")
    lines = operator.rows("flag", "rollout", "beta", "--split", "on=0,off=1")
    assert ["flag beta", "rules[0].split.off", "none", "1"] in lines
    assert operator.value("beta", targetingKey="u") is False
    operator.says("flag", "rollout", "beta", "--ramp", "on", "--start", "-2d", "--complete", "-1d")
    assert operator.value("beta", targetingKey="u") is True
    operator.says("flag", "rollout", "beta", "--remove")
    operator.says("flag", "set", "beta", "--patch", '{"owner": null}')
    operator.says("flag", "delete", "beta")
    assert operator.value("beta") is None


def test_a_flag_can_be_written_whole_from_a_file(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "flag.json"
    file.write_text(json.dumps({"variants": {"few": 1, "many": 10}, "defaultVariant": "many"}))
    operator.says("flag", "create", "limit", "--file", file)
    assert operator.value("limit") == 10
    file.write_text(json.dumps({"variants": {"few": 1, "many": 10}, "defaultVariant": "few"}))
    operator.says("flag", "set", "limit", "--file", file)
    assert operator.value("limit") == 1


def test_variants_are_json_or_else_text(operator: Operator) -> None:
    operator.says("flag", "create", "colour", "--variant", "a=red", "--variant", 'b="1"', "--default", "b")
    assert operator.value("colour") == "1"


def test_flags_are_listed_and_shown_with_everything_said_about_them(operator: Operator) -> None:
    operator.says("kill", "legacy-export", "off", "--yes", "--reason", "database")
    rows = operator.rows("flag", "list", "--prefix", "l")
    assert rows == [["legacy-export", "boolean", "killed", "on", "1", "", operator.source]]
    shown = operator.says("flag", "show", "legacy-export")
    assert shown.startswith("legacy-export  killed\n  killed: everyone is served off, by admin\n")
    assert f"organization\tacme\tvariant=on lock=true\tactive\t{operator.source}\n" in shown
    document = operator.document("flag", "show", "new-checkout")
    assert document["definition"]["owner"] == "shop" and len(document["allOverrides"]) == 1


def test_a_kill_hits_everyone_and_revive_takes_it_back(operator: Operator) -> None:
    operator.says("kill", "legacy-export", "off", "--yes", "--note", "runbook 7")
    assert operator.value("legacy-export", organization="acme") is False
    operator.says("kill", "legacy-export", "--code-default", "--yes")
    assert operator.value("legacy-export") is None
    operator.says("revive", "legacy-export")
    assert operator.value("legacy-export") is True


def test_a_dry_run_tells_what_would_change_and_changes_nothing(operator: Operator) -> None:
    lines = operator.rows("kill", "legacy-export", "off", "--dry-run")
    assert lines[0][0].startswith("would change, and nothing is written")
    assert lines[1:] == [["kill legacy-export", "variant", "none", '"off"']]
    assert operator.value("legacy-export") is True


def test_what_is_so_already_is_told_and_is_no_revision(operator: Operator) -> None:
    operator.says("override", "set", "customer", "c-42", "new-checkout", "on")
    again = operator.says("override", "set", "customer", "c-42", "new-checkout", "on")
    assert again.startswith("nothing to change: it is so already, as of revision ")
    assert len(again.splitlines()) == 1


def test_a_write_on_behalf_of_somebody_is_told_so(operator: Operator) -> None:
    operator.says(
        "override", "set", "customer", "c-1", "editor", "plain", "--actor", "ann", "--reason", "why not"
    )
    (revision,) = operator.document("history", "-n", "1")["items"]
    assert (revision["onBehalfOf"], revision["reason"]) == ("ann", "why not")


def test_json_of_a_write_is_the_daemons_own_answer(operator: Operator) -> None:
    outcome = operator.document("override", "set", "customer", "c-42", "new-checkout", "on")
    (change,) = outcome["changes"]
    assert (change["before"], change["after"]) == (None, {"variant": "on"})
    assert outcome["flagsChanged"] == ["new-checkout"] and outcome["dryRun"] is False


def test_a_stale_write_is_refused_and_says_which_revision_was_faster(operator: Operator) -> None:
    first = operator.document("override", "set", "customer", "c-42", "new-checkout", "on")["revision"]
    operator.says("override", "set", "customer", "c-42", "new-checkout", "off", "--if-match", first)
    said = operator.refused("override", "set", "customer", "c-42", "new-checkout", "on", "--if-match", first)
    assert f"burgee history {first + 1}" in said


def test_a_store_without_a_revision_has_no_history_to_look_at(
    burgee: Callable[..., Ended], tmp_path: Path
) -> None:
    with controlled_daemon(tmp_path) as empty:
        said = Operator(burgee, empty).refused("flag", "toggle", "new-checkout", "--if-match", "7")
    assert "there is no revision 7" in said and "burgee history" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["flag", "toggle", "new-chekout"], "did you mean `new-checkout`?"),
        (["flag", "create", "editor"], "editor"),
        (["override", "set", "customer", "c", "new-checkout", "onn"], "did you mean `on`?"),
        (["override", "set", "custmer", "c", "new-checkout", "on"], "did you mean `customer`?"),
        (["override", "unset", "customer", "nobody", "new-checkout"], "new-checkout"),
        (["kill", "legacy-export", "of", "--yes"], "did you mean `off`?"),
        (["history", "9999"], "9999"),
        (["rollback", "--to", "9999", "--yes"], "9999"),
    ],
)
def test_a_refusal_ends_with_1_and_says_what_to_write_instead(
    operator: Operator, arguments: list[str], said: str
) -> None:
    assert said in operator.refused(*arguments)


def test_a_problem_is_printed_as_json_too_where_it_is_asked_for(operator: Operator) -> None:
    ended = operator.ends("flag", "toggle", "nothing", "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["type"] == "/problems/not-found"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["kill", "legacy-export", "off"], "--yes"),
        (["rollback", "--to", "0"], "--yes"),
        (["kill", "legacy-export"], "VARIANT, or --code-default"),
        (["kill", "legacy-export", "off", "--code-default"], "VARIANT, or --code-default"),
        (["override", "set", "customer", "c", "editor"], "give one of"),
        (["override", "set", "customer", "c", "editor", "plain", "--disable"], "give one of"),
        (["override", "set", "customer", "c", "editor", "--patch", "[1]"], "no JSON object"),
        (["override", "set", "customer", "c", "editor", "--value", "{"], "not JSON"),
        (["override", "set", "customer", "c", "editor", "plain", "--until", "soon"], "RFC 3339"),
        (["flag", "set", "editor"], "name what to change"),
        (["flag", "rollout", "editor"], "--split, --ramp and --remove"),
        (["flag", "rollout", "editor", "--split", "on"], "NAME=VALUE"),
        (["flag", "rollout", "editor", "--split", "on=x"], "whole number"),
        (["flag", "rollout", "editor", "--split", "on=1,on=2"], "twice"),
        (["flag", "rollout", "editor", "--ramp", "on", "--start", "+1h"], "--start and --complete"),
        (["flag", "create", "a", "--variant", "b"], "NAME=VALUE"),
        (["flag", "create", "a", "--variant", "b=1", "--variant", "b=2"], "b stands there twice"),
        (["flag", "show", "\udcff"], "not text in UTF-8"),
        (["flag", "toggle", "a", "--reason", "\udcff"], "not text in UTF-8"),
        (["override", "unset", "customer", ""], "is empty"),
        (["token", "create", "a", "--scope", "write", "--for", "c"], "LEVEL=SCOPE"),
        (["rollback", "--to", "1", "--level", "customer"], "--level with --scope"),
        (["history", "1", "--flag", "a"], "one of the three"),
        (["history", "--action", "override.*"], "'override.set', 'override.remove'"),
        (["impact", "--recorded"], "--overlay FILE, or --to"),
        (["impact", "--to", "1"], "--contexts FILE, or --recorded"),
    ],
)
def test_wrong_usage_ends_with_2_and_asks_nobody(
    burgee: Callable[..., Ended], tmp_path: Path, arguments: list[str], said: str
) -> None:
    ended = burgee(*arguments, "--socket", tmp_path / "none.sock")
    assert (ended.returncode, ended.stdout) == (2, "") and said in ended.stderr


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://127.0.0.1:8016/base",
        "ftp://127.0.0.1",
        "http://a@b:1",
    ],
)
def test_what_is_no_address_ends_with_2(burgee: Callable[..., Ended], address: str) -> None:
    ended = burgee("flag", "list", "--address", address)
    assert ended.returncode == 2 and "write unix://PATH, http://HOST:PORT" in ended.stderr


def test_text_that_cannot_be_sent_ends_with_2(operator: Operator) -> None:
    for command in (
        ["flag", "set", "editor", "--description", "\udcff"],
        ["eval", "a", "--selector", "\udcff"],
    ):
        assert "is not text in UTF-8" in operator.refused(*command, code=2)


def test_an_outcome_that_cannot_be_printed_is_told_without_a_traceback(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with suppress(OSError), Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        ended = operator.ends("flag", "toggle", "new-checkout")
    monkeypatch.undo()
    assert ended.returncode == 1 and "cannot be printed: No space left" in ended.stderr
    assert operator.value("new-checkout", customer="c") is None


def test_an_interrupted_write_says_that_its_outcome_is_not_known(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("burgeed.cli.parameters.ask", interrupt)
    for command in (["flag", "toggle", "editor"], ["token", "create", "a", "--scope", "read"]):
        assert "is not known: burgee" in operator.refused(*command, code=130)
    monkeypatch.undo()


@pytest.mark.parametrize(
    "arguments",
    [
        ["flag", "list"],
        ["override", "set", "customer", "c", "editor", "plain"],
        ["kill", "a", "off", "--yes"],
        ["history"],
        ["token", "list"],
        ["watch"],
    ],
)
def test_no_daemon_ends_with_3(burgee: Callable[..., Ended], tmp_path: Path, arguments: list[str]) -> None:
    ended = burgee(*arguments, "--socket", tmp_path / "none.sock")
    assert (ended.returncode, ended.stdout) == (3, "") and "none.sock" in ended.stderr


def test_on_a_terminal_a_write_is_a_table_in_colour(operator: Operator) -> None:
    arguments = ["override", "set", "customer", "c-42", "new-checkout", "on"]
    with Terminal(*arguments, "--socket", operator.daemon.socket) as terminal:
        assert terminal.end() == 0
        assert "\x1b[" in terminal.output
        lines = [" ".join(line.split()) for line in without_colour(terminal.output).splitlines()]
    assert "what leaf was is" in lines
    assert 'new-checkout for customer c-42 variant none "on"' in lines


def test_on_a_terminal_what_hits_everyone_is_asked_first(operator: Operator) -> None:
    with Terminal("kill", "legacy-export", "off", "--socket", operator.daemon.socket) as terminal:
        terminal.read_until(lambda output: "[y/N]" in output)
        assert "Serve off of legacy-export to everyone?" in terminal.output
        terminal.type("n\n")
        assert terminal.end() == 130
    assert operator.value("legacy-export") is True
    with Terminal("kill", "legacy-export", "off", "--socket", operator.daemon.socket) as terminal:
        terminal.read_until(lambda output: "[y/N]" in output)
        terminal.type("y\n")
        assert terminal.end() == 0
    assert operator.value("legacy-export") is False
