"""Which module imports which when it is itself imported, told from the source alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path


def cycle(modules: Mapping[str, Path]) -> list[str]:
    """Modules that import one another in a ring; none where there is no ring.

    Where there is none, each can be imported first. What stands in a function or under TYPE_CHECKING does
    not count.

    Args:
        modules: the file of each, by its name.
    """
    graph = {name: set(_imported(name, path, modules)) for name, path in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _imported(name: str, path: Path, modules: Mapping[str, Path]) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for statement in _imports(ast.parse(path.read_text()).body):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names if alias.name in modules)
            continue
        base = statement.module or ""
        if statement.level:
            above = package.split(".")
            above = above[: len(above) - (statement.level - 1)]
            base = ".".join([*above, *([base] if base else [])])
        for alias in statement.names:
            inner = f"{base}.{alias.name}"
            if inner in modules or base in modules:
                yield inner if inner in modules else base


def _imports(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    for statement in body:
        match statement:
            case ast.Import() | ast.ImportFrom():
                yield statement
            case ast.If(test=test) if "TYPE_CHECKING" in ast.unparse(test):
                yield from _imports(statement.orelse)
            case ast.If() | ast.Try():
                for part in (statement.body, statement.orelse, getattr(statement, "finalbody", [])):
                    yield from _imports(part)
                for handler in getattr(statement, "handlers", []):
                    yield from _imports(handler.body)
