"""Reading single fields: each function returns the value, or puts a fault down and returns None."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any, Final

from burgee.definition.report import Report, did_you_mean
from burgee.fault import Path
from burgee.flag import ALWAYS, NO_NOTES, Notes, Window
from burgee.instant import parse_instant
from burgee.value import LARGEST_INTEGER, SMALLEST_INTEGER, kind_name, shown

KEY_LENGTH_LIMIT: Final = 256
NOTE_FIELDS: Final = ("description", "owner", "tags", "expires")
WINDOW_FIELDS: Final = ("from", "until")
_NOTES: Final = (*NOTE_FIELDS, "note")
_LATER: Final = "write a later `until`, or leave one of the two out: now the window would never be open"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read_mapping(
    report: Report, value: object, path: Path, what: str, example: str
) -> Mapping[str, Any] | None:
    """A mapping with text keys.

    Args:
        example: a mapping that could stand there.
    """
    # The very type first, here and below: asking about an abstract one takes ten times as long.
    if type(value) is dict or isinstance(value, Mapping):
        return value
    report.error(path, f"{what} is {kind_name(value)}, not a mapping", f"write one such as {example}")
    return None


def check_fields(
    report: Report,
    mapping: Mapping[str, Any],
    path: Path,
    known: Collection[str],
) -> None:
    """Put down every field that is not known."""
    for name in mapping:
        if name in known:
            continue
        where = (*path, name)
        remedy = did_you_mean(name, known)
        if report.lenient and not remedy:
            remedy = f"remove it, or put it under `metadata`; known: {', '.join(known)}"
            report.warning(where, f"unknown field `{name}` is ignored", remedy, at="key")
        else:
            report.error(where, f"unknown field `{name}`", remedy or f"known: {', '.join(known)}", at="key")


def check_key(report: Report, key: object, path: Path, what: str) -> bool:
    """Whether a flag key, a scope or another name is 1 to 256 characters without control characters."""
    if not isinstance(key, str):
        report.error(path, f"{what} is {kind_name(key)}, not text", "put it in quotes", at="key")
        return False
    if not 1 <= len(key) <= KEY_LENGTH_LIMIT:
        size = "empty" if not key else f"{len(key)} characters long"
        report.error(path, f"{what} is {size}", f"use 1 to {KEY_LENGTH_LIMIT} characters", at="key")
        return False
    # Printable text, by far the most common, has neither; asking character by character is slow.
    if not key.isprintable() and any(unicodedata.category(each) in ("Cc", "Cs") for each in key):
        report.error(path, f"{what} {shown(key)} has a control character", "remove it", at="key")
        return False
    return True


def read_text(report: Report, value: object, path: Path, what: str) -> str | None:
    """Text."""
    if isinstance(value, str):
        return value
    quoted = isinstance(value, bool | int | float)
    remedy = "put it in quotes" if quoted else 'write one text such as "checkout"'
    report.error(path, f"{what} is {kind_name(value)}, not text", remedy)
    return None


def read_true(report: Report, mapping: Mapping[str, Any], name: str, path: Path) -> bool:
    """An optional boolean, false where absent."""
    value = mapping.get(name, False)
    if isinstance(value, bool):
        return value
    report.error((*path, name), f"`{name}` is {kind_name(value)}, not a boolean", "write true or false")
    return False


def read_instant(report: Report, value: object, path: Path, what: str) -> float | None:
    """An RFC 3339 date-time, as Unix seconds."""
    moment = parse_instant(value) if isinstance(value, str) else None
    if moment is None:
        report.error(
            path,
            f"{what} {shown(value)} is not a date-time with an offset",
            "write one such as 2026-12-01T00:00:00Z",
        )
    return moment


def read_window(report: Report, mapping: Mapping[str, Any], path: Path) -> Window:
    """``from`` and ``until`` of a rule or an override."""
    if mapping.keys().isdisjoint(WINDOW_FIELDS):
        return ALWAYS
    edges = [
        read_instant(report, mapping[name], (*path, name), f"`{name}`") if name in mapping else None
        for name in WINDOW_FIELDS
    ]
    start, end = edges
    if start is not None and end is not None and end <= start:
        report.error((*path, "until"), "`until` does not lie after `from`", _LATER)
        return ALWAYS
    return Window(start, end) if (start, end) != (None, None) else ALWAYS


def read_notes(report: Report, mapping: Mapping[str, Any], path: Path) -> Notes:
    """The fields that are for people: description, owner, tags, expires, note."""
    if mapping.keys().isdisjoint(_NOTES):
        return NO_NOTES
    texts = {
        name: read_text(report, mapping[name], (*path, name), f"`{name}`") or ""
        for name in ("description", "owner", "expires", "note")
        if name in mapping
    }
    expires = texts.get("expires", "")
    if expires and not (parse_instant(expires) is not None or _is_date(expires)):
        report.error(
            (*path, "expires"),
            f"`expires` {shown(expires)} is no date",
            "write one such as 2026-12-31, or a date-time",
        )
    tags = mapping.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        report.error(
            (*path, "tags"), "`tags` is not a list of texts", 'write one such as ["billing", "beta"]'
        )
        tags = []
    return Notes(
        texts.get("description", ""), texts.get("owner", ""), tuple(tags), expires, texts.get("note", "")
    )


def _is_date(text: str) -> bool:
    return bool(_DATE.fullmatch(text)) and parse_instant(f"{text}T00:00:00Z") is not None


def read_metadata(
    report: Report, mapping: Mapping[str, Any], path: Path
) -> dict[str, bool | str | int | float]:
    """Metadata of a flag or a flag set: scalars only, and no key of Burgee's own."""
    if "metadata" not in mapping:
        return {}
    value = read_mapping(report, mapping["metadata"], (*path, "metadata"), "`metadata`", "{team: checkout}")
    metadata: dict[str, bool | str | int | float] = {}
    for name, each in (value or {}).items():
        where = (*path, "metadata", name)
        if not check_key(report, name, where, "a metadata key"):
            continue
        if name.startswith("burgee."):
            report.error(
                where,
                f"metadata key `{name}` is Burgee's own",
                "choose a name that does not begin with `burgee.`",
                at="key",
            )
        elif not isinstance(each, bool | str | int | float):
            report.error(
                where, f"metadata `{name}` is {kind_name(each)}", "write a text, a number or a boolean"
            )
        elif check_numbers(report, each, where):
            metadata[name] = each
    return metadata


def check_numbers(report: Report, value: Any, path: Path) -> bool:
    """Whether every number inside a value can be served: finite, and integers of 64 bit."""
    if type(value) is str or type(value) is bool:
        return True
    if type(value) is dict or isinstance(value, Mapping):
        sound = [check_numbers(report, each, (*path, key)) for key, each in value.items()]
        return all(sound)
    if isinstance(value, list):
        sound = [check_numbers(report, each, (*path, index)) for index, each in enumerate(value)]
        return all(sound)
    if isinstance(value, bool):
        return True
    if isinstance(value, int) and not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
        report.error(path, f"integer {value} does not fit 64 bit", "write it as text, or as a float")
        return False
    if isinstance(value, int) and abs(value) > 2**53:
        message = f"integer {value} is beyond 2**53: JavaScript clients lose its last digits"
        report.warning(path, message, f'write it as text where such clients ask: "{value}"')
    if isinstance(value, float) and not math.isfinite(value):
        report.error(path, f"{value} is no number JSON can carry", "write a finite number")
        return False
    return True
