"""Parts of targeting whose value is known before anybody asks: literals, and attributes the daemon fixes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from burgee.compiled.occurrences import LOOPS, Occurrences
from burgee.errors import BurgeeError
from burgee.expression import Expression, ListOf, Literal, Operation, Variable
from burgee.flag import Flag
from burgee.reads import FLAGD
from burgee.snapshot import FlagSet
from burgee.targeting import Targeting

STEP_LIMIT: Final = 20_000
"""What may be computed for one flag before it is first asked."""

_SCALARS: Final = frozenset((bool, int, float, str, type(None)))
_NOT_KNOWN: Final = LOOPS | {"fractional"}
"""Loops take long, names that are computed and the targeting key are the context's."""


class KnownParts:
    """Computes parts of a flag's targeting when it is compiled, by the interpreter.

    Args:
        fixed: the attributes that the daemon fixes.
    """

    def __init__(
        self, flag_set: FlagSet, flag: Flag, fixed: Mapping[str, Any], occurrences: Occurrences
    ) -> None:
        self._fixed = fixed
        self._occurrences = occurrences
        self._data = {**fixed, FLAGD: {"flagKey": flag.key}}
        self._targeting = Targeting(
            flag.key, self._data, flag_set.segments, flag_set.fractional_version, STEP_LIMIT
        )
        self._is_known: dict[int, bool] = {}
        self._simplified: dict[int, Expression] = {}

    def simplified(self, expression: Expression) -> Expression:
        """The literal that a part comes to; the part itself where it is not known, or no scalar."""
        if isinstance(expression, Literal | ListOf):
            return expression
        number = self._occurrences.number(expression)
        if number not in self._simplified:
            self._simplified[number] = self._computed(expression)
        return self._simplified[number]

    def _computed(self, expression: Expression) -> Expression:
        if not self._known(expression):
            return expression
        try:
            value = self._targeting.value(expression, self._data)
        except (TypeError, ValueError, OverflowError, BurgeeError):
            return expression
        return Literal(value) if value.__class__ in _SCALARS else expression

    def _known(self, expression: Expression) -> bool:
        if isinstance(expression, Literal):
            return True
        number = self._occurrences.number(expression)
        if number not in self._is_known:
            self._is_known[number] = self._are_known(expression)
        return self._is_known[number]

    def _are_known(self, expression: Expression) -> bool:
        match expression:
            case ListOf(items):
                return all(map(self._known, items))
            case Variable(path, default):
                is_fixed = path[0] in self._fixed and path[0] != FLAGD if path else False
                return (is_fixed or path == (FLAGD, "flagKey")) and self._known(default)
            case Operation(operator, operands):
                return operator not in _NOT_KNOWN and all(map(self._known, operands))
        return False
