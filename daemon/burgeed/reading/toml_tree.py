"""Reads TOML from its syntax tree: with the place of every key and value, and past duplicate keys.

Slower than tomllib and less strict about what TOML forbids: tomllib has the last word on a document.
"""

from __future__ import annotations

import math
from typing import Any, Final, Literal, NamedTuple

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from burgee.fault import Path
from burgeed.reading.parsed import DEPTH_LIMIT, Findings, absorb
from burgeed.reading.place import LinePositions, Place
from burgeed.reading.toml_tokens import KEYS, date_time_of, string_of, text_of, value_of, values_in

_LANGUAGE: Final = Language(tree_sitter_toml.language())
_DATES: Final = {
    "local_date": "a date without a time",
    "local_time": "a time without a date",
    "local_date_time": "a date-time without an offset",
}
_Table = dict[str, Any]
_Made = Literal["implicit", "header", "dotted", "closed"]


class _Open(NamedTuple):
    """A table that fields are being put into."""

    table: _Table
    place: Place
    path: Path


class Tree(NamedTuple):
    """What the syntax tree says.

    Attributes:
        document: as far as it could be read.
        root: the places, with offsets in bytes.
        broken: the offset in bytes at which the syntax is first broken; None where it is whole.
    """

    document: _Table
    root: Place
    broken: int | None


def read_tree(content: bytes, lines: LinePositions, findings: Findings) -> Tree:
    """Read a TOML document, putting down its faults.

    Args:
        content: UTF-8 without a byte order mark.
        lines: of the same bytes.

    Raises:
        Unreadable: the document nests too deep.
    """
    root = Parser(_LANGUAGE).parse(content).root_node
    reader = _Reader(lines, findings)
    reader.document(root)
    return Tree(reader.root, reader.root_place, _first_error(root) if root.has_error else None)


