"""Many flags: only those that are asked for cost anything."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.burgee.shared.file_system import FileSystems
from openfeature.contrib.provider.burgee.shared.place import SharedPlace
from openfeature.contrib.provider.burgee.shared.snapshot_file import current_snapshot
from openfeature.evaluation_context import EvaluationContext

from burgee.snapshot_bytes import flag_sets
from tests.provider.in_process import worker
from tests.provider.in_process.conftest import settle
from tests.support.runtime_directory import RuntimeDirectory

PRO = EvaluationContext("u-1", {"plan": "pro"})


def many(count: int) -> dict[str, Any]:
    """A definition with that many flags, and an override of each tenth."""
    rule = {"when": {"plan": "pro"}, "serve": "on"}
    return {
        "flags": {
            f"flag-{number:05}": {"defaultVariant": "off", "rules": [rule]} for number in range(count)
        },
        "overrides": {
            "organization": {
                f"o-{number}": {f"flag-{number:05}": "on"} for number in range(0, count, 10)
            }
        },
    }  # fmt: skip


def test_only_the_flags_that_are_asked_for_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []
    real = flag_sets.read_flag_record

    def counting(record: Any, key: str, *rest: Any) -> Any:
        decoded.append(key)
        return real(record, key, *rest)

    monkeypatch.setattr(flag_sets, "read_flag_record", counting)
    shared = RuntimeDirectory(tmp_path)
    shared.publish(many(2_000))
    provider = BurgeeProvider(f"unix://{tmp_path}/burgee.sock", resolver="in-process")
    for _ in range(3):
        for key in ("flag-00010", "flag-01999"):
            assert provider.resolve_boolean_details(key, False, PRO).value is True
        assert provider.resolve_boolean_details("flag-99999", False, PRO).error_code is not None
    assert sorted(decoded) == ["flag-00010", "flag-01999"]
    shared.publish(many(2_000))
    settle(provider)
    assert provider.resolve_boolean_details("flag-00010", False, PRO).value is True
    assert sorted(decoded) == ["flag-00010", "flag-00010", "flag-01999"]


@pytest.fixture(scope="module")
def fifty_thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shared = RuntimeDirectory(tmp_path_factory.mktemp("many"))
    shared.publish(many(50_000))
    return shared.path


@pytest.mark.long
def test_fifty_thousand_flags_are_read_in_a_millisecond(fifty_thousand: Path) -> None:
    place, file_systems = SharedPlace(fifty_thousand), FileSystems()
    fastest = 1.0
    for _ in range(20):
        began = time.process_time()
        current_snapshot(place, file_systems)
        fastest = min(fastest, time.process_time() - began)
    assert fastest < 0.001


@pytest.mark.long
def test_forked_workers_share_one_copy_of_fifty_thousand_flags(fifty_thousand: Path) -> None:
    address = f"unix://{fifty_thousand}/burgee.sock"
    ran = subprocess.run(
        [sys.executable, worker.__file__, address, "50000", "4"], capture_output=True, text=True, timeout=100
    )
    assert ran.returncode == 0, ran.stderr
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    size = (fifty_thousand / "snapshots" / "current").stat().st_size // 1024
    grown = [each["after"] - each["before"] for each in told]
    print(f"snapshot {size} kB; workers {told}")
    assert len(grown) == 4 and max(grown) < 4096 < size
