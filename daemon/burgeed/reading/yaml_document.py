"""YAML definitions, read from libyaml's events.

Events are a flat stream: input nested 300,000 deep stops at the depth limit, where libyaml's own composer
overflows the C stack. They also show what a composed document hides: duplicate keys, anchors, aliases, tags.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final, Literal

import yaml
from yaml.cyaml import CBaseLoader
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    StreamEndEvent,
)

from burgee.fault import Path
from burgeed.reading.core_schema import constant, scalar_kind
from burgeed.reading.parsed import DEPTH_LIMIT, Findings, ParsedDocument, Unreadable, absorb
from burgeed.reading.place import LinePositions, Place, Places, Position
from burgeed.reading.text import decode
from burgeed.reading.yaml_syntax import syntax_fault

SEPARATORS: Final = re.compile("[\x85\u2028\u2029]")
"""What libyaml takes for line breaks, as YAML 1.1 did, and YAML 1.2 does not."""

_TEXT_TAGS: Final = ("!", "tag:yaml.org,2002:str")
_MISSING: Final = object()


def parse_yaml(file: str, content: bytes) -> ParsedDocument:
    """Parse YAML 1.2, core schema, without anchors, aliases, tags and merge keys.

    Args:
        file: the file's path, for faults.
        content: UTF-8.
    """
    findings = Findings(file)
    text = decode(content, findings)
    lines = LinePositions(text or "")
    if text is None:
        return findings.refused(lambda: Places(None, lines))
    for match in SEPARATORS.finditer(text):
        # libyaml takes these for line breaks, as YAML 1.1 did: it would end a comment there, or fold a text.
        message = f"the line separator U+{ord(match[0]):04X} stands in the file"
        findings.add(
            lines.at(match.start()), (), message, f'remove it, or write "\\u{ord(match[0]):04X}" in quotes'
        )
    if findings.faults:
        return findings.refused(lambda: Places(None, lines))
    try:
        document, root = read_text(text, lines, findings)
    except Unreadable:
        return findings.refused(lambda: Places(None, lines))
    except yaml.YAMLError as error:
        offset, message, remedy = syntax_fault(error, text, lines)
        findings.add(lines.at(offset), (), message, remedy)
        return findings.refused(lambda: Places(None, lines))
    return findings.finish(document, lambda: Places(root, lines), lines.at(root.value if root else 0))


def read_text(
    text: str, lines: LinePositions, findings: Findings, path: Path = ()
) -> tuple[object, Place | None]:
    """Read a text without line separators of YAML 1.1.

    Args:
        path: where what it holds stands in the document.

    Returns:
        What it holds, and its places; (None, None) where it holds nothing.

    Raises:
        Unreadable: it nests too deep; the fault has been put down.
        yaml.YAMLError: the syntax is broken.
    """
    return _Reader(text, lines, findings).read(path)


class _Reader:
    def __init__(self, text: str, lines: LinePositions, findings: Findings) -> None:
        self._events = CBaseLoader(text)
        self._lines = lines
        self._findings = findings
        self._anchored: dict[str, object] = {}

    def read(self, path: Path) -> tuple[object, Place | None]:
        try:
            self._next()
            start = self._next()
            if not isinstance(start, DocumentStartEvent):
                return None, None
            if start.version not in (None, (1, 2)):
                message = (
                    f"the file declares YAML {start.version[0]}.{start.version[1]}; it is read as YAML 1.2"
                )
                self._findings.add(self._at(start), (), message, "remove the %YAML line")
            value, place = self._node(self._next(), path)
            self._next()
            after = self._next()
            if not isinstance(after, StreamEndEvent):
                remedy = "remove the `---`, or put the second document into a file of its own"
                self._findings.add(self._at(after), (), "a second document starts here", remedy)
            return value, place
        finally:
            self._events.dispose()

    def _next(self) -> Any:
        return self._events.get_event()

    def _at(self, event: yaml.Event) -> Position:
        return self._lines.at(_offset(event))

    def _node(self, event: NodeEvent, path: Path) -> tuple[object, Place]:
        offset = _offset(event)
        if isinstance(event, AliasEvent):
            return self._alias(event, path, "value"), Place(offset, offset)
        self._refuse_properties(event, path, "value")
        if isinstance(event, ScalarEvent):
            value = self._scalar(event, path)
            if event.anchor is not None:
                self._anchored[event.anchor] = value
            return value, Place(offset, offset)
        if len(path) >= DEPTH_LIMIT:
            raise self._findings.too_deep(self._at(event))
        if isinstance(event, MappingStartEvent):
            return self._mapping(offset, path)
        return self._sequence(offset, path)

    def _sequence(self, offset: int, path: Path) -> tuple[list[object], Place]:
        items: list[object] = []
        places: list[Place] = []
        while not isinstance(event := self._next(), CollectionEndEvent):
            item, place = self._node(event, (*path, len(items)))
            items.append(item)
            places.append(place)
        return items, Place(offset, offset, places)

    def _mapping(self, offset: int, path: Path) -> tuple[dict[str, object], Place]:
        members: dict[str, object] = {}
        places: dict[str, Place] = {}
        while not isinstance(event := self._next(), CollectionEndEvent):
            key = self._key(event, path)
            if key is None:
                self._skip(self._next())
                continue
            duplicate = key in members
            if duplicate:
                first = self._lines.at(places[key].key)
                self._findings.duplicate(self._at(event), (*path, key), first)
            value, place = self._node(self._next(), (*path, key))
            place.key = _offset(event)
            if duplicate:
                absorb(members[key], value, places[key], place)
            else:
                members[key] = value
                places[key] = place
        return members, Place(offset, offset, places)

    def _key(self, event: NodeEvent, path: Path) -> str | None:
        """The text of a key; None where the pair is to be skipped. Every way out but text is a fault."""
        if isinstance(event, CollectionStartEvent):
            kind = "mapping" if isinstance(event, MappingStartEvent) else "list"
            self._findings.add(self._at(event), path, f"a key is a {kind}, not text", "put the key in quotes")
            self._skip(event)
            return None
        if isinstance(event, AliasEvent):
            value = self._alias(event, path, "value")
            return value if isinstance(value, str) else None
        if not isinstance(event, ScalarEvent):
            return None
        text: str = event.value
        where = (*path, text)
        self._refuse_properties(event, where, "key")
        if "\0" in text:
            self._findings.null_character(self._at(event), where, "key")
        if _is_plain(event):
            if text == "<<":
                message = "merge keys (`<<`) are not part of YAML 1.2"
                self._findings.add(self._at(event), where, message, "write the fields out", at="key")
                return None
            kind = scalar_kind(text)
            if kind != "text":
                self._not_text(event, text, kind, where)
        return text

    def _not_text(self, event: ScalarEvent, text: str, kind: str, path: Path) -> None:
        if kind == "constant":
            value = constant(text)
            what = f"key `{text}` is {'null' if value is None else 'a boolean'}, not text"
        else:
            what = f"key `{text}` is a number, not text"
        remedy = f'put it in quotes: "{text}"'
        self._findings.add(self._at(event), path, what, remedy, at="key", void=True)

    def _scalar(self, event: ScalarEvent, path: Path) -> object:
        text: str = event.value
        if not _is_plain(event):
            if "\0" in text:
                self._findings.null_character(self._at(event), path)
            return text
        kind = scalar_kind(text)
        if kind == "text":
            return text
        if kind == "constant":
            return constant(text)
        if kind == "integer":
            return self._findings.integer(text, 10, self._at(event), path) if len(text) > 18 else int(text)
        if kind == "prefixed integer":
            return self._findings.integer(text, 0, self._at(event), path)
        number = float(text) if kind == "float" else math.inf
        return number if math.isfinite(number) else self._findings.no_number(text, self._at(event), path)

    def _alias(self, event: AliasEvent, path: Path, at: Literal["value", "key"]) -> object:
        """An alias is a fault; that of a scalar still stands for it, so that the rest can be checked.

        That of a mapping or a list does not: nine of them nine deep would be a bomb.
        """
        value = self._anchored.get(event.anchor or "", _MISSING)
        void = value is _MISSING
        message, remedy = f"alias `*{event.anchor}`: aliases are not read", "write the value out here"
        self._findings.add(self._at(event), path, message, remedy, at=at, void=void)
        return None if void else value

    def _refuse_properties(self, event: NodeEvent, path: Path, at: Literal["value", "key"]) -> None:
        position = None
        if event.anchor is not None:
            position = self._at(event)
            message = f"anchor `&{event.anchor}`: anchors are not read"
            self._findings.add(
                position, path, message, "remove it, and write the value out where it is used", at=at
            )
        tag = getattr(event, "tag", None)
        if tag is not None:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            message = f"tag `{shown}`: tags are not read"
            remedy = "remove it; quotes make text, and plain true, false and numbers are what they look like"
            self._findings.add(position or self._at(event), path, message, remedy, at=at)

    def _skip(self, event: NodeEvent) -> None:
        depth = 0
        while True:
            if isinstance(event, CollectionStartEvent):
                depth += 1
                if depth > DEPTH_LIMIT:
                    raise self._findings.too_deep(self._at(event))
            elif isinstance(event, CollectionEndEvent):
                depth -= 1
            if depth == 0:
                return
            event = self._next()


def _is_plain(event: ScalarEvent) -> bool:
    """Whether a scalar stands without quotes; with a tag (a fault) it is read as what it probably means."""
    return not event.style and event.tag not in _TEXT_TAGS


def _offset(event: yaml.Event) -> int:
    mark = event.start_mark
    return 0 if mark is None else mark.index
