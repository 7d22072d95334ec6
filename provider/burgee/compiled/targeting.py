"""flagd's targeting as statements and expressions; what is rare is left to the interpreter, part by part."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from burgee.answer import Answer, default_answer
from burgee.bucket import least_digest
from burgee.compiled.builder import PARTS_LIMIT, Builder, NotCompiled, both, compared, load, negated
from burgee.context import TARGETING_KEY, Context
from burgee.expression import Expression, ListOf, Literal, Operation, Variable
from burgee.flag import Flag
from burgee.fractional import choose_share, fixed_shares, fractional
from burgee.javascript import UNDEFINED, loosely_equal, strictly_equal, to_number, truthy
from burgee.operations import SIMPLE, look_up
from burgee.reads import FLAGD
from burgee.resolution import Resolution
from burgee.snapshot import FlagSet
from burgee.targeting import Targeting, answer_for

NESTING_LIMIT: Final = 64
"""A chain of more choices within an expression is interpreted: each stands within the one before it."""

_ORDERS = {">": ast.Gt, ">=": ast.GtE, "<": ast.Lt, "<=": ast.LtE}
_BOOLEAN = frozenset(("==", "===", "!=", "!==", ">", ">=", "<", "<=", "!", "!!", "in", "all", "none", "some"))
_LOOPS = frozenset(("var", "missing", "missing_some", "map", "filter", "all", "none", "some", "reduce"))


class TargetingWriter:
    """Writes one flag's targeting into its function.

    Args:
        resolve: makes the resolution of an answer.
    """

    def __init__(
        self, builder: Builder, flag_set: FlagSet, flag: Flag, resolve: Callable[[Answer], Resolution]
    ) -> None:
        self.builder = builder
        self.flag_set = flag_set
        self.flag = flag
        self.resolve = resolve
        self.named: dict[str, Resolution] = {}

    def write(self, expression: Expression) -> None:
        """Write statements that return an answer for what the expression gives.

        Raises:
            NotCompiled: it has more than PARTS_LIMIT parts.
        """
        if _parts(expression) > PARTS_LIMIT:
            raise NotCompiled("its targeting has too many parts")
        # Whatever goes wrong in the fast path, the interpreter says it as an answer.
        self.builder.may_raise = True
        for name, count in _attributes(expression).items():
            if count > 1:
                self.builder.keep_attribute(name)
        self.builder.body.extend(self._answering(expression))

    def _answering(self, expression: Expression) -> list[ast.stmt]:
        match expression:
            case Literal(value):
                return [ast.Return(self.builder.constant(self._result(value)))]
            case Operation("if" | "?:", operands):
                statements: list[ast.stmt] = []
                for index in range(0, len(operands) - 1, 2):
                    then = self._answering(operands[index + 1])
                    statements.append(ast.If(self._test(operands[index]), then, []))
                last = operands[-1] if len(operands) % 2 else Literal(None)
                return [*statements, *self._answering(last)]
            case Operation("fractional", operands):
                found = self._fractional(operands)
                if found is not None:
                    return found
        return [ast.Return(self.builder.call(self._result, self._value(expression)))]

    def _fractional(self, operands: tuple[Expression, ...]) -> list[ast.stmt] | None:
        """The buckets as comparisons, where they and what is hashed are as they mostly are."""
        builder = self.builder
        if self.flag_set.fractional_version != 2 or not all(isinstance(each, ListOf) for each in operands):
            return None
        buckets = [_literals(each) for each in operands]
        shares = fixed_shares([bucket for bucket in buckets if bucket is not None])
        if None in buckets or shares is None or not all(isinstance(each, str) for each in shares.variants):
            return None
        key, digest = builder.temporary(), builder.temporary()
        kind = ast.Attribute(load(key), "__class__", ast.Load())
        other = both([compared(kind, ast.IsNot(), builder.constant(str)), negated(load(key))], ast.Or)
        generic = builder.call(self._result, self._value(Operation("fractional", operands)))
        hashed = builder.digest(self.flag.key, key)
        statements: list[ast.stmt] = [
            ast.Assign([ast.Name(key, ast.Store())], builder.attribute(TARGETING_KEY)),
            ast.If(other, [ast.Return(generic)], []),
            ast.Assign([ast.Name(digest, ast.Store())], hashed),
        ]
        for variant, reached in zip(shares.variants, shares.reached, strict=True):
            answer = ast.Return(builder.constant(self._result(variant)))
            if reached == shares.total:
                return [*statements, answer]
            least = builder.constant(least_digest(reached, shares.total))
            statements.append(ast.If(compared(load(digest), ast.Lt(), least), [answer], []))
        return None

    def _result(self, value: Any) -> Resolution:
        if isinstance(value, str) and value in self.named:
            return self.named[value]
        answer, _ = answer_for(self.flag, value)
        resolution = self.resolve(default_answer(self.flag) if answer is None else answer)
        if isinstance(value, str) and value in self.flag.variants:
            self.named[value] = resolution
        return resolution

    def _test(self, expression: Expression) -> ast.expr:
        """Whether JSONLogic takes the expression for true, as an expression that is true or false."""
        match expression:
            case Literal(value):
                return ast.Constant(truthy(value))
            case Operation("!" | "!!" as operator, operands):
                inner = self._test(operands[0])
                return negated(inner) if operator == "!" else inner
            case Operation("and" | "or" as operator, operands):
                joined = ast.And if operator == "and" else ast.Or
                return both([self._test(operand) for operand in operands], joined)
            case Operation("starts_with" | "ends_with" as operator, (subject, Literal(str() as part))):
                return self._affix(operator, subject, part)
        given = self._value(expression)
        if isinstance(expression, Operation) and expression.operator in _BOOLEAN:
            return given
        return self.builder.call(truthy, given)

    def _affix(self, operator: str, subject: Expression, part: str) -> ast.expr:
        name = self.builder.temporary()
        taken = ast.NamedExpr(ast.Name(name, ast.Store()), self._value(subject))
        builder = self.builder
        kind = ast.Attribute(taken, "__class__", ast.Load())
        odd = [
            compared(load(name), ast.IsNot(), ast.Constant(None)),
            builder.call(isinstance, load(name), builder.constant(str)),
        ]
        is_text = both([compared(kind, ast.Is(), builder.constant(str)), both(odd)], ast.Or)
        method = ast.Attribute(
            load(name), "startswith" if operator == "starts_with" else "endswith", ast.Load()
        )
        return both([is_text, ast.Call(method, [self.builder.constant(part)], [])])

    def _value(self, expression: Expression) -> ast.expr:
        builder = self.builder
        match expression:
            case Literal(value):
                return builder.constant(value)
            case Variable():
                return self._variable(expression)
            case ListOf(items):
                literals = _literals(expression)
                if literals is not None:
                    return builder.constant(builder.shared(("list", id(expression)), partial(list, literals)))
                return ast.List([self._value(item) for item in items], ast.Load())
            case Operation(operator) if operator in _LOOPS:
                return self._interpreted(expression)
            case Operation("!" | "!!"):
                return self._test(expression)
            case Operation("if" | "?:" | "and" | "or", operands) if len(operands) > NESTING_LIMIT:
                return self._interpreted(expression)
            case Operation("if" | "?:", operands):
                return self._choice(operands)
            case Operation("and" | "or" as operator, operands):
                return self._joined(operator, operands)
            case Operation("==" | "!=" | "===" | "!==" as operator, operands):
                equal = self._equality(operands[0], operands[1], strict=len(operator) == 3)
                return negated(equal) if operator[0] == "!" else equal
            case Operation("in", (needle, heap)):
                return self._membership(needle, heap)
            case Operation(">" | ">=" | "<" | "<=" as operator, (left, right)):
                return self._order(operator, left, right)
            case Operation("fractional", operands):
                chosen = self._fixed_shares(operands)
                if chosen is not None:
                    return chosen
                shares = ast.List([self._value(operand) for operand in operands], ast.Load())
                version = builder.constant(self.flag_set.fractional_version)
                key = builder.attribute(TARGETING_KEY)
                return builder.call(fractional, shares, builder.constant(self.flag.key), key, version)
            case Operation(operator, operands):
                values = ast.Tuple([self._value(operand) for operand in operands], ast.Load())
                return builder.call(SIMPLE[operator], values)
        raise NotCompiled(f"{type(expression).__name__} within targeting")

    def _variable(self, variable: Variable) -> ast.expr:
        builder, path = self.builder, variable.path
        if path == (FLAGD, "flagKey"):
            return builder.constant(self.flag.key)
        if path == (FLAGD, "timestamp"):
            return builder.call(int, load("now"))
        if not path or path[0] == FLAGD or not isinstance(variable.default, Literal):
            return self._interpreted(variable)
        default = variable.default.value
        if len(path) == 1 and (default is None or path[0] in builder.fixed):
            return builder.attribute(path[0])
        if len(path) == 1:
            return builder.get(path[0], default)
        return builder.call(
            _within, builder.attribute(path[0]), builder.constant(path[1:]), builder.constant(default)
        )

    def _interpreted(self, expression: Expression) -> ast.expr:
        def value(context: Context, now: float) -> Any:
            data = {**context, **self.builder.fixed}
            data[FLAGD] = {"flagKey": self.flag.key, "timestamp": int(now)}
            flag_set = self.flag_set
            targeting = Targeting(self.flag.key, data, flag_set.segments, flag_set.fractional_version)
            return targeting.value(expression, data)

        return self.builder.call(value, load("context"), load("now"))

    def _choice(self, operands: tuple[Expression, ...]) -> ast.expr:
        chosen: ast.expr = self._value(operands[-1]) if len(operands) % 2 else ast.Constant(None)
        for index in range(len(operands) - 2 - len(operands) % 2, -1, -2):
            chosen = ast.IfExp(self._test(operands[index]), self._value(operands[index + 1]), chosen)
        return chosen

    def _joined(self, operator: str, operands: tuple[Expression, ...]) -> ast.expr:
        joined = self._value(operands[-1])
        for operand in reversed(operands[:-1]):
            name = self.builder.temporary()
            taken = ast.NamedExpr(ast.Name(name, ast.Store()), self._value(operand))
            is_true = self.builder.call(truthy, taken)
            parts = (joined, load(name)) if operator == "and" else (load(name), joined)
            joined = ast.IfExp(is_true, *parts)
        return joined

    def _order(self, operator: str, left: Expression, right: Expression) -> ast.expr:
        builder = self.builder
        generic = builder.constant(SIMPLE[operator])
        one, other = self._value(left), self._value(right)
        if not isinstance(right, Literal) or right.value.__class__ not in (int, float):
            return ast.Call(generic, [ast.Tuple([one, other], ast.Load())], [])
        name = builder.temporary()
        taken = ast.NamedExpr(ast.Name(name, ast.Store()), one)
        first = ast.Attribute(taken, "__class__", ast.Load())
        second = ast.Attribute(load(name), "__class__", ast.Load())
        plain = both(
            [
                compared(first, ast.Is(), builder.constant(int)),
                compared(second, ast.Is(), builder.constant(float)),
            ],
            ast.Or,
        )
        call = ast.Call(generic, [ast.Tuple([load(name), other], ast.Load())], [])
        return ast.IfExp(plain, compared(load(name), _ORDERS[operator](), other), call)

    def _equality(self, left: Expression, right: Expression, *, strict: bool) -> ast.expr:
        builder = self.builder
        if isinstance(left, Literal) and not isinstance(right, Literal):
            left, right = right, left
        if isinstance(right, Literal) and isinstance(right.value, str):
            text = right.value
            if strict:
                return compared(self._value(left), ast.Eq(), builder.constant(text))
            if to_number(text) != to_number(text):
                # No number equals this text; only text does, and a list or an object that is written so.
                name = builder.temporary()
                taken = ast.NamedExpr(ast.Name(name, ast.Store()), self._value(left))
                plain = compared(taken, ast.Eq(), builder.constant(text))
                kind = ast.Attribute(load(name), "__class__", ast.Load())
                is_text = compared(kind, ast.Is(), builder.constant(str))
                is_nothing = compared(load(name), ast.Is(), ast.Constant(None))
                odd = builder.call(loosely_equal, load(name), builder.constant(text))
                rest = both([negated(both([is_text, is_nothing], ast.Or)), odd])
                return both([plain, rest], ast.Or)
        return builder.call(
            strictly_equal if strict else loosely_equal, self._value(left), self._value(right)
        )

    def _fixed_shares(self, operands: tuple[Expression, ...]) -> ast.expr | None:
        """A call that chooses among shares that are written down, in the second generation, else None."""
        by = operands[0] if not isinstance(operands[0], ListOf) else None
        buckets = [_literals(operand) for operand in (operands if by is None else operands[1:])]
        shares = fixed_shares([bucket for bucket in buckets if bucket is not None])
        if self.flag_set.fractional_version != 2 or shares is None or None in buckets:
            return None
        builder = self.builder
        unit = ast.Constant(None) if by is None else self._value(by)
        choose = partial(choose_share, shares, self.flag.key)
        return builder.call(choose, unit, builder.attribute(TARGETING_KEY))

    def _membership(self, needle: Expression, heap: Expression) -> ast.expr:
        items = _literals(heap)
        if items and all(isinstance(item, str) for item in items):
            found = self.builder.constant(self.builder.shared(("in", items), partial(frozenset, items)))
            return compared(self._value(needle), ast.In(), found)
        return self.builder.call(
            SIMPLE["in"], ast.Tuple([self._value(needle), self._value(heap)], ast.Load())
        )


def _parts(expression: Expression) -> int:
    """Count what becomes code, up to just beyond PARTS_LIMIT; a list of values is one constant."""
    count, waiting = 0, [expression]
    while waiting and count <= PARTS_LIMIT:
        count += 1
        match waiting.pop():
            case ListOf(items) if not all(isinstance(item, Literal) for item in items):
                waiting.extend(items)
            case Operation(_, operands):
                waiting.extend(operands)
            case Variable(_, default):
                waiting.append(default)
    return count


def _attributes(expression: Expression) -> Counter[str]:
    """How often each attribute is named, outside of loops, which have data of their own."""
    found: Counter[str] = Counter()
    waiting = [expression]
    while waiting:
        match waiting.pop():
            case Variable(path, Literal(None)) if len(path) == 1:
                found[path[0]] += 1
            case ListOf(items):
                waiting.extend(items)
            case Operation(operator, operands) if operator not in _LOOPS:
                waiting.extend(operands)
    return found


def _literals(expression: Expression) -> tuple[Any, ...] | None:
    if not isinstance(expression, ListOf):
        return None
    values = tuple(item.value if isinstance(item, Literal) else UNDEFINED for item in expression.items)
    return None if UNDEFINED in values else values


def _within(value: Any, path: tuple[str, ...], default: Any) -> Any:
    found = look_up(value, path)
    return default if found is UNDEFINED else found
