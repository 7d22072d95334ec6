"""docs/guides/telemetry.md: what it sends is taken, and it names every option there is."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest
from openfeature.contrib.provider.burgee import tracking, tracking_queue, tracking_sender
from openfeature.contrib.provider.burgee.hooks import EvaluationEventHook, MetricsHook

from burgee.wire.tracking import MOST_EVENTS
from tests.support.daemon import REPOSITORY, running_daemon

GUIDE = (REPOSITORY / "docs" / "guides" / "telemetry.md").read_text()


def test_the_guides_request_is_accepted(tmp_path: Path) -> None:
    [body] = re.findall(r"sync/v1/track .*-d '(.*?)'\n", GUIDE, re.DOTALL)
    (tmp_path / "flags.yaml").write_text("flags: {}\n")
    with running_daemon(tmp_path, "--source", tmp_path / "flags.yaml") as daemon:
        reply = daemon.request("POST", "/sync/v1/track", json.loads(body), over=daemon.http)
        assert (reply.status, reply.body) == (202, b'{"accepted":1}')
        assert daemon.status()["tracking"]["byName"] == {"ordered": 1}
    assert '{"accepted":1}' in GUIDE


@pytest.mark.parametrize("hook", [EvaluationEventHook, MetricsHook])
def test_every_option_of_a_hook_is_in_the_guide(hook: type) -> None:
    names = set(inspect.signature(hook).parameters) - {"clock"}
    assert [name for name in names if not re.search(rf"`(\w+\()?{name}\b", GUIDE)] == []


def test_the_bounds_are_those_of_the_code() -> None:
    for bound in (
        f"{tracking_queue.MOST_EVENTS:,}, or {tracking_queue.MOST_BYTES >> 20} MiB",
        f"{tracking.LARGEST_EVENT >> 10} KiB of JSON",
        f"{tracking_queue.BATCH_EVENTS} events or {tracking_queue.BATCH_BYTES >> 10} KiB",
        f"{tracking_sender.ATTEMPTS} of {tracking_sender.SEND_DEADLINE:g} s each",
        f"up to {tracking_sender.LONGEST_PAUSE:g} s;",
        f"up to {tracking.CLOSE_TIME:g} s,",
        f"up to {MOST_EVENTS:,} events",
    ):
        assert bound in GUIDE, bound
    assert tracking_sender.FLUSH_AFTER == 1.0
