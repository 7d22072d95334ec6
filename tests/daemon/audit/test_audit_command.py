"""`burgee audit` on a store that no daemon has open: verdicts as exit codes, search, export, prune, erase."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import shutil
import stat
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from burgeed.audit.anchor import FileAnchor
from burgeed.audit.keys import open_keys
from burgeed.cli import main
from burgeed.control.schema import MIGRATIONS
from tests.daemon.audit.logs import last_note, log_at, make_log, tamper
from tests.daemon.cli.running import Ended
from tests.support.daemon import run_command

COUNT = 30


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory with a store of the control plane, and an anchor beside it."""
    state = tmp_path_factory.mktemp("state")
    make_log(state / "burgee.db", COUNT, migrations=MIGRATIONS, most_entries=10)
    FileAnchor(state / "anchor").put(last_note(state / "burgee.db"), COUNT)
    return state


@pytest.fixture
def state(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "state"))


def audit(name: str, state: Path, *arguments: object) -> Ended:
    """The command in this very process."""
    out, error = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        code = main(["audit", name, "--state-dir", str(state), *map(str, arguments)])
    return Ended(code, out.getvalue(), error.getvalue())


def audit_process(name: str, state: Path, *arguments: object) -> Ended:
    """The command as a process of its own."""
    ended = run_command("audit", name, "--state-dir", state, *arguments)
    assert "Traceback" not in ended.stderr
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def succeeded(name: str, state: Path, *arguments: object) -> str:
    ended = audit(name, state, *arguments)
    assert ended.returncode == 0, ended
    return ended.stdout


def failed(code: int, name: str, state: Path, *arguments: object) -> str:
    ended = audit(name, state, *arguments)
    assert ended.returncode == code, ended
    return ended.stderr


