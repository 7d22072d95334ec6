"""The levels of the ladder: ``hierarchy``."""

from __future__ import annotations

from typing import Final

from burgee.definition.fields import check_fields, check_key, read_mapping, read_text
from burgee.definition.report import Report
from burgee.fault import Path
from burgee.flag import Level
from burgee.value import kind_name

_EXAMPLE: Final = "{level: customer, attribute: customer}"
_OWN_SOURCES: Final = ("kill", "default")


def read_hierarchy(report: Report, value: object, path: Path) -> tuple[Level, ...] | None:
    """Read ``hierarchy``: levels, most specific first."""
    if not isinstance(value, list) or not value:
        what = "empty" if value == [] else f"{kind_name(value)}, not a list"
        report.error(
            path,
            f"`hierarchy` is {what}",
            f"write levels, most specific first: [{_EXAMPLE}]",
        )
        return None
    levels: list[Level] = []
    for index, each in enumerate(value):
        level = _level(report, each, (*path, index))
        if level is not None and any(level.name == other.name for other in levels):
            message = f"level `{level.name}` stands in the hierarchy twice"
            report.error((*path, index, "level"), message, "remove one, or give it another name")
        elif level is not None:
            levels.append(level)
    return tuple(levels) if len(levels) == len(value) else None


def _level(report: Report, value: object, path: Path) -> Level | None:
    mapping = read_mapping(report, value, path, "a level", _EXAMPLE)
    if mapping is None:
        return None
    check_fields(report, mapping, path, ("level", "attribute"))
    texts: list[str] = []
    for name in ("level", "attribute"):
        if name not in mapping:
            report.error(path, f"a level lacks `{name}`", f"write {_EXAMPLE}")
            continue
        text = read_text(report, mapping[name], (*path, name), f"`{name}`")
        if text is not None and check_key(report, text, (*path, name), f"`{name}`"):
            texts.append(text)
    if len(texts) != 2:
        return None
    if texts[0] in _OWN_SOURCES or "," in texts[0]:
        message = f"a level cannot be called `{texts[0]}`"
        remedy = f"choose a name without a comma other than {' and '.join(_OWN_SOURCES)}: answers use those"
        report.error((*path, "level"), message, remedy)
        return None
    return Level(texts[0], texts[1])
