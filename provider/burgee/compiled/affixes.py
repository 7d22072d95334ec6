"""The test whether a text starts or ends with another, as an expression of Python's syntax tree."""

from __future__ import annotations

import ast

from burgee.compiled.builder import Builder, both, compared


def has_affix(builder: Builder, operator: str, first: ast.expr, again: ast.expr, part: str) -> ast.expr:
    """Whether a value is a text that starts or ends with ``part``; what is no text does neither.

    Args:
        operator: ``starts_with`` or ``ends_with``.
        first: computes the value.
        again: names what ``first`` has computed.
    """
    kind = ast.Attribute(first, "__class__", ast.Load())
    # A class derived from str is rare, null is not: the cheapest test comes first.
    is_derived = [
        compared(again, ast.IsNot(), ast.Constant(None)),
        builder.call(isinstance, again, builder.constant(str)),
    ]
    is_text = both([compared(kind, ast.Is(), builder.constant(str)), both(is_derived)], ast.Or)
    method = ast.Attribute(again, "startswith" if operator == "starts_with" else "endswith", ast.Load())
    return both([is_text, ast.Call(method, [builder.constant(part)], [])])
