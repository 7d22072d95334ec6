"""Flags, overrides, segments and kills one by one, as lines and snapshots hold them.

A record is ``{"is": <as a document has it>}``, with ``path`` where that is not where it usually stands, and
``covers`` where a flag changed at run time stands for another source's.
Source and file stand elsewhere, since many records share them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol, TypeVar

from burgee.definition.conditions import read_condition
from burgee.definition.flags import read_flag
from burgee.definition.overrides import read_kills, read_overrides
from burgee.definition.rendering import render_flag, render_kill, render_override, render_segment
from burgee.definition.report import Report
from burgee.fault import Path
from burgee.flag import Flag, Kill, Origin, Override, Segment


class _HasOrigin(Protocol):
    @property
    def origin(self) -> Origin: ...


Each = TypeVar("Each", Override, Kill)


def flag_record(flag: Flag) -> dict[str, Any]:
    """Write a flag."""
    record = _record(flag, render_flag(flag), ("flags", flag.key))
    return {**record, "covers": flag.covers} if flag.covers else record


def read_flag_record(record: Any, key: str, source: str, file: str | None) -> Flag:
    """Read what :func:`flag_record` wrote; ValueError, KeyError or TypeError where it did not."""
    path = _path(record) or ("flags", key)
    report = _report(file)
    flag = _sound(report, read_flag(report, key, record["is"], path, source))
    covers = record.get("covers", "")
    if not isinstance(covers, str):
        raise ValueError("the source that a flag covers is no text")
    return replace(flag, covers=covers) if covers else flag


def override_record(override: Override) -> dict[str, Any]:
    """Write an override."""
    usual = ("overrides", override.level, override.scope, override.flag_key)
    return _record(override, render_override(override), usual)


def read_override_record(
    record: Any, level: str, scope: str, flag_key: str, source: str, file: str | None
) -> Override:
    """Read what :func:`override_record` wrote; ValueError, KeyError or TypeError where it did not."""
    nested = {level: {scope: {flag_key: record["is"]}}}
    report = _report(file)
    found = _sound(report, read_overrides(report, nested, ("overrides",), source))
    return _placed(found[level, scope, flag_key], record)


def segment_record(segment: Segment) -> dict[str, Any]:
    """Write a segment."""
    return _record(segment, render_segment(segment), ("segments", segment.name))


def read_segment_record(record: Any, name: str, source: str, file: str | None) -> Segment:
    """Read what :func:`segment_record` wrote; ValueError, KeyError or TypeError where it did not."""
    path = _path(record) or ("segments", name)
    report = _report(file)
    condition = read_condition(report, record["is"], path)
    origin = Origin(source, file, path)
    return _sound(report, None if condition is None else Segment(name, condition, origin))


def kill_record(kill: Kill) -> dict[str, Any]:
    """Write a kill."""
    return _record(kill, render_kill(kill), ("kill", kill.flag_key))


def read_kill_record(record: Any, flag_key: str, source: str, file: str | None) -> Kill:
    """Read what :func:`kill_record` wrote; ValueError, KeyError or TypeError where it did not."""
    nested = {flag_key: record["is"]}
    report = _report(file)
    found = _sound(report, read_kills(report, nested, ("kill",), source))
    return _placed(found[flag_key], record)


def _record(each: _HasOrigin, rendered: dict[str, Any], usual: Path) -> dict[str, Any]:
    path = each.origin.path
    return {"is": rendered} if path == usual else {"is": rendered, "path": path}


def _path(record: Any) -> Path | None:
    if "path" not in record:
        return None
    path: Any = record["path"]
    if not isinstance(path, list) or not all(isinstance(step, str | int) for step in path):
        raise ValueError("the path of a record is no list of keys and indices")
    return tuple(path)


def _placed(each: Each, record: Any) -> Each:
    path = _path(record)
    return each if path is None else replace(each, origin=replace(each.origin, path=path))


Read = TypeVar("Read")


def _report(file: str | None) -> Report:
    report = Report()
    report.file = file
    return report


def _sound(report: Report, found: Read | None) -> Read:
    if found is None or report.refused:
        reasons = "; ".join(str(fault) for fault in report.faults)
        raise ValueError(f"the record holds what no document may: {reasons}")
    return found
