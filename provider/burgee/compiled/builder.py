"""Builds one Python function as a syntax tree. No text of a document ever becomes code: it is a constant."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import mmh3

from burgee.condition import AllOf, AnyOf, Condition, Not
from burgee.context import Context
from burgee.errors import BurgeeError

_PLAIN: Final = frozenset((bool, int, float, str))

PARTS_LIMIT: Final = 1000
"""What has more conditions than this by itself is interpreted: it would hold its first caller up."""


class NotCompiled(BurgeeError):
    """What was asked for is left to the interpreter."""


class Builder:
    """One function while it is being written.

    Args:
        fixed: attributes whose values are known now.
        uses: how often each attribute and each condition stands in what will be compiled.
    """

    def __init__(self, fixed: Mapping[str, Any], uses: Counter[Any]) -> None:
        self.fixed = fixed
        self.uses = uses
        self.namespace: dict[str, Any] = {"__builtins__": {}}
        self.body: list[ast.stmt] = []
        self.may_raise = False
        self._names: dict[tuple[str, Any], str] = {}
        self._locals: dict[Any, str] = {}
        self._made: dict[Any, Any] = {}

    def constant(self, value: Any) -> ast.expr:
        """An expression for a value that is known now."""
        if value is None or (isinstance(value, bool | int | float | str) and value.__class__ in _PLAIN):
            return ast.Constant(value)
        key = (type(value).__name__, value if isinstance(value, str | int | float) else id(value))
        if key not in self._names:
            name = f"K{len(self._names)}"
            self._names[key] = name
            self.namespace[name] = value
        return load(self._names[key])

    def shared(self, key: Any, make: Callable[[], Any]) -> Any:
        """A value that is made once for the function."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def call(self, function: Callable[..., Any], *arguments: ast.expr) -> ast.expr:
        """A call of a function that is known now."""
        return ast.Call(self.constant(function), list(arguments), [])

    def attribute(self, name: str) -> ast.expr:
        """The value of a context attribute; None where it is absent."""
        if name in self.fixed:
            return self.constant(self.fixed[name])
        if ("attribute", name) in self._locals:
            return load(self._locals["attribute", name])
        return self.get(name)

    def get(self, *arguments: Any) -> ast.expr:
        """A call of the context's own `get`."""
        # A method called where it is looked up costs less than one that is kept in a variable.
        method = ast.Attribute(load("context"), "get", ast.Load())
        return ast.Call(method, [self.constant(each) for each in arguments], [])

    def local_attribute(self, name: str) -> ast.expr:
        """The same, as a local variable that may be named more than once."""
        if name in self.fixed:
            return self.constant(self.fixed[name])
        self.keep_attribute(name)
        return self.attribute(name)

    def keep_attribute(self, name: str) -> None:
        """Read an attribute into a local variable here, unless that has been done or it is known."""
        if name not in self.fixed and ("attribute", name) not in self._locals:
            self.keep(("attribute", name), self.attribute(name))

    def keep(self, key: Any, value: ast.expr) -> ast.expr:
        """Compute something into a local variable here, to be found again by its key."""
        name = f"v{len(self._locals)}"
        self.body.append(ast.Assign([ast.Name(name, ast.Store())], value))
        self._locals[key] = name
        return load(name)

    def kept(self, key: Any) -> ast.expr | None:
        """The local variable of :meth:`keep`, None where there is none yet."""
        return load(self._locals[key]) if key in self._locals else None

    def ask(self, part: Callable[[Context, float], Any]) -> None:
        """Write statements that return what a function that is known now answers, unless that is None."""
        answer = self.temporary()
        taken = ast.Assign([ast.Name(answer, ast.Store())], self.call(part, load("context"), load("now")))
        is_answer = compared(load(answer), ast.IsNot(), ast.Constant(None))
        self.body += [taken, ast.If(is_answer, [ast.Return(load(answer))], [])]

    def digest(self, seed: str, key: str) -> ast.expr:
        """The 32-bit digest of ``seed`` and the text in the local variable ``key``."""
        # A lone surrogate cannot be hashed as text; the fallback answers for it.
        self.may_raise = True
        text = ast.BinOp(self.constant(seed), ast.Add(), load(key))
        # Encoded here: mmh3 ends the process when it is given text with a lone surrogate.
        data = ast.Call(ast.Attribute(text, "encode", ast.Load()), [], [])
        return self.call(mmh3.mmh3_32_uintdigest, data, self.constant(0))

    def temporary(self) -> str:
        """A name for a local variable of one expression."""
        self._locals["temporary", len(self._locals)] = name = f"t{len(self._locals)}"
        return name

    def function(self, fallback: Callable[[Context, float], Any]) -> Callable[[Context, float], Any]:
        """Compile what was written.

        Args:
            fallback: answers where a value was of a type that the fast path does not expect.
        """
        body = self.body
        if self.may_raise:
            instead = ast.Return(self.call(fallback, load("context"), load("now")))
            errors = self.constant((TypeError, ValueError, OverflowError, BurgeeError))
            handler = ast.ExceptHandler(errors, None, [instead])
            body = [ast.Try(body, [handler], [], [])]
        arguments = ast.arguments([], [ast.arg("context"), ast.arg("now")], None, [], [], None, [])
        definition = ast.FunctionDef("flag", arguments, body, [])
        module = ast.fix_missing_locations(ast.Module([definition], []))
        # The tree was built above from fixed shapes; what a document says is in the namespace, as values.
        exec(compile(module, "<burgee>", "exec"), self.namespace)  # noqa: S102
        compiled: Callable[[Context, float], Any] = self.namespace["flag"]
        return compiled


def load(name: str) -> ast.expr:
    """Read a variable."""
    return ast.Name(name, ast.Load())


def both(parts: Sequence[ast.expr], operator: type[ast.boolop] = ast.And) -> ast.expr:
    """Join conditions; constants among them are folded away."""
    absorbing = operator is ast.Or
    kept: list[ast.expr] = []
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, bool):
            if part.value is absorbing:
                kept.append(part)
                break
        else:
            kept.append(part)
    if not kept:
        return ast.Constant(not absorbing)
    if isinstance(kept[-1], ast.Constant) and kept[-1].value is absorbing:
        return ast.Constant(absorbing)
    return kept[0] if len(kept) == 1 else ast.BoolOp(operator(), kept)


def negated(part: ast.expr) -> ast.expr:
    """The opposite of a condition."""
    if isinstance(part, ast.Constant) and isinstance(part.value, bool):
        return ast.Constant(not part.value)
    return ast.UnaryOp(ast.Not(), part)


def compared(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
    """One comparison."""
    return ast.Compare(left, [operator], [right])


def count_uses(conditions: Sequence[Condition], uses: Counter[Any]) -> None:
    """Count every condition, those inside others too.

    Raises:
        NotCompiled: there are more than PARTS_LIMIT.
    """
    waiting = list(conditions)
    while waiting:
        condition = waiting.pop()
        uses[condition] += 1
        if uses.total() > PARTS_LIMIT:
            raise NotCompiled(f"more than {PARTS_LIMIT} conditions")
        match condition:
            case AllOf(parts) | AnyOf(parts):
                waiting.extend(parts)
            case Not(inner):
                waiting.append(inner)
