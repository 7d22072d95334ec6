"""The definition language's schema as components of the API's description.

``definition.schema.json`` beside this file is ``docs/definition.schema.json``, byte for byte (a test holds
them equal): an installed daemon has no ``docs``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

PARTS: Final = {"Flag": "namedFlag", "Override": "override", "Kill": "kill"}
"""Names of components, and what they are in the definition's schema."""

_LOCAL: Final = "#/$defs/"
_COMPONENTS: Final = "#/components/schemas/"


@cache
def definition_components() -> dict[str, Any]:
    """The flag, the override and the kill, and every part of the language that they need."""
    parts = orjson.loads(files("burgeed.server").joinpath("definition.schema.json").read_bytes())["$defs"]
    components: dict[str, Any] = {name: {"$ref": _named(part)} for name, part in PARTS.items()}
    waiting = list(PARTS.values())
    while waiting:
        part = waiting.pop()
        name = _component(part)
        if name not in components:
            components[name] = _renamed(parts[part])
            waiting += _references(parts[part])
    return components


def _component(part: str) -> str:
    return f"definition.{part}"


def _named(part: str) -> str:
    return _COMPONENTS + _component(part)


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for name, each in schema.items():
            if name == "$ref" and isinstance(each, str):
                yield each.removeprefix(_LOCAL).partition("/")[0]
            else:
                yield from _references(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _references(each)


def _renamed(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            name: _named(each.removeprefix(_LOCAL))
            if name == "$ref" and isinstance(each, str)
            else _renamed(each)
            for name, each in schema.items()
        }
    return [_renamed(each) for each in schema] if isinstance(schema, list) else schema
