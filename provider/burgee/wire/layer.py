"""A layer as lines of JSON: how the reader process hands over what it has validated.

One line for the head of each definition, one for each flag, one for the overrides of each scope. A line
that was seen before stands for the very object it stood for then, so a reload costs what changed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import partial
from itertools import groupby
from operator import is_
from typing import Any, NamedTuple

import orjson

from burgee.bucket import FractionalVersion
from burgee.definition.hierarchy import read_hierarchy
from burgee.definition.overrides import read_overrides
from burgee.definition.records import flag_record, read_flag_record, read_kill_record, read_segment_record
from burgee.definition.rendering import render_head, render_override
from burgee.definition.report import Report
from burgee.flag import Flag, Kill, Level, Override, Segment
from burgee.json_bytes import json_bytes
from burgee.layer import Definition, Layer, OverrideKey


class KeptLines:
    """The lines of one source as they were written last: the very same objects have the same lines."""

    def __init__(self) -> None:
        self._before: dict[Hashable, _Written] = {}
        self._now: dict[Hashable, _Written] = {}

    def begin(self) -> None:
        """A layer is written from its beginning: what the last one did not have is let go."""
        self._before, self._now = self._now, {}

    def line(self, key: Hashable, of: Sequence[Flag | Override], write: Callable[[], Any]) -> bytes:
        """The line of these.

        Args:
            key: tells it from all other lines of the layer.
            write: what the line says, as JSON has it.
        """
        written = self._before.get(key)
        if written is None or len(written.of) != len(of) or not all(map(is_, written.of, of)):
            written = _Written(of, json_bytes(write()))
        self._now[key] = written
        return written.line


class _Written(NamedTuple):
    of: Sequence[Flag | Override]
    line: bytes


def layer_lines(layer: Layer, kept: KeptLines | None = None) -> Iterator[bytes]:
    """Write a layer, each line a JSON value without a line break.

    Args:
        kept: of the layer's source; what it has is not written again.
    """
    kept = kept or KeptLines()
    kept.begin()
    for definition in layer.definitions:
        files = _files(definition)
        yield orjson.dumps({"set": definition.flag_set_id, "head": render_head(definition), "files": files})
        for key, flag in definition.flags.items():
            yield kept.line((definition.flag_set_id, key), (flag,), partial(_flag_line, flag))
        groups = groupby(
            definition.overrides.values(),
            lambda override: (override.level, override.scope, override.origin.file),
        )
        for (level, scope, file), group in groups:
            overrides = tuple(group)
            place = (definition.flag_set_id, level, scope, file)
            yield kept.line(place, overrides, partial(_scope_line, overrides))


def _flag_line(flag: Flag) -> dict[str, Any]:
    return {"flag": flag.key, **flag_record(flag), "file": flag.origin.file}


def _scope_line(overrides: Sequence[Override]) -> dict[str, Any]:
    """Of overrides of one scope and file."""
    one = overrides[0]
    rendered = {override.flag_key: render_override(override) for override in overrides}
    return {"level": one.level, "scope": one.scope, "is": rendered, "file": one.origin.file}


def _files(definition: Definition) -> dict[str, dict[str, str | None]]:
    return {
        "segments": {name: segment.origin.file for name, segment in definition.segments.items()},
        "kill": {key: kill.origin.file for key, kill in definition.kills.items()},
    }


class LayerAssembler:
    """Puts the lines of :func:`layer_lines` together again.

    Args:
        source: the name of the source, for origins.
        previous: what assembled the source's last layer; its objects are used again for equal lines.
    """

    def __init__(self, source: str, previous: LayerAssembler | None = None) -> None:
        self.source = source
        self._known: dict[bytes, _Line] = previous._lines if previous is not None else {}
        self._lines: dict[bytes, _Line] = {}
        self._definitions: list[_Definition] = []

    def feed(self, line: bytes) -> None:
        """Take one line.

        Raises:
            ValueError: the line is not one that :func:`layer_lines` writes.
        """
        read = self._known.get(line)
        if read is None:
            read = self._read(orjson.loads(line))
        self._lines[line] = read
        if isinstance(read, _Head):
            self._definitions.append(_Definition(read))
        elif not self._definitions:
            raise ValueError("a flag or an override came before the head of its definition")
        elif isinstance(read, Flag):
            self._definitions[-1].flags[read.key] = read
        else:
            self._definitions[-1].overrides.update(read)

    def layer(self) -> Layer:
        """The layer of all lines taken so far."""
        return Layer(self.source, tuple(each.definition() for each in self._definitions))

    def _read(self, line: Any) -> _Line:
        if "flag" in line:
            return read_flag_record(line, line["flag"], self.source, line.get("file"))
        report = Report()
        report.file = line.get("file")
        read: _Line | None = None
        if "head" in line:
            read = _Head(report, line, self.source)
        elif "level" in line:
            nested = {line["level"]: {line["scope"]: line["is"]}}
            read = read_overrides(report, nested, ("overrides",), self.source)
        if read is None or report.refused:
            reasons = "; ".join(str(fault) for fault in report.faults)
            raise ValueError(f"the reader handed over what it cannot have validated: {reasons or line}")
        return read


class _Head:
    """A definition without its flags and overrides."""

    def __init__(self, report: Report, line: Any, source: str) -> None:
        head, files = line["head"], line["files"]
        self.flag_set_id: str = line["set"]
        self.metadata: dict[str, bool | str | int | float] = head.get("metadata", {})
        self.hierarchy: tuple[Level, ...] | None = None
        self.fractional_version: FractionalVersion | None = head.get("fractionalVersion")
        if "hierarchy" in head:
            self.hierarchy = read_hierarchy(report, head["hierarchy"], ("hierarchy",))
        self.segments: dict[str, Segment] = {}
        for name, written in head.get("segments", {}).items():
            file = files["segments"].get(name)
            self.segments[name] = read_segment_record({"is": written}, name, source, file)
        self.kills: dict[str, Kill] = {}
        for key, written in head.get("kill", {}).items():
            self.kills[key] = read_kill_record({"is": written}, key, source, files["kill"].get(key))


class _Definition:
    def __init__(self, head: _Head) -> None:
        self.head = head
        self.flags: dict[str, Flag] = {}
        self.overrides: dict[OverrideKey, Override] = {}

    def definition(self) -> Definition:
        head = self.head
        return Definition(
            head.flag_set_id,
            head.metadata,
            head.hierarchy,
            head.segments,
            self.flags,
            self.overrides,
            head.kills,
            head.fractional_version,
        )


_Line = _Head | Flag | dict[OverrideKey, Override]
