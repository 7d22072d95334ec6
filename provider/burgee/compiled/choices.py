"""Long choices of flagd's targeting: an `if` of many branches, cut in slices as long lists of rules are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from burgee.compiled.builder import PARTS_LIMIT, Builder, NotCompiled
from burgee.compiled.occurrences import parts
from burgee.compiled.slices import SLICE_PARTS
from burgee.compiled.targeting import TargetingWriter
from burgee.expression import Expression, Literal, Operation
from burgee.resolution import Resolution
from burgee.snapshot import Function

_UNANSWERED: Final = "none of these branches"
"""What stands behind the branches of a slice; told from a document's own text by identity."""


class BranchWriter(TargetingWriter):
    """Writes a slice of a choice: statements that return None where none of its branches is taken."""

    def _result(self, value: Any) -> Resolution:
        if value is _UNANSWERED:
            return cast("Resolution", None)
        return super()._result(value)


def choices_of(expression: Expression) -> list[Expression]:
    """The expression; a choice with more than PARTS_LIMIT parts as choices to be asked in turn.

    Each but the last is to be written by a :class:`BranchWriter`.
    """
    match expression:
        case Operation("if" | "?:" as operator, operands) if parts(expression) > PARTS_LIMIT:
            pairs = len(operands) // 2 * 2
            found: list[Expression] = []
            begin, count = 0, 0
            for index in range(0, pairs, 2):
                size = parts(operands[index]) + parts(operands[index + 1])
                if count + size > SLICE_PARTS and index > begin:
                    found.append(Operation(operator, (*operands[begin:index], Literal(_UNANSWERED))))
                    begin, count = index, 0
                count += size
            return [*found, Operation(operator, operands[begin:])]
    return [expression]


def compiled_choice(
    expression: Expression,
    writer: Callable[[Builder], TargetingWriter],
    builder: Builder,
    interpret: Function,
) -> Function:
    """The function of one slice; the whole flag is interpreted where it cannot be compiled."""
    try:
        writer(builder).write(expression)
        return builder.function(interpret)
    except (NotCompiled, RecursionError):
        return interpret
