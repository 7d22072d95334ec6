"""``tests``: what a document expects of its own flags. Read for its faults here; nothing of it is served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from burgee.definition.fields import check_fields, check_key, read_instant, read_mapping, read_text
from burgee.definition.report import Report, unknown_name
from burgee.expectations.expectation import EXPECTED_FIELDS, Expectation
from burgee.fault import Path
from burgee.flag import Origin
from burgee.resolution import ErrorCode, Reason
from burgee.value import kind_name

_FIELDS: Final = ("name", "flag", "context", "time", "expected")
_EXAMPLE: Final = "{flag: new-checkout, context: {plan: pro}, expected: {variant: on}}"


def read_expectations(
    report: Report, value: object, path: Path, flag_set_id: str = "", source: str = ""
) -> tuple[Expectation, ...]:
    """Read ``tests``, leaving out those with faults. Whether the named flags are there is not judged here."""
    if not isinstance(value, list):
        message = f"`tests` is {kind_name(value)}, not a list"
        report.error(path, message, f"write one such as [{_EXAMPLE}]")
        return ()
    read = [
        _expectation(report, each, (*path, index), flag_set_id, source) for index, each in enumerate(value)
    ]
    return tuple(each for each in read if each is not None)


def _expectation(
    report: Report, value: object, path: Path, flag_set_id: str, source: str
) -> Expectation | None:
    mapping = read_mapping(report, value, path, "an expectation", _EXAMPLE)
    if mapping is None:
        return None
    check_fields(report, mapping, path, _FIELDS)
    missing = [name for name in ("flag", "expected") if name not in mapping]
    if missing:
        message = f"an expectation lacks {' and '.join(f'`{name}`' for name in missing)}"
        report.error(path, message, f"write one such as {_EXAMPLE}")
        return None
    name = read_text(report, mapping["name"], (*path, "name"), "`name`") if "name" in mapping else ""
    flag_key = read_text(report, mapping["flag"], (*path, "flag"), "`flag`")
    if flag_key is not None and not check_key(report, flag_key, (*path, "flag"), "a flag's key"):
        return None
    stated = mapping.get("context", {})
    context = read_mapping(report, stated, (*path, "context"), "`context`", "{plan: pro}")
    time = read_instant(report, mapping["time"], (*path, "time"), "`time`") if "time" in mapping else None
    expected = _expected(report, mapping["expected"], (*path, "expected"))
    if flag_key is None or context is None or expected is None:
        return None
    origin = Origin(source, report.file, path)
    return Expectation(flag_key, flag_set_id, context, expected, time, name or "", origin)


def _expected(report: Report, value: object, path: Path) -> Mapping[str, Any] | None:
    mapping = read_mapping(report, value, path, "`expected`", "{variant: on}")
    if mapping is None:
        return None
    check_fields(report, mapping, path, EXPECTED_FIELDS)
    if not mapping:
        report.error(path, "`expected` states nothing", f"write some of {', '.join(EXPECTED_FIELDS)}")
        return None
    for name, stated in mapping.items():
        _check(report, name, stated, (*path, name))
    return mapping


def _check(report: Report, name: str, stated: object, path: Path) -> None:
    match name:
        case "value":
            if stated is None or isinstance(stated, list):
                message = f"`value` is {kind_name(stated)}: no flag serves that"
                report.error(path, message, "for the caller's default write {codeDefault: true}")
        case "codeDefault":
            if not isinstance(stated, bool):
                report.error(path, f"`codeDefault` is {kind_name(stated)}", "write true or false")
        case "variant" | "source" | "scope" | "rule":
            read_text(report, stated, path, f"`{name}`")
        case "reason" | "error":
            known = [str(each) for each in (Reason if name == "reason" else ErrorCode)]
            text = read_text(report, stated, path, f"`{name}`")
            if text is not None and text not in known:
                message, remedy = unknown_name("reason" if name == "reason" else "error code", text, known)
                report.error(path, message, remedy)
