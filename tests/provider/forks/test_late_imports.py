"""Modules that are imported late, by a call or by a thread of the provider's own, and forks meanwhile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, signal, sys, threading, time
from openfeature.contrib.provider.burgee import BurgeeProvider

under_way, forking = threading.Event(), threading.Event()

class SlowToFind:
    def find_spec(self, name, path=None, target=None):
        if name == "burgee.ladder" and not under_way.is_set():
            under_way.set()
            forking.wait(30)
            time.sleep(0.3)  # so that a fork which does not wait comes first
        return None

def value():
    provider = BurgeeProvider("http://127.0.0.1:9", bootstrap=sys.argv[1])
    return provider.resolve_string_details("flag", "none").value

sys.meta_path.insert(0, SlowToFind())
os.register_at_fork(before=forking.set)
thread = threading.Thread(target=value)
thread.start()
assert under_way.wait(30)
child = os.fork()
if child == 0:
    signal.alarm(30)
    os._exit(0 if value() == "kept" else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
thread.join()
"""


def test_a_child_that_is_forked_during_an_import_can_import_the_same(tmp_path: Path) -> None:
    definition = tmp_path / "flags.json"
    definition.write_text('{"flags": {"flag": {"variants": {"on": "kept"}, "defaultVariant": "on"}}}')
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(definition)],
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert (done.stdout.strip(), done.stderr) == ("0", "")
