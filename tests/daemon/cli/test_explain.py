"""`burgee explain`: each rung, by a source and by a daemon."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.daemon.cli.running import succeeded, without_colour
from tests.daemon.cli.terminal import Terminal
from tests.support.daemon import RunningDaemon, run_command, running_daemon


def test_explain_tells_each_rung_in_order_and_marks_the_winner(definition: Path) -> None:
    lines = succeeded("explain", "new-checkout", "customer=c-42", "--source", definition).splitlines()
    rungs = [line.split("\t") for line in lines if "\t" in line]
    winners = [rung for rung in rungs if rung[0] == "=>"]
    assert lines[0] == "new-checkout = true"
    assert [rung[1] for rung in rungs][:3] == ["flag", "kill", "customer"]
    assert len(winners) == 1 and winners[0][1:3] == ["customer", "answers"]
    assert winners[0][4] == f"{definition}:17:12"


def test_explain_locally_and_by_the_daemon_say_the_same(daemon: RunningDaemon, definition: Path) -> None:
    question = ["explain", "new-checkout", "email=a@example.com", "--json"]
    local = json.loads(succeeded(*question, "--source", definition))
    remote = json.loads(succeeded(*question, "--socket", daemon.socket))
    assert remote.pop("generation") == daemon.line["generation"]
    assert remote == local and [rung["winner"] for rung in local["rungs"]].count(True) == 1


def test_an_override_that_leads_nowhere_is_told_locally_and_by_the_daemon(tmp_path: Path) -> None:
    base, top = tmp_path / "base.yaml", tmp_path / "top.yaml"
    base.write_text("flags:\n  limit: {variants: {low: 1, high: 2}, defaultVariant: low}\n")
    top.write_text("overrides:\n  organization:\n    acme: {limit: hihg}\nkill: {limit: off}\n")
    sources = ["--source", base, "--source", top]
    question = ["explain", "limit", "organization=acme", "--json"]
    local = json.loads(succeeded(*question, *sources))
    with running_daemon(tmp_path, *sources) as daemon:
        remote = json.loads(succeeded(*question, "--socket", daemon.socket))
    assert remote.pop("generation") and remote == local
    told = {rung["name"]: rung for rung in local["rungs"]}
    assert told["kill"]["detail"] == "the kill is inactive: flag limit has no variant off"
    detail = 'the override for "acme" is inactive: flag limit has no variant hihg'
    assert told["organization"]["detail"] == detail and told["organization"]["origin"]["line"] == 3


def test_explain_of_an_unknown_flag_ends_with_1(daemon: RunningDaemon, definition: Path) -> None:
    for where in (["--source", definition], ["--socket", daemon.socket]):
        ended = run_command("explain", "nothing", *where)
        assert ended.returncode == 1 and "FLAG_NOT_FOUND" in ended.stdout


def test_explain_over_tcp_of_a_daemon_that_keeps_no_tokens_is_refused_with_a_reason(
    daemon: RunningDaemon,
) -> None:
    ended = run_command("explain", "new-checkout", "--address", daemon.http)
    assert ended.returncode == 1 and "this daemon keeps no tokens: ask over the Unix socket" in ended.stdout


def test_explain_on_a_terminal_is_a_table(definition: Path) -> None:
    with Terminal("explain", "new-checkout", "customer=c-42", "--source", definition) as terminal:
        code = terminal.end()
    shown = without_colour(terminal.output)
    assert code == 0 and "what it said" in shown and re.search(r"=>\s+customer\s+answers", shown)
