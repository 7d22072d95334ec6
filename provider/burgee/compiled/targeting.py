"""flagd's targeting as statements: each returns the answer of what it comes to."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from burgee.answer import Answer, default_answer
from burgee.bucket import least_digest
from burgee.compiled.builder import PARTS_LIMIT, Builder, NotCompiled, both, compared, load, negated
from burgee.compiled.expressions import ExpressionWriter, is_constant
from burgee.compiled.occurrences import literals, parts
from burgee.context import TARGETING_KEY
from burgee.expression import Expression, ListOf, Literal, Operation
from burgee.flag import Flag
from burgee.fractional import fixed_shares
from burgee.resolution import Resolution
from burgee.snapshot import FlagSet
from burgee.targeting import answer_for


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
        if parts(expression) > PARTS_LIMIT:
            raise NotCompiled("its targeting has too many parts")
        # Whatever goes wrong in the fast path, the interpreter says it as an answer.
        self.builder.may_raise = True
        expressions = ExpressionWriter(self.builder, self.flag_set, self.flag, expression)
        statements = self._answering(expressions, expression)
        if expressions.repeated:
            names: list[ast.expr] = [ast.Name(name, ast.Store()) for name in expressions.repeated.values()]
            self.builder.body.append(ast.Assign(names, ast.Constant(...)))
        self.builder.body.extend(statements)

    def _answering(self, expressions: ExpressionWriter, expression: Expression) -> list[ast.stmt]:
        match expressions.known.simplified(expression):
            case Literal(value):
                return [ast.Return(self.builder.constant(self._result(value)))]
            case Operation("if" | "?:", operands):
                statements: list[ast.stmt] = []
                for index in range(0, len(operands) - 1, 2):
                    test = expressions.test(operands[index])
                    if is_constant(test, False):
                        continue
                    then = self._answering(expressions, operands[index + 1])
                    if is_constant(test, True):
                        return [*statements, *then]
                    statements.append(ast.If(test, then, []))
                last = operands[-1] if len(operands) % 2 else Literal(None)
                return [*statements, *self._answering(expressions, last)]
            case Operation("fractional", operands):
                found = self._fractional(expressions, expression, operands)
                if found is not None:
                    return found
        return [ast.Return(self.builder.call(self._result, expressions.value(expression)))]

    def _fractional(
        self, expressions: ExpressionWriter, expression: Expression, operands: tuple[Expression, ...]
    ) -> list[ast.stmt] | None:
        """The buckets as comparisons, where they and what is hashed are as they mostly are."""
        builder = self.builder
        if self.flag_set.fractional_version != 2 or not all(isinstance(each, ListOf) for each in operands):
            return None
        buckets = [literals(each) for each in operands]
        shares = fixed_shares([bucket for bucket in buckets if bucket is not None])
        if None in buckets or shares is None or not all(isinstance(each, str) for each in shares.variants):
            return None
        key, digest = builder.temporary(), builder.temporary()
        kind = ast.Attribute(load(key), "__class__", ast.Load())
        other = both([compared(kind, ast.IsNot(), builder.constant(str)), negated(load(key))], ast.Or)
        generic = builder.call(self._result, expressions.value(expression))
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