def test_an_untouched_log_is_ok_without_a_key_and_nothing_is_written_to_verify_it(state: Path) -> None:
    for name in ("audit-master.key", "audit-signing.key"):
        (state / name).unlink()
    before = {each.name: (each.stat().st_mtime_ns, each.read_bytes()) for each in state.iterdir()}
    ended = audit_process("verify", state, "--anchor", state / "anchor", "--json")
    found = json.loads(ended.stdout)
    assert (ended.returncode, found["verdict"], found["last"], found["anchored"]) == (0, "ok", COUNT, COUNT)
    assert {each.name: (each.stat().st_mtime_ns, each.read_bytes()) for each in state.iterdir()} == before


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["hold", "case 7"], "ask that daemon: burgee audit running hold 'case 7'"),
        (["release", "case-7"], "ask that daemon: burgee audit running release case-7"),
        (["prune"], "ask that daemon: burgee audit running prune"),
        (
            ["erase", "person", "ann", "--legal-basis", "x"],
            "ask that daemon: burgee audit running erase person ann",
        ),
        (["rotate", "new.key"], "burgee audit running rewrap"),
        (["accept"], "stop that daemon"),
    ],
)
def test_a_log_that_a_daemon_has_open_is_not_written_and_nobody_is_asked_but_told_how_to_ask_the_daemon(
    state: Path, command: list[str], told: str
) -> None:
    daemon = os.open(state / "burgee.db.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(daemon, fcntl.LOCK_EX)
        # Without --yes: what cannot be done is not asked about.
        said = failed(1, command[0], state, *command[1:], "--reason", "litigation")
    finally:
        os.close(daemon)
    assert "in use by another daemon" in said and told in said and "Go on?" not in said


@pytest.mark.parametrize(
    "command",
    [
        ["prune"],
        ["erase", "person", "alice", "--legal-basis", "x"],
        ["release", "case-7"],
        ["rotate", "new.key"],
        ["accept"],
    ],
)
def test_where_nobody_can_be_asked_a_yes_has_to_be_said(state: Path, command: list[str]) -> None:
    before = (state / "burgee.db").read_bytes()
    said = failed(2, command[0], state, *command[1:], "--reason", "r")
    assert "Go on? --yes says so where nobody can be asked" in said
    assert (state / "burgee.db").read_bytes() == before


def test_what_is_done_is_told_as_json_too(state: Path, tmp_path: Path) -> None:
    def told(name: str, *arguments: object) -> Any:
        return json.loads(succeeded(name, state, *arguments, "--json"))

    why, new = ["--reason", "yearly", "--yes"], tmp_path / "new.pem"
    assert told("hold", "case-7", *why) == {"name": "case-7", "isNew": True}
    assert told("release", "case-7", *why) == {"name": "case-7"}
    assert told("accept", *why) == {"seq": None, "unmet": []}
    rotated = told("rotate", "--signing", new, *why)
    assert rotated["epoch"] == 2 and rotated["installed"] == str(state / "audit-signing.key")
    assert told("rotate", "--signing", new, *why) == {"file": str(new), "installed": rotated["installed"]}
    assert told("rotate", tmp_path / "new.key", *why)["keys"] > 0
    sealed = state / "audit-master.key"
    sealed.write_bytes((tmp_path / "new.key").read_bytes())
    erased = told("erase", "person", "alice", "--legal-basis", "x", *why)
    assert erased["found"] is True and len(erased["subjectId"]) == 32 and erased["left"] == []


def test_a_state_directory_without_a_log_is_told_with_the_option_that_names_it(tmp_path: Path) -> None:
    for command in ("search", "export"):
        said = failed(1, command, tmp_path / "nowhere")
        assert "cannot be opened" in said and "--state-dir" in said


def test_a_changed_entry_is_exit_code_1_and_named(state: Path) -> None:
    tamper(state / "burgee.db", "UPDATE audit_entries SET entry = entry || x'00' WHERE seq = 12")
    ended = audit_process("verify", state)
    assert ended.returncode == 1 and "first bad entry: 12" in ended.stdout


def test_a_log_shorter_than_its_anchor_is_exit_code_2(state: Path) -> None:
    tamper(state / "burgee.db", "DELETE FROM audit_entries WHERE seq > 25", "DELETE FROM audit_checkpoints")
    ended = audit_process("verify", state, "--anchor", state / "anchor")
    assert ended.returncode == 2 and "ends with entry 25" in ended.stdout


def test_a_missing_master_key_is_exit_code_3(state: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    other.write_bytes(b"k" * 32)
    other.chmod(0o600)
    assert audit("verify", state, "--decrypt").returncode == 0
    ended = audit_process("verify", state, "--decrypt", "--audit-key-file", other)
    assert ended.returncode == 3 and "master key" in ended.stdout


def test_another_history_than_the_anchors_is_exit_code_4(state: Path, tmp_path: Path) -> None:
    keys = open_keys(state, {})
    other = make_log(tmp_path / "other" / "burgee.db", COUNT, keys=keys, migrations=MIGRATIONS)
    (state / "burgee.db").write_bytes(other.read_bytes())
    assert audit_process("verify", state, "--anchor", state / "anchor").returncode == 4
    assert audit("verify", state).returncode == 0


def test_two_copies_of_one_log_that_went_on_apart_are_exit_code_4(state: Path, tmp_path: Path) -> None:
    keys = open_keys(state, {})
    other = Path(shutil.copy2(state / "burgee.db", tmp_path / "copy.db"))
    for path in (state / "burgee.db", other):
        make_log(path, 5, keys=keys, migrations=MIGRATIONS)
    ended = audit("verify", state, "--against", other)
    assert ended.returncode == 4 and "another history" in ended.stdout


def test_what_cannot_be_verified_is_exit_code_5(tmp_path: Path) -> None:
    assert audit("verify", tmp_path).returncode == 5


def test_the_key_that_a_log_has_to_be_signed_with_can_be_pinned(state: Path) -> None:
    shown = audit("verify", state).stdout
    [key] = [line.removeprefix("key: ") for line in shown.splitlines() if line.startswith("key: ")]
    assert audit("verify", state, "--public-key", key).returncode == 0
    assert audit("verify", state, "--public-key", "00" * 32).returncode == 4
    assert "public key" in failed(2, "verify", state, "--public-key", "x")


def test_search_shows_records_newest_first_and_filters(state: Path) -> None:
    lines = audit("search", state).stdout.splitlines()
    assert len(lines) == COUNT and lines[0].startswith("30\t") and "ticket 29" in lines[0]
    assert "patch.phase2.enhancedStorage\tfalse\ttrue" in lines[0]
    records = json.loads(audit("search", state, "--scope", "c-42", "--action", "override.*", "--json").stdout)
    assert len(records) == COUNT and records[0]["scope"] == "c-42"
    assert audit("search", state, "--actor", "mallory").stdout == "no entry is so\n"


def test_an_export_is_verified_as_the_log_is(state: Path, tmp_path: Path) -> None:
    export = tmp_path / "export.jsonl"
    export.write_text(audit("export", state).stdout)
    assert audit("verify", state, "--export", export, "--anchor", state / "anchor").returncode == 0
    lines = export.read_text().splitlines(keepends=True)
    first = next(at for at, line in enumerate(lines) if '"type":"entry"' in line)
    for changed, code in (
        (lines[: first + 10] + lines[first + 11 :], 1),
        ([*lines[:first], lines[first + 1], lines[first], *lines[first + 2 :]], 1),
        (lines[: first + 2] + lines[first + 1 :], 1),
        (lines[:-6], 2),
    ):
        export.write_text("".join(changed))
        assert audit("verify", state, "--export", export).returncode == code


def test_an_excerpt_is_never_ok_since_nothing_vouches_for_its_entries(state: Path, tmp_path: Path) -> None:
    export = tmp_path / "export.jsonl"
    export.write_text(audit("export", state, "--since", "2027-01-15T08:00:02Z").stdout)
    ended = audit("verify", state, "--export", export)
    assert ended.returncode == 5 and "excerpt" in ended.stdout
    export.write_text(export.read_text().replace('"seq":25,', '"seq":26,', 1))
    assert audit("verify", state, "--export", export).returncode == 1
    whole = audit("export", state).stdout.splitlines(keepends=True)
    # Who takes entries out of a whole export cannot have it pass for an excerpt that is sound.
    said = [whole[0].replace('"complete":true', '"complete":false'), *whole[1:15], *whole[17:]]
    export.write_text("".join(said))
    assert audit("verify", state, "--export", export, "--anchor", state / "anchor").returncode == 5


def test_a_line_of_an_export_with_a_value_of_another_type_is_exit_code_1(state: Path, tmp_path: Path) -> None:
    lines = audit("export", state).stdout.splitlines(keepends=True)
    export = tmp_path / "export.jsonl"
    for at, line in enumerate(lines):
        document = json.loads(line)
        if document["type"] not in ("segment", "checkpoint"):
            continue
        for name in document.keys() & {"id", "size", "closed", "kid", "peaks", "note", "firstSeq"}:
            for value in ("x", [], 1.5, {}):
                changed = json.dumps({**document, name: value}) + "\n"
                export.write_text("".join([*lines[:at], changed, *lines[at + 1 :]]))
                assert audit("verify", state, "--export", export).returncode == 1, (name, value)


def test_a_uri_that_is_none_is_told_without_its_password(tmp_path: Path) -> None:
    said = failed(5, "verify", tmp_path, "--store", "postgresql://bob:s3cr%et@127.0.0.1:1/shop")
    assert "percent-encoded" in said and "s3cr" not in said


def test_what_cannot_be_opened_is_exit_code_5_in_one_line(state: Path, tmp_path: Path) -> None:
    for option in ("--against", "--anchor", "--export", "--seal-key"):
        said = failed(5, "verify", state, option, tmp_path / "nowhere")
        assert said.startswith("burgee: ") and "No such file" in said and said.count("\n") == 1


def test_csv_cells_are_no_formulas(tmp_path: Path) -> None:
    state = tmp_path / "state"
    fields = {"reason": '=cmd|" /C calc"!A0', "scope": "@SUM(1)", "new": "-2+3"}
    make_log(state / "burgee.db", 1, migrations=MIGRATIONS, fields=fields)
    [row] = csv.DictReader(io.StringIO(audit("export", state, "--format", "csv").stdout))
    assert row["reason"] == "'" + fields["reason"] and row["scope"] == "'@SUM(1)" and row["new"] == "'-2+3"
    assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def test_erasing_takes_a_confirmation_and_shows_erased_from_then_on(state: Path) -> None:
    arguments = ["person", "alice", "--legal-basis", "GDPR Art. 17", "--reason", "request 7"]
    assert audit_process("erase", state, *arguments).returncode != 0
    rehearsed = succeeded("erase", state, *arguments, "--dry-run")
    assert rehearsed.startswith("would be erased, and nothing is: person alice, in 30 entries")
    assert "alice" in audit("search", state).stdout
    assert succeeded("erase", state, *arguments, "--yes").startswith("person alice is erased")
    records: list[dict[str, Any]] = json.loads(audit("search", state, "--json").stdout)
    assert records[0]["action"] == "audit.erase" and records[0]["detail"]["legalBasis"] == "GDPR Art. 17"
    assert {record["actor"] for record in records[1:]} == {"[erased]"}
    assert audit("verify", state, "--decrypt", "--anchor", state / "anchor").returncode == 0
    assert "nothing is known of person alice" in failed(1, "erase", state, *arguments, "--yes")


def test_pruning_keeps_what_is_younger_and_a_hold_forbids_it(state: Path) -> None:
    # The entries are of January 2027, in the future of a machine whose clock is right: none is old enough.
    why = ["--reason", "yearly", "--yes"]
    assert succeeded("prune", state, *why) == "0 segments with 0 entries are pruned\n"
    assert "hold" in succeeded("hold", state, "case-7", *why)
    assert "case-7" in failed(1, "prune", state, *why)
    assert "case-7" in failed(1, "erase", state, "person", "alice", "--legal-basis", "x", *why)
    assert "released" in succeeded("release", state, "case-7", *why)
    pruned = json.loads(succeeded("prune", state, *why, "--json"))
    assert pruned == {"segments": 0, "entries": 0, "through": 0, "dryRun": False}


def test_strict_mode_asks_for_a_second_person_who_is_another(state: Path) -> None:
    why = ["--audit-mode", "strict", "--reason", "yearly", "--yes"]
    assert "two persons" in failed(1, "prune", state, *why)
    assert "first" in failed(1, "prune", state, *why, "--second", f"uid:{os.getuid()}")


def test_a_rotated_master_key_is_the_only_one_needed(state: Path, tmp_path: Path) -> None:
    new = tmp_path / "keys" / "new.key"
    succeeded("rotate", state, new, "--reason", "yearly", "--yes")
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    (state / "audit-master.key").unlink()
    assert audit("verify", state, "--decrypt", "--audit-key-file", new).returncode == 0
    assert len(audit("search", state, "--audit-key-file", new).stdout.splitlines()) == COUNT + 1


async def test_a_store_that_is_open_is_read_and_not_written(tmp_path: Path) -> None:
    async with log_at(tmp_path / "burgee.db", migrations=MIGRATIONS) as log:
        await log.fill(5)
        import asyncio

        verifying = await asyncio.to_thread(audit, "verify", tmp_path, "--decrypt")
        assert verifying.returncode == 0 and "entries: 1 to 5" in verifying.stdout
        pruning = await asyncio.to_thread(audit, "prune", tmp_path, "--reason", "r", "--yes")
        assert pruning.returncode == 1
        await log.fill(5)


def test_a_new_signing_key_is_vouched_for_and_put_in_place_even_after_a_crash(
    state: Path, tmp_path: Path
) -> None:
    pinned = json.loads(succeeded("verify", state, "--json"))["public_key"]
    new, former = tmp_path / "signing.pem", (state / "audit-signing.key").read_bytes()
    why = ["--reason", "yearly", "--yes"]
    told = succeeded("rotate", state, "--signing", new, "--kind", "ecdsa-p256", *why)
    assert f"signs from entry {COUNT + 2} on" in told
    assert new.read_bytes().startswith(b"-----BEGIN PRIVATE KEY")
    # Cut short before the key was put in place: the daemon could not write, and the command goes on.
    (state / "audit-signing.key").write_bytes(former)
    assert "another key" in failed(1, "hold", state, "case", *why)
    succeeded("rotate", state, "--signing", new, *why)
    assert (state / "audit-signing.key").read_bytes() == new.read_bytes()
    succeeded("hold", state, "case", *why)
    now = json.loads(succeeded("verify", state, "--json"))["public_key"]
    for key in (pinned, now):
        assert audit("verify", state, "--public-key", key, "--anchor", state / "anchor").returncode == 0
    assert (
        now != pinned
        and failed(2, "rotate", state, *why)
        and failed(2, "rotate", state, new, "--signing", new, *why)
    )


def test_a_sealed_log_is_checked_with_the_key_that_the_auditor_took(state: Path, tmp_path: Path) -> None:
    strict = ["--audit-mode", "strict", "--reason", "litigation", "--yes"]
    for name in ("one", "other"):
        succeeded("hold", state, name, *strict, "--audit-anchor", f"file:{state / 'anchor'}")
    key = tmp_path / "first.key"
    assert "move it off" in succeeded("seal-key", state, key)
    assert "before" in failed(1, "seal-key", state, tmp_path / "again")
    assert f"sealed through: {COUNT + 2}" in succeeded("verify", state, "--seal-key", key)
    tamper(state / "burgee.db", "DELETE FROM audit_seals WHERE number = 0")
    assert audit("verify", state, "--seal-key", key).returncode == 1
    assert audit("verify", state, "--seal-key", state / "anchor").returncode == 5


def test_there_is_nothing_to_accept_of_a_log_that_is_what_was_signed(state: Path) -> None:
    said = succeeded("accept", state, "--reason", "to be sure", "--yes")
    assert "nothing to accept" in said and json.loads(succeeded("verify", state, "--json"))["last"] == COUNT


def test_a_log_put_back_is_written_to_by_no_command_until_it_is_accepted(state: Path, tmp_path: Path) -> None:
    why = ["--reason", "litigation", "--yes"]
    shutil.copy2(state / "burgee.db", tmp_path / "older.db")
    succeeded("hold", state, "case", *why)
    shutil.copy2(tmp_path / "older.db", state / "burgee.db")
    assert "was shortened" in failed(1, "hold", state, "case", *why)
    assert f"entry {COUNT + 1} tells of it" in succeeded("accept", state, *why)
    succeeded("hold", state, "case", *why)
