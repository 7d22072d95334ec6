"""Burgee's core: flags, the ladder customer > organization > environment > default, and its answers.

Pure: no I/O, no clock, no threads. Read a document with :func:`burgee.definition.read`, compose layers with
:func:`burgee.composition.compose`, ask with :func:`burgee.evaluation.evaluate`.
"""

from __future__ import annotations

from burgee.composition import changes, compose
from burgee.definition import read, read_layer, render
from burgee.errors import BurgeeError, DefinitionError
from burgee.evaluation import evaluate, evaluate_all
from burgee.explanation import explain
from burgee.fault import Fault
from burgee.layer import Definition, Layer
from burgee.resolution import ErrorCode, Reason, Resolution
from burgee.snapshot import Generation, Snapshot

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
