"""Targeting's operators as expressions of Python's syntax tree; what is rare is interpreted, part by part."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from burgee.compiled.affixes import has_affix
from burgee.compiled.builder import Builder, NotCompiled, both, compared, load, negated
from burgee.compiled.known import KnownParts
from burgee.compiled.occurrences import LOOPS, Occurrences, is_plain, is_stable, literals
from burgee.compiled.operators import is_literal, literal_pair, version_test, within
from burgee.context import TARGETING_KEY, Context
from burgee.expression import SCOPED, Expression, ListOf, Literal, Operation, Variable
from burgee.flag import Flag
from burgee.fractional import choose_share, fixed_shares, fractional
from burgee.javascript import loosely_equal, strictly_equal, to_number, truthy
from burgee.operations import SIMPLE
from burgee.reads import FLAGD
from burgee.snapshot import FlagSet
from burgee.targeting import Targeting

NESTING_LIMIT: Final = 64
"""A chain of more choices within an expression is interpreted: each stands within the one before it."""

_ORDERS = {">": ast.Gt, ">=": ast.GtE, "<": ast.Lt, "<=": ast.LtE}
_BOOLEAN = frozenset(("==", "===", "!=", "!==", ">", ">=", "<", "<=", "!", "!!", "in", "all", "none", "some"))
_TRUE_OR_NOT = _BOOLEAN | {"sem_ver", "starts_with", "ends_with"}
"""What these give, true, false or null, is to Python what it is to JSONLogic."""


class ExpressionWriter:
    """Writes the parts of one flag's targeting into its function; what is repeated is computed once.

    A repeated part is computed where it is first reached, and only there: nothing is computed that the
    interpreter would not have come to. Until then its variable holds ``...``, which is no value of a context.

    Attributes:
        repeated: the local variables of repeated parts, which are to be ``...`` at first.
    """

    def __init__(self, builder: Builder, flag_set: FlagSet, flag: Flag, expression: Expression) -> None:
        self.builder = builder
        self.flag_set = flag_set
        self.flag = flag
        self.occurrences = Occurrences(expression)
        self.known = KnownParts(flag_set, flag, builder.fixed, self.occurrences)
        self.repeated: dict[Any, str] = {}
        for name in self.occurrences.attributes:
            builder.keep_attribute(name)

    def test(self, expression: Expression) -> ast.expr:
        """Whether JSONLogic takes the expression for true: an expression that Python takes for the same."""
        expression = self.known.simplified(expression)
        match expression:
            case Literal(value):
                return ast.Constant(truthy(value))
            case Operation("!!", (inner,)) if not self.occurrences.repeated(expression):
                return self.test(inner)
            case Operation("starts_with" | "ends_with", (_, Literal(str()))) | Operation("and" | "or"):
                return self._once("test", expression, self._written_test)
            case Operation(operator) if operator in _TRUE_OR_NOT:
                return self.value(expression)
        return self._once("test", expression, self._written_test)

    def value(self, expression: Expression) -> ast.expr:
        """What the expression gives."""
        expression = self.known.simplified(expression)
        if isinstance(expression, Literal):
            return self.builder.constant(expression.value)
        if isinstance(expression, Variable) and is_plain(expression) and expression.path[0] != FLAGD:
            return self.builder.attribute(expression.path[0])
        if isinstance(expression, ListOf) or not is_stable(expression):
            return self._written_value(expression)
        return self._once("value", expression, self._written_value)

    def _once(self, kind: str, expression: Expression, write: Callable[[Expression], ast.expr]) -> ast.expr:
        if not self.occurrences.repeated(expression):
            return write(expression)
        return self._kept((kind, self.occurrences.number(expression)), lambda: write(expression))

    def _kept(self, key: Any, write: Callable[[], ast.expr]) -> ast.expr:
        """What is computed once; parts are written in the order in which they are computed."""
        is_first = key not in self.repeated
        if is_first:
            self.repeated[key] = self.builder.temporary()
        name = self.repeated[key]
        computed = ast.NamedExpr(ast.Name(name, ast.Store()), write())
        if is_first:
            return computed
        return ast.IfExp(compared(load(name), ast.IsNot(), ast.Constant(...)), load(name), computed)

    def _written_test(self, expression: Expression) -> ast.expr:
        match expression:
            case Operation("and" | "or" as operator, operands):
                tests: list[ast.expr] = []
                for operand in operands:
                    tests.append(self.test(operand))
                    if is_constant(tests[-1], operator == "or"):
                        break
                return both(tests, ast.And if operator == "and" else ast.Or)
            case Operation("starts_with" | "ends_with" as operator, (subject, Literal(str() as part))):
                name = self.builder.temporary()
                taken = ast.NamedExpr(ast.Name(name, ast.Store()), self.value(subject))
                return has_affix(self.builder, operator, taken, load(name), part)
        return self.builder.call(truthy, self.value(expression))

    def _written_value(self, expression: Expression) -> ast.expr:
        builder = self.builder
        match expression:
            case Variable():
                return self._variable(expression)
            case ListOf(items):
                values = literals(expression)
                if values is not None:
                    # One for each place: a list is equal to itself only.
                    return builder.constant(list(values))
                return ast.List([self.value(item) for item in items], ast.Load())
            case Operation("reduce", (items, logic, initial)):
                names = Variable(("items",), Literal(None)), Variable(("initial",), Literal(None))
                loop = Operation("reduce", (names[0], logic, names[1]))
                values_of = ast.Dict(
                    [ast.Constant("items"), ast.Constant("initial")], [self.value(items), self.value(initial)]
                )
                return builder.call(self._interpreter(loop), values_of)
            case Operation(operator, (items, logic)) if operator in SCOPED:
                loop = Operation(operator, (Variable((), Literal(None)), logic))
                return builder.call(self._interpreter(loop), self.value(items))
            case Operation(operator) if operator in LOOPS:
                return self._interpreted(expression)
            case Operation("!", (inner,)):
                return negated(self.test(inner))
            case Operation("!!", (inner,)):
                return negated(negated(self.test(inner)))
            case Operation("if" | "?:" | "and" | "or", operands) if len(operands) > NESTING_LIMIT:
                return self._interpreted(expression)
            case Operation("if" | "?:", operands):
                return self._choice(operands)
            case Operation("and" | "or" as operator, operands):
                return self._joined(operator, operands)
            case Operation("==" | "!=" | "===" | "!==" as operator, (left, right)):
                equal = self._equality(left, right, strict=len(operator) == 3)
                return negated(equal) if operator[0] == "!" else equal
            case Operation("in", (needle, heap)):
                return self._membership(needle, heap)
            case Operation(">" | ">=" | "<" | "<=" as operator, (left, right)):
                return self._order(operator, left, right)
            case Operation("sem_ver", (version, Literal(str() as comparison), Literal(str() as bound))):
                return builder.call(version_test(comparison, bound), self.value(version))
            case Operation("fractional", operands):
                return self._fractional(operands)
            case Operation(operator, operands):
                values_of_all = ast.Tuple([self.value(operand) for operand in operands], ast.Load())
                return builder.call(SIMPLE[operator], values_of_all)
        raise NotCompiled(f"{type(expression).__name__} within targeting")

    def _variable(self, variable: Variable) -> ast.expr:
        builder, path = self.builder, variable.path
        if path == (FLAGD, "timestamp"):
            return builder.call(int, load("now"))
        if not path or path[0] == FLAGD or not isinstance(variable.default, Literal):
            return self._interpreted(variable)
        default = variable.default.value
        if len(path) == 1 and path[0] not in builder.fixed:
            return builder.get(path[0], default)
        return builder.call(
            within, builder.attribute(path[0]), builder.constant(path[1:]), builder.constant(default)
        )

    def _interpreted(self, expression: Expression) -> ast.expr:
        """A part that sees all data, laid together once however many such parts there are."""
        fixed, flag_key = self.builder.fixed, self.flag.key

        def data(context: Context, now: float) -> Mapping[str, Any]:
            return {**context, **fixed, FLAGD: {"flagKey": flag_key, "timestamp": int(now)}}

        laid_together = self._kept("data", lambda: self.builder.call(data, load("context"), load("now")))
        return self.builder.call(self._interpreter(expression), laid_together)

    def _interpreter(self, expression: Expression) -> Callable[[Any], Any]:
        flag_key, segments, version = self.flag.key, self.flag_set.segments, self.flag_set.fractional_version

        def value(data: Any) -> Any:
            return Targeting(flag_key, data, segments, version).value(expression, data)

        return value

    def _choice(self, operands: tuple[Expression, ...]) -> ast.expr:
        chosen: list[tuple[ast.expr, ast.expr]] = []
        last: Expression = operands[-1] if len(operands) % 2 else Literal(None)
        for index in range(0, len(operands) - 1, 2):
            test, then = self.test(operands[index]), operands[index + 1]
            if is_constant(test, True):
                last = then
                break
            if not is_constant(test, False):
                chosen.append((test, self.value(then)))
        choice = self.value(last)
        for test, value in reversed(chosen):
            choice = ast.IfExp(test, value, choice)
        return choice

    def _joined(self, operator: str, operands: tuple[Expression, ...]) -> ast.expr:
        decisive: list[ast.expr] = []
        for operand in operands[:-1]:
            known = self.known.simplified(operand)
            if not isinstance(known, Literal):
                decisive.append(self.value(known))
            elif truthy(known.value) is (operator == "or"):
                joined = self.value(known)
                break
        else:
            joined = self.value(operands[-1])
        for value in reversed(decisive):
            name = self.builder.temporary()
            is_true = self.builder.call(truthy, ast.NamedExpr(ast.Name(name, ast.Store()), value))
            parts = (joined, load(name)) if operator == "and" else (load(name), joined)
            joined = ast.IfExp(is_true, *parts)
        return joined

    def _order(self, operator: str, left: Expression, right: Expression) -> ast.expr:
        builder, right = self.builder, self.known.simplified(right)
        generic = builder.constant(SIMPLE[operator])
        one, other = self.value(left), self.value(right)
        if not isinstance(right, Literal) or right.value.__class__ not in (int, float):
            return ast.Call(generic, [ast.Tuple([one, other], ast.Load())], [])
        name = builder.temporary()
        taken = ast.NamedExpr(ast.Name(name, ast.Store()), one)
        first = ast.Attribute(taken, "__class__", ast.Load())
        second = ast.Attribute(load(name), "__class__", ast.Load())
        is_int = compared(first, ast.Is(), builder.constant(int))
        is_number = both([is_int, compared(second, ast.Is(), builder.constant(float))], ast.Or)
        call = ast.Call(generic, [ast.Tuple([load(name), other], ast.Load())], [])
        return ast.IfExp(is_number, compared(load(name), _ORDERS[operator](), other), call)

    def _equality(self, left: Expression, right: Expression, *, strict: bool) -> ast.expr:
        builder = self.builder
        left, right = self.known.simplified(left), self.known.simplified(right)
        if isinstance(left, Literal):
            left, right = right, left
        if isinstance(right, Literal) and isinstance(right.value, str):
            text = right.value
            if strict:
                return compared(self.value(left), ast.Eq(), builder.constant(text))
            if to_number(text) != to_number(text):
                # No number equals this text; only text does, and a list or an object that is written so.
                name = builder.temporary()
                taken = ast.NamedExpr(ast.Name(name, ast.Store()), self.value(left))
                plain = compared(taken, ast.Eq(), builder.constant(text))
                kind = ast.Attribute(load(name), "__class__", ast.Load())
                is_text = compared(kind, ast.Is(), builder.constant(str))
                is_nothing = compared(load(name), ast.Is(), ast.Constant(None))
                odd = builder.call(loosely_equal, load(name), builder.constant(text))
                rest = both([negated(both([is_text, is_nothing], ast.Or)), odd])
                return both([plain, rest], ast.Or)
        return builder.call(strictly_equal if strict else loosely_equal, self.value(left), self.value(right))

    def _fractional(self, operands: tuple[Expression, ...]) -> ast.expr:
        builder, key = self.builder, self.builder.attribute(TARGETING_KEY)
        by = operands[0] if not isinstance(operands[0], ListOf) else None
        buckets = [literals(operand) for operand in (operands if by is None else operands[1:])]
        shares = fixed_shares([bucket for bucket in buckets if bucket is not None])
        version = self.flag_set.fractional_version
        if version == 2 and shares is not None and None not in buckets:
            unit = ast.Constant(None) if by is None else self.value(by)
            return builder.call(partial(choose_share, shares, self.flag.key), unit, key)
        values = ast.List([self.value(operand) for operand in operands], ast.Load())
        return builder.call(
            fractional, values, builder.constant(self.flag.key), key, builder.constant(version)
        )

    def _membership(self, needle: Expression, heap: Expression) -> ast.expr:
        builder, values, sought = self.builder, literals(heap), self.value(needle)
        if not values or not all(map(is_literal, values)):
            return builder.call(SIMPLE["in"], ast.Tuple([sought, self.value(heap)], ast.Load()))
        number = self.occurrences.number(heap)
        if not any(value in (0, 1) for value in values):
            # True == 1 and False == 0 in Python; no other two kinds can be confused.
            plain = builder.shared(("members", number), lambda: frozenset(values))
            return compared(sought, ast.In(), builder.constant(plain))
        pairs = builder.shared(("pairs", number), lambda: frozenset(map(literal_pair, values)))
        return compared(builder.call(literal_pair, sought), ast.In(), builder.constant(pairs))


def is_constant(test: ast.expr, value: bool) -> bool:
    """Whether it is known now that a test gives ``value``."""
    return isinstance(test, ast.Constant) and test.value is value
