"""A layer as lines of JSON: how the reader process hands over what it has validated.

One line for the head of each definition, one for each flag, one for the overrides of each scope. A line
that was seen before stands for the very object it stood for then, so a reload costs what changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import orjson

from burgee.bucket import FractionalVersion
from burgee.definition.document import read_hierarchy
from burgee.definition.overrides import read_overrides
from burgee.definition.records import flag_record, read_flag_record, read_kill_record, read_segment_record
from burgee.definition.rendering import render_head, render_override
from burgee.definition.report import Report
from burgee.flag import Flag, Kill, Level, Override, Segment
from burgee.layer import Definition, Layer, OverrideKey


def layer_lines(layer: Layer) -> Iterator[bytes]:
    """Write a layer, each line a JSON value without a line break."""
    for definition in layer.definitions:
        files = _files(definition)
        yield orjson.dumps({"set": definition.flag_set_id, "head": render_head(definition), "files": files})
        for key, flag in definition.flags.items():
            yield orjson.dumps({"flag": key, **flag_record(flag), "file": flag.origin.file})
        groups = groupby(
            definition.overrides.values(),
            lambda override: (override.level, override.scope, override.origin.file),
        )
        for (level, scope, file), overrides in groups:
            rendered = {override.flag_key: render_override(override) for override in overrides}
            yield orjson.dumps({"level": level, "scope": scope, "is": rendered, "file": file})


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
        report = Report()
        report.file = line.get("file")
        read: _Line | None = None
        if "head" in line:
            read = _Head(report, line, self.source)
        elif "flag" in line:
            read = read_flag_record(line, line["flag"], self.source, report.file)
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
