"""Overrides of one flag at one level, each made into an answer or a function when first asked."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Mapping
from typing import Final

from burgee.answer import Answer, override_answer
from burgee.compiled.builder import Builder, compared, load
from burgee.context import Context, identifier
from burgee.flag import ALWAYS, ApplyRules, Flag, Level, Override, Patch, Window
from burgee.resolution import Resolution
from burgee.ruling import RuleList

Part = Callable[[Context, float], Resolution | None]
"""(context, now) -> the override's answer; None where it is passed through."""

SCOPES_LIMIT: Final = 1_000
"""Of more scopes than these the names are not taken out of a snapshot that is read from bytes."""


class LevelParts:
    """What the overrides of a flag at one level come to.

    Args:
        overrides: by scope.
        resolve: makes the resolution of an answer.
        compile_rules: makes the function of an override's rules.
    """

    def __init__(
        self,
        flag: Flag,
        level: Level,
        overrides: Mapping[str, Override],
        resolve: Callable[[Answer], Resolution],
        compile_rules: Callable[[RuleList], Part],
    ) -> None:
        self.flag = flag
        self.level = level
        self.overrides = overrides
        self.scopes = _scopes(overrides)
        self._resolve = resolve
        self._compile_rules = compile_rules
        self._made: dict[str, Resolution | Override | Part] = {}

    def part(self, scope: str) -> Resolution | Override | Part:
        """What a scope that has an override comes to; the override itself where it is a patch."""
        made = self._made.get(scope)
        if made is None:
            made = self._made[scope] = self._make(self.overrides[scope])
        return made

    def _make(self, override: Override) -> Resolution | Override | Part:
        effect = override.effect
        if isinstance(effect, Patch):
            return override
        if isinstance(effect, ApplyRules):
            listed = RuleList(self.flag, effect.rules, self.level.name, override.scope, override.origin)
            return _windowed(override.window, self._compile_rules(listed))
        answer = self._resolve(override_answer(self.flag, self.level.name, override))
        if override.window == ALWAYS:
            return answer
        return _windowed(override.window, lambda context, now: answer)

    def write(self, builder: Builder) -> None:
        """Write the statements that return this level's answer; the flag has no patches."""
        scope = self._scope(builder)
        part, answer = builder.temporary(), builder.temporary()
        # Most scopes were asked for before: those are found without a call into Python.
        known = builder.call(self._made.get, scope)
        make = ast.Assign([ast.Name(part, ast.Store())], builder.call(self.part, scope))
        is_answer = compared(
            ast.Attribute(load(part), "__class__", ast.Load()), ast.Is(), builder.constant(Resolution)
        )
        call = ast.Call(load(part), [load("context"), load("now")], [])
        body: list[ast.stmt] = [
            ast.Assign([ast.Name(part, ast.Store())], known),
            ast.If(compared(load(part), ast.Is(), ast.Constant(None)), [make], []),
            ast.If(is_answer, [ast.Return(load(part))], []),
            ast.Assign([ast.Name(answer, ast.Store())], call),
            ast.If(compared(load(answer), ast.IsNot(), ast.Constant(None)), [ast.Return(load(answer))], []),
        ]
        has_override = compared(scope, ast.In(), builder.constant(self.scopes))
        builder.body.append(ast.If(has_override, body, []))

    def _scope(self, builder: Builder) -> ast.expr:
        """A local variable with the scope's name; None for a list or an object, an integer in decimal."""
        given = builder.local_attribute(self.level.attribute)
        if isinstance(given, ast.Constant):
            return ast.Constant(identifier(given.value))
        kind = ast.Attribute(given, "__class__", ast.Load())
        is_text = compared(kind, ast.Is(), builder.constant(str))
        is_absent = compared(given, ast.Is(), ast.Constant(None))
        other = ast.IfExp(is_absent, ast.Constant(None), builder.call(identifier, given))
        name = ast.IfExp(is_text, given, other)
        return builder.keep((self.level.name, "scope"), name)


def _scopes(overrides: Mapping[str, Override]) -> Container[str]:
    """What tells fastest whether a scope has an override."""
    if isinstance(overrides, dict) or len(overrides) > SCOPES_LIMIT:
        return overrides
    return frozenset(overrides)


def _windowed(window: Window, part: Part) -> Part:
    if window == ALWAYS:
        return part
    return lambda context, now: part(context, now) if window.holds(now) else None
