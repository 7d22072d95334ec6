"""The daemon is killed and comes back, again and again, while threads and tasks ask without a pause."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.provider.faults.restarting import restart_under_load

LONGEST_RECOVERY = 1.0
"""Seconds from the daemon's readiness to its first answer, on a machine that runs nothing else."""


@pytest.mark.usefixtures("openfeature_api")
@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_a_daemon_that_is_killed_under_load_gives_no_wrong_answer_and_is_missed_for_a_moment_only(
    tmp_path: Path, transport: str
) -> None:
    outcome = restart_under_load(tmp_path, 3, transport, deadline=0.5, longest=10 * LONGEST_RECOVERY)
    assert outcome.account.wrong == []
    assert len(outcome.recoveries) == 3
    assert outcome.account.reasons["STALE"] > 0
    assert outcome.account.reasons["ERROR"] == 0
    assert outcome.account.longest < 0.5 + 5.0


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("openfeature_api")
@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_a_hundred_deaths_are_survived(
    tmp_path: Path, transport: str, capsys: pytest.CaptureFixture[str]
) -> None:
    times = int(os.environ.get("BURGEE_RESTARTS", "100"))
    outcome = restart_under_load(tmp_path, times, transport, deadline=0.5, longest=LONGEST_RECOVERY)
    with capsys.disabled():
        print(f"\n{transport}: {outcome}")
    assert outcome.account.wrong == []
    assert len(outcome.recoveries) == times
    assert outcome.account.reasons["ERROR"] == 0
