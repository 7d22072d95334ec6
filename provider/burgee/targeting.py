"""The plain interpreter of targeting expressions: obviously right before it is fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from burgee.answer import Answer, serve
from burgee.bucket import FractionalVersion
from burgee.context import TARGETING_KEY, Context
from burgee.expression import IF, Expression, ListOf, Literal, Operation, Variable
from burgee.fault import Path, path_text
from burgee.flag import Flag, Segment
from burgee.fractional import fractional
from burgee.javascript import UNDEFINED, ComputationTooLarge, number_text, to_number, truthy
from burgee.matching import holds
from burgee.operations import SIMPLE, look_up, missing, variable
from burgee.reads import FLAGD
from burgee.resolution import ErrorCode, Reason
from burgee.snapshot import FlagSet
from burgee.value import shown

STEP_LIMIT: Final = 100_000


def target(
    flag: Flag, expression: Expression, flag_set: FlagSet, context: Context, now: float
) -> tuple[Answer | None, str, Path]:
    """Answer with the variant that targeting names; None where it gives null.

    As flagd answers: a boolean or a number names the variant that is written so, anything else that is no
    variant is the error GENERAL.

    Returns:
        The answer, words for it, and the way to the branch that gave it: the operands of each `if` on it.
    """
    data = {**context, FLAGD: {"flagKey": flag.key, "timestamp": int(now)}}
    targeting = Targeting(flag.key, data, flag_set.segments, flag_set.fractional_version)
    branch: Path = ()
    try:
        branch, chosen = targeting.branch(expression, data)
        result = None if chosen is None else targeting.value(chosen, data)
    except ComputationTooLarge as error:
        return *_unusable(str(error)), branch
    answer, detail = answer_for(flag, result)
    if chosen is None:
        detail += ", since no condition holds"
    return answer, f"{path_text(branch)}: {detail}" if branch else detail, branch


def answer_for(flag: Flag, result: object) -> tuple[Answer | None, str]:
    """The answer for what targeting gave, see :func:`target`."""
    if result is None or result is UNDEFINED:
        return None, "targeting gives null"
    name = variant_name(result)
    if name is None or name not in flag.variants:
        return _unusable(
            f"targeting of flag {shown(flag.key)} gives {shown(result)}, which is no variant of it"
        )
    return serve(flag, name, Reason.TARGETING_MATCH, "default"), f"targeting gives {name}"


def variant_name(result: object) -> str | None:
    """The variant that a result names: text as it is, a boolean or a number as JSON writes it."""
    if isinstance(result, str):
        return result
    if isinstance(result, bool):
        return "true" if result else "false"
    return number_text(result) if isinstance(result, int | float) else None


def _unusable(message: str) -> tuple[Answer, str]:
    return Answer(Reason.ERROR, "default", error=(ErrorCode.GENERAL, message)), message


@dataclass(slots=True)
class Targeting:
    """One evaluation of targeting for one flag, context and instant.

    Attributes:
        data: the context with ``$flagd`` laid over it.
        steps: what is left of STEP_LIMIT; loops over a context's lists must not hold anyone up.
    """

    flag_key: str
    data: Mapping[str, Any]
    segments: Mapping[str, Segment]
    fractional_version: FractionalVersion
    steps: int = STEP_LIMIT

    def value(self, expression: Expression, data: Any) -> Any:
        """Evaluate an expression.

        Args:
            data: what ``var`` sees: the context, or an item within ``map`` and its kin.

        Raises:
            ComputationTooLarge: more than STEP_LIMIT expressions were evaluated, or a result is too large.
        """
        self._count()
        match expression:
            case Literal(value):
                return value
            case Variable(path, default):
                found = look_up(data, path)
                return self.value(default, data) if found is UNDEFINED else found
            case ListOf(items):
                return [self.value(item, data) for item in items]
            case Operation(operator, operands):
                return self._operation(operator, operands, data)
            case _:
                return holds(expression, data if isinstance(data, Mapping) else {}, self.segments)

    def branch(self, expression: Expression, data: Any) -> tuple[Path, Expression | None]:
        """Go down every `if` that an expression consists of, to the operand whose value it gives.

        Returns:
            The way to that operand and the operand; to the last `if` and None where that has none to give.

        Raises:
            ComputationTooLarge: as :meth:`value`.
        """
        way: Path = ()
        while isinstance(expression, Operation) and expression.operator in IF:
            self._count()
            index = self._chosen(expression.operands, data)
            if index is None:
                return way, None
            way, expression = (*way, expression.operator, index), expression.operands[index]
        return way, expression

    def _count(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise ComputationTooLarge(f"targeting took more than {STEP_LIMIT} steps")

    def _operation(self, operator: str, operands: Sequence[Expression], data: Any) -> Any:
        match operator:
            case "if" | "?:":
                index = self._chosen(operands, data)
                return None if index is None else self.value(operands[index], data)
            case "and" | "or":
                result = None
                for operand in operands:
                    result = self.value(operand, data)
                    if truthy(result) is (operator == "or"):
                        break
                return result
            case "map" | "filter" | "all" | "none" | "some":
                return self._each(operator, operands, data)
            case "reduce":
                return self._reduce(operands, data)
        values = [self.value(operand, data) for operand in operands]
        match operator:
            case "var":
                return variable(data, values)
            case "missing":
                return missing(data, values)
            case "missing_some":
                return self._missing_some(data, values)
            case "fractional":
                key = data.get(TARGETING_KEY) if isinstance(data, Mapping) else None
                return fractional(values, self.flag_key, key, self.fractional_version)
        return SIMPLE[operator](values)

    def _chosen(self, operands: Sequence[Expression], data: Any) -> int | None:
        """Which operand of an `if` it gives: the one behind the first condition that holds, or the last."""
        for index in range(0, len(operands) - 1, 2):
            if truthy(self.value(operands[index], data)):
                return index + 1
        return len(operands) - 1 if len(operands) % 2 else None

    def _each(self, operator: str, operands: Sequence[Expression], data: Any) -> Any:
        items, logic = self.value(operands[0], data), operands[1]
        if not isinstance(items, list | tuple):
            items = []
        match operator:
            case "map":
                return [self.value(logic, item) for item in items]
            case "filter":
                return [item for item in items if truthy(self.value(logic, item))]
            case "all":
                return bool(items) and all(truthy(self.value(logic, item)) for item in items)
        found = any(truthy(self.value(logic, item)) for item in items)
        return found if operator == "some" else not found

    def _reduce(self, operands: Sequence[Expression], data: Any) -> Any:
        items, logic = self.value(operands[0], data), operands[1]
        accumulator = self.value(operands[2], data) if len(operands) > 2 else None
        for item in items if isinstance(items, list | tuple) else []:
            accumulator = self.value(logic, {"current": item, "accumulator": accumulator})
        return accumulator

    def _missing_some(self, data: Any, values: Sequence[Any]) -> Any:
        wanted, keys = values
        absent = missing(data, keys if isinstance(keys, list | tuple) else [keys])
        present = to_number(look_up(keys, ("length",))) - len(absent)
        return [] if present >= to_number(wanted) else absent
