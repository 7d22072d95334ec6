"""`burgee up` where nothing can be kept."""

from __future__ import annotations

from pathlib import Path

from tests.support.daemon import clean_environment, run_command, running_daemon


def test_it_serves_without_a_store_and_says_what_to_do_about_it(tmp_path: Path) -> None:
    flags = tmp_path / "flags.yaml"
    flags.write_text("flags:\n  beta: {defaultVariant: on}\n")
    nowhere = clean_environment(XDG_STATE_HOME="/dev/null")
    with running_daemon(tmp_path, "up", flags, environment=nowhere, states_directory=False) as daemon:
        daemon.wait_ready()
        assert "adminToken" not in daemon.line
        assert daemon.evaluate("beta")["value"] is True
        refused = daemon.request("POST", "/admin/v1/flags/beta/toggle?reason=x")
        assert (refused.status, refused.document["type"]) == (409, "/problems/no-store")
        assert "--state-dir" in daemon.log


def test_a_store_that_was_asked_for_has_to_be_there(tmp_path: Path) -> None:
    flags = tmp_path / "flags.yaml"
    flags.write_text("flags:\n  beta: {defaultVariant: on}\n")
    where = ("--socket", tmp_path / "b.sock", "--listen", "none", "--state-dir", tmp_path / "state")
    ended = run_command("up", flags, "--store", "sqlite:/dev/null/burgee.db", *where)
    assert ended.returncode != 0 and "/dev/null/burgee.db" in ended.stderr
