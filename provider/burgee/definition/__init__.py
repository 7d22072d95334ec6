"""The definition language: documents read into definitions, with every fault, and written back."""

from __future__ import annotations

from burgee.definition.document import SourceDocument, read, read_layer
from burgee.definition.rendering import render

__all__ = ["SourceDocument", "read", "read_layer", "render"]
