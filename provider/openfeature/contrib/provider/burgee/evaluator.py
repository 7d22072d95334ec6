"""What it takes to answer here: snapshots are read, and asked.

Nothing imports this before there is a snapshot to read. Who only asks the daemon does without, and starts in
less than half of the time and the memory; who has read one asks it without waiting for an import.
"""

from __future__ import annotations

from burgee.evaluation import evaluate, function_for
from burgee.snapshot_bytes import read, read_header

__all__ = ["evaluate", "function_for", "read", "read_header"]