class _Reader:
    def __init__(self, lines: LinePositions, findings: Findings) -> None:
        self._lines = lines
        self._findings = findings
        self.root: _Table = {}
        self.root_place = Place(0, 0, {})
        self._made: dict[int, _Made] = {}
        self._table_lists: set[int] = set()
        self._torn_off: list[_Table] = []

    def document(self, root: Node) -> None:
        for node in root.named_children:
            if node.type == "pair":
                self._pair(node, _Open(self.root, self.root_place, ()))
            elif node.type in ("table", "table_array_element"):
                here = self._header(node)
                for pair in node.named_children:
                    if pair.type == "pair":
                        self._pair(pair, here)

    def _header(self, node: Node) -> _Open:
        keys = self._keys(node, ())
        here = _Open(self.root, self.root_place, ())
        if not keys:
            return self._torn(())
        for key, offset in keys[:-1]:
            below = self._open(here, key, offset, "implicit")
            if below is None:
                return self._duplicate(here, key, offset)
            here = below
        key, offset = keys[-1]
        if node.type == "table_array_element":
            return self._append(here, key, offset, node.start_byte)
        fresh = key not in here.table
        below = None if isinstance(here.table.get(key), list) else self._open(here, key, offset, "header")
        if below is None:
            return self._duplicate(here, key, offset)
        if not fresh:
            if self._made.get(id(below.table)) != "implicit":
                self._duplicate(here, key, offset)
            self._made[id(below.table)] = "header"
        return below

    def _append(self, here: _Open, key: str, offset: int, start: int) -> _Open:
        within = _members(here.place)
        if key not in here.table:
            here.table[key] = []
            within[key] = Place(offset, start, [])
            self._table_lists.add(id(here.table[key]))
        items, places = here.table[key], within[key].within
        if id(items) not in self._table_lists or not isinstance(places, list):
            return self._duplicate(here, key, offset)
        item = _Open({}, Place(start, start, {}), (*here.path, key, len(items)))
        self._check_depth(item.path, start)
        items.append(item.table)
        places.append(item.place)
        self._made[id(item.table)] = "header"
        return item

    def _open(self, here: _Open, key: str, offset: int, made: _Made) -> _Open | None:
        """The table of that name, made where there is none; None where something else has the name."""
        within = _members(here.place)
        path: Path = (*here.path, key)
        self._check_depth(path, offset)
        if key not in here.table:
            here.table[key] = {}
            within[key] = Place(offset, offset, {})
            self._made[id(here.table[key])] = made
        value, place = here.table[key], within[key]
        if id(value) in self._table_lists and isinstance(place.within, list):
            path = (*path, len(value) - 1)
            value, place = value[-1], place.within[-1]
        if not isinstance(value, dict) or self._made.get(id(value), "closed") == "closed":
            return None
        return _Open(value, place, path)

    def _pair(self, node: Node, here: _Open) -> None:
        keys = self._keys(node, here.path)
        written = value_of(node)
        if not keys or written is None:
            return
        for key, offset in keys[:-1]:
            fresh = key not in here.table
            below = self._open(here, key, offset, "dotted")
            if below is None or not (fresh or self._made.get(id(below.table)) == "dotted"):
                below = self._duplicate(here, key, offset)
            here = below
        key, offset = keys[-1]
        value, place = self._value(written, (*here.path, key))
        place.key = offset
        within = _members(here.place)
        if key in here.table:
            self._duplicate(here, key, offset)
            absorb(here.table[key], value, within[key], place)
        else:
            here.table[key] = value
            within[key] = place

    def _check_depth(self, path: Path, offset: int) -> None:
        if len(path) >= DEPTH_LIMIT:
            raise self._findings.too_deep(self._lines.at(offset))

    def _duplicate(self, here: _Open, key: str, offset: int) -> _Open:
        """Put down a key that the table has already, and give what follows a table of its own."""
        first = self._lines.at(_members(here.place)[key].key)
        self._findings.duplicate(self._lines.at(offset), (*here.path, key), first)
        return self._torn((*here.path, key))

    def _torn(self, path: Path) -> _Open:
        """A table that belongs to nothing, kept so that its identity stays its own."""
        table: _Table = {}
        self._torn_off.append(table)
        self._made[id(table)] = "dotted"
        return _Open(table, Place(0, 0, {}), path)

    def _keys(self, node: Node, path: Path) -> list[tuple[str, int]]:
        key = next((child for child in node.named_children if child.type in KEYS), None)
        tokens: list[Node] = []
        while key is not None:
            if key.type != "dotted_key":
                tokens.append(key)
                break
            parts = [child for child in key.named_children if child.type in KEYS]
            tokens.extend(reversed(parts[1:]))
            key = parts[0] if parts else None
        self._check_depth((*path, *("" for _ in tokens[1:])), node.start_byte)
        keys: list[tuple[str, int]] = []
        for token in reversed(tokens):
            text = text_of(token)
            name = string_of(text) if token.type == "quoted_key" else text
            if name is None:
                return []
            keys.append((name, token.start_byte))
            if "\0" in name:
                where = (*path, *(each for each, _ in keys))
                self._findings.null_character(self._lines.at(token.start_byte), where, "key")
        return keys

    def _value(self, node: Node, path: Path) -> tuple[Any, Place]:
        offset = node.start_byte
        if node.type not in ("array", "inline_table"):
            return self._scalar(node, path), Place(offset, offset)
        self._check_depth(path, offset)
        if node.type == "inline_table":
            table: _Table = {}
            place = Place(offset, offset, {})
            for pair in node.named_children:
                if pair.type == "pair":
                    self._pair(pair, _Open(table, place, path))
            self._made[id(table)] = "closed"
            return table, place
        items: list[Any] = []
        places: list[Place] = []
        for child in values_in(node):
            item, item_place = self._value(child, (*path, len(items)))
            items.append(item)
            places.append(item_place)
        return items, Place(offset, offset, places)

    def _scalar(self, node: Node, path: Path) -> object:
        if node.has_error or node.is_missing:
            return None
        written = text_of(node)
        position = self._lines.at(node.start_byte)
        if node.type == "boolean":
            return written == "true"
        if node.type == "integer":
            digits = written.replace("_", "")
            base = 0 if digits[:2] in ("0x", "0o", "0b") else 10
            return self._findings.integer(digits, base, position, path)
        if node.type == "float":
            number = float(written.replace("_", ""))
            return number if math.isfinite(number) else self._findings.no_number(written, position, path)
        if node.type == "string":
            text = string_of(written)
            if text is not None and "\0" in text:
                self._findings.null_character(position, path)
            return text
        if node.type in _DATES:
            message = f"`{written}` is {_DATES[node.type]}"
            remedy = "write a date-time with an offset such as 2026-12-01T00:00:00Z, or text in quotes"
            self._findings.add(position, path, message, remedy, void=True)
            return written
        return date_time_of(written)


def _first_error(node: Node) -> int:
    while not (node.is_error or node.is_missing):
        deeper = next((child for child in node.children if child.has_error), None)
        if deeper is None:
            break
        node = deeper
    return node.start_byte


def _members(place: Place) -> dict[str, Place]:
    if not isinstance(place.within, dict):
        raise TypeError("the place of a table holds places by key")
    return place.within
