"""Burgee's core: flags, the ladder customer > organization > environment > default, and its answers.

Pure: no I/O, no clock, no threads. Read a document with :func:`burgee.definition.read`, compose layers with
:func:`burgee.composition.compose`, ask with :func:`burgee.evaluation.evaluate`.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:
    from burgee.composition import changes, compose
    from burgee.definition import read, read_layer, render
    from burgee.errors import BurgeeError, DefinitionError
    from burgee.evaluation import evaluate, evaluate_all
    from burgee.explanation import explain
    from burgee.fault import Fault
    from burgee.generation import Generation
    from burgee.layer import Definition, Layer
    from burgee.resolution import ErrorCode, Reason, Resolution
    from burgee.snapshot import Snapshot

__all__ = [
    "BurgeeError",
    "Definition",
    "DefinitionError",
    "ErrorCode",
    "Fault",
    "Generation",
    "Layer",
    "Reason",
    "Resolution",
    "Snapshot",
    "changes",
    "compose",
    "evaluate",
    "evaluate_all",
    "explain",
    "read",
    "read_layer",
    "render",
]

_HOMES = {
    "composition": ("changes", "compose"),
    "definition": ("read", "read_layer", "render"),
    "errors": ("BurgeeError", "DefinitionError"),
    "evaluation": ("evaluate", "evaluate_all"),
    "explanation": ("explain",),
    "fault": ("Fault",),
    "generation": ("Generation",),
    "layer": ("Definition", "Layer"),
    "resolution": ("ErrorCode", "Reason", "Resolution"),
    "snapshot": ("Snapshot",),
}


def __getattr__(name: str) -> object:
    """Import what is named when it is first used: a remote provider never reads a definition."""
    for module, names in _HOMES.items():
        if name in names:
            found: object = getattr(_import_module(f"burgee.{module}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
