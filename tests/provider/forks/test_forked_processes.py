"""Parents and children see the next change, whoever forked whom and how; nothing hangs, nothing is shared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.provider.forks.conftest import Sidecar, application, every_way, late_sidecar, some_ways

SEEN_WITHIN = 15.0
"""Seconds from a change to the last of several processes that sees it, two cores shared with other tests."""


@some_ways
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_multiprocessing_see_the_next_change(sidecar: Sidecar, way: str, method: str) -> None:
    with application(sidecar, way, "multiprocessed", method) as running:
        everybody = ["parent", "child", "child"]
        running.wait_for_phase("one", everybody)
        sidecar.set_phase("two")
        assert running.wait_for_phase("two", everybody) < SEEN_WITHIN
        sidecar.set_phase("end")
        running.wait_for_phase("end", everybody)
        running.ends_well()


@every_way
def test_workers_of_a_task_queue_see_the_next_change(sidecar: Sidecar, way: str) -> None:
    with application(sidecar, way, "prefork") as running:
        children = ["child 0", "child 1", "child 2"]
        running.wait_for_phase("one", children)
        sidecar.set_phase("two")
        assert running.wait_for_phase("two", children) < SEEN_WITHIN
        sidecar.set_phase("end")
        running.wait_for_phase("end", ["parent"])
        running.ends_well()


@every_way
def test_forks_from_threads_while_others_evaluate_mix_up_nothing(sidecar: Sidecar, way: str) -> None:
    with application(sidecar, way, "threaded") as running:
        told = running.line(lambda line: "forks" in line or "mixed" in line)
        assert (told["forks"], told["worst"], told["phase"]) == (20, 0, "one")
        running.ends_well()


@every_way
@pytest.mark.parametrize("how", ["by itself", pytest.param("postfork", marks=pytest.mark.long)])
def test_a_child_and_a_grandchild_share_no_connection_and_follow_for_themselves(
    sidecar: Sidecar, way: str, how: str
) -> None:
    with application(sidecar, way, "lineage", how) as running:
        told = running.line(lambda line: "shared" in line)
        assert told["shared"] == 0
        if how == "postfork":
            assert running.line(lambda line: "follows" in line)["follows"] is True
        everybody = ["parent", "child", "grandchild"]
        running.wait_for_phase("one", everybody)
        sidecar.set_phase("two")
        assert running.wait_for_phase("two", everybody) < SEEN_WITHIN
        sidecar.set_phase("end")
        running.wait_for_phase("end", everybody)
        assert running.line(lambda line: "threads" in line)["threads"] == 1
        running.ends_well()


@some_ways
def test_a_start_that_a_fork_cut_off_is_made_up_for_in_each_child(tmp_path: Path, way: str) -> None:
    with late_sidecar(tmp_path) as sidecar, application(sidecar, way, "unready") as running:
        for _ in range(2):
            assert running.line(lambda line: "status" in line)["status"] == "NOT_READY"
        everybody = ["parent", "child 0", "child 1"]
        for phase in ("one", "two", "end"):
            sidecar.set_phase(phase)
            assert running.wait_for_phase(phase, everybody) < SEEN_WITHIN
        running.ends_well()


def test_programs_that_uvloop_runs_disturb_nothing(sidecar: Sidecar) -> None:
    with application(sidecar, "remote-socket", "subprocesses") as running:
        told = running.line(lambda line: "codes" in line)
        assert (told["phase"], told["codes"], told["same"]) == ("one", [0], True)
        sidecar.set_phase("end")
        assert running.line(lambda line: line.get("phase") == "end")["known"] is True
        running.ends_well()
