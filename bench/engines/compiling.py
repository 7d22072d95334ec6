"""How long Burgee takes to compile one flag, which its first evaluation pays for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from burgee.compiled import function_of
from burgee.snapshot import Snapshot
from engines import flagd_documents
from engines.burgee_native import rules_document, snapshot_of
from engines.engine import Question

KEYS: Mapping[str, str] = {"W2": "targeted", "W4": "ladder"}


def questions() -> dict[str, Question]:
    """By row: compile a flag anew."""
    snapshots: dict[str, Snapshot] = {
        "rules": snapshot_of(rules_document()),
        "flagd documents": snapshot_of(flagd_documents.document()),
    }
    found = {}
    for notation, snapshot in snapshots.items():
        for workload, key in KEYS.items():
            found[f"{workload}, {notation}"] = Question("compile()", {"compile": _compiling(snapshot, key)})
    return found


def _compiling(snapshot: Snapshot, key: str) -> Callable[[], Any]:
    (flag_set,) = snapshot.flag_sets.values()
    flag = flag_set.flags[key]

    def compile_anew() -> Any:
        flag_set.known_dependencies.clear()
        return function_of(snapshot, flag_set, flag)

    return compile_anew
