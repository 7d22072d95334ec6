"""Flags compiled: each flag's tree becomes one Python function the first time it is asked.

What it returns are answers made beforehand. The interpreter (:mod:`burgee.ladder`) says the same, slower, and
is asked wherever a value is of a type that the fast path does not expect.
"""

from __future__ import annotations

from burgee.compiled.flags import function_of

__all__ = ["function_of"]
