"""What a document expects of its own flags: ``tests``, run against what is composed; never served."""

from __future__ import annotations

from burgee.expectations.coverage import Coverage, NeverServed, coverage_of
from burgee.expectations.expectation import Expectation
from burgee.expectations.naming import misnamed
from burgee.expectations.running import Difference, Verdict, run

__all__ = [
    "Coverage",
    "Difference",
    "Expectation",
    "NeverServed",
    "Verdict",
    "coverage_of",
    "misnamed",
    "run",
]
