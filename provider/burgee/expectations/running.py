"""Running an expectation: the answer beside what was expected of it, and why it is the answer."""

from __future__ import annotations

from typing import Any, NamedTuple

from burgee.evaluation import evaluate
from burgee.expectations.expectation import Expectation
from burgee.explanation import Explanation, Rung, explain
from burgee.resolution import Resolution
from burgee.selector import ANY, Selector
from burgee.snapshot import Snapshot
from burgee.value import fingerprint

_IN_METADATA = {"source": "burgee.source", "scope": "burgee.scope", "rule": "burgee.rule"}


class Difference(NamedTuple):
    """One field of an answer that is not as expected.

    Attributes:
        actual: None where the answer has none.
    """

    field: str
    expected: Any
    actual: Any


class Verdict(NamedTuple):
    """How an expectation came out.

    Attributes:
        time: Unix seconds that it was evaluated at.
        selector: what showed its flag.
        resolution: what a client would be told.
        differences: none where it is met.
    """

    expectation: Expectation
    time: float
    selector: Selector
    resolution: Resolution
    explanation: Explanation
    differences: tuple[Difference, ...]

    @property
    def decided(self) -> Rung | None:
        """The rung that decided the answer."""
        return next((rung for rung in self.explanation.rungs if rung.winner), None)


def run(snapshot: Snapshot, expectation: Expectation, *, now: float) -> Verdict:
    """Evaluate for one expectation.

    Args:
        now: Unix seconds, for an expectation that states no time.
    """
    time = now if expectation.time is None else expectation.time
    selector = selector_of(snapshot, expectation)
    asked = (snapshot, expectation.flag_key, expectation.context)
    resolution = evaluate(*asked, now=time, selector=selector)
    explanation = explain(*asked, now=time, selector=selector)
    differences = tuple(
        Difference(field, expected, actual)
        for field, expected in expectation.expected.items()
        if not _same(field, expected, actual := _actual(field, resolution), resolution)
    )
    return Verdict(expectation, time, selector, resolution, explanation, differences)


def selector_of(snapshot: Snapshot, expectation: Expectation) -> Selector:
    """Shows the flag set of the expectation's own document where that has the flag, else all."""
    own = Selector(flag_set_id=expectation.flag_set_id)
    return own if snapshot.candidates(expectation.flag_key, own) else ANY


def _actual(field: str, resolution: Resolution) -> Any:
    match field:
        case "value":
            return resolution.value if resolution.has_value else None
        case "variant":
            return resolution.variant
        case "reason":
            return str(resolution.reason)
        case "error":
            return None if resolution.error_code is None else str(resolution.error_code)
        case "codeDefault":
            return not resolution.has_value and resolution.error_code is None
    return resolution.metadata.get(_IN_METADATA[field])


def _same(field: str, expected: Any, actual: Any, resolution: Resolution) -> bool:
    if field == "value" and resolution.flag_type == "float" and type(expected) is int:
        # As in variants: an integer is widened where the flag's type is float.
        expected = float(expected)
    return fingerprint(expected) == fingerprint(actual)
