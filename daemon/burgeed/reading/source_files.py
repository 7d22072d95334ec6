"""The files of a source to a layer, or to every fault in them with its line and column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

import orjson

from burgee.definition import SourceDocument, read_layer
from burgee.definition.expectations import read_expectations
from burgee.definition.report import Report
from burgee.errors import DefinitionError
from burgee.expectations.expectation import Expectation
from burgee.fault import Fault, Path
from burgee.layer import Layer
from burgeed.reading.document import parse
from burgeed.reading.kept import KeptSource
from burgeed.reading.limits import FAULT_LIMIT
from burgeed.reading.messages import SourceFile
from burgeed.reading.parsed import ParsedDocument


def read_files(
    source: str, files: Sequence[SourceFile], kept: KeptSource | None = None
) -> tuple[Layer, tuple[Fault, ...]]:
    """Read the files of one source as one layer.

    While a file cannot be read to its end, of the others only that is reported which it cannot mend: a
    reference into it would look wrong without being so.

    Args:
        kept: of this source; what it has is not read again. It makes the work less and the outcome no other.

    Returns:
        The layer and the warnings, placed.

    Raises:
        DefinitionError: with every fault, placed, in the order of files and lines.
    """
    if kept is not None:
        kept.forget_files_but(file.path for file in files)
    parsed = [parse(file, None if kept is None else kept.sections) for file in files]
    refused = [fault for each in parsed for fault in each.faults]
    by_file = {each.file: each for each in parsed}
    documents = [SourceDocument(each.document, each.file) for each in parsed if each.document is not None]
    complete = len(documents) == len(parsed)
    # A part of the files would let go of what is kept of the others.
    readings = kept.readings if kept is not None and complete else None
    try:
        layer, found = read_layer(source, documents, readings, complete=complete)
    except DefinitionError as error:
        raise DefinitionError(_in_order([*refused, *_placed(error.faults, by_file)], files)) from None
    warnings = _placed(found, by_file)
    if refused or not complete:
        raise DefinitionError(_in_order([*refused, *warnings], files))
    return layer, _in_order(warnings, files)


def read_expected(source: str, files: Sequence[SourceFile]) -> list[Expectation]:
    """What the ``tests`` of files expect that :func:`read_files` has accepted."""
    found: list[Expectation] = []
    report = Report()
    for document in map(parse, files):
        tests = (document.document or {}).get("tests", [])
        metadata = (document.document or {}).get("metadata", {})
        report.file = document.file
        found += read_expectations(report, tests, ("tests",), metadata.get("flagSetId", ""), source)
    return found


def locate(file: SourceFile, paths: Sequence[Path]) -> list[tuple[int, int] | None]:
    """Find where the keys of paths stand (of a list item: the value); None where a path leads nowhere."""
    places = parse(file).places()
    return [places.exact(path) for path in paths]


def as_json(file: SourceFile) -> bytes:
    """A file's document as JSON, indented, its keys in their order.

    Raises:
        DefinitionError: it cannot be read; whether it is a definition is not looked at.
    """
    parsed = parse(file)
    if parsed.document is None or parsed.faults:
        raise DefinitionError(parsed.faults)
    return orjson.dumps(parsed.document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _placed(faults: Iterable[Fault], by_file: dict[str, ParsedDocument]) -> list[Fault]:
    placed = []
    for fault in faults:
        parsed = by_file.get(fault.file or "")
        if parsed is None:
            placed.append(fault)
        elif not parsed.explains(fault):
            line, column = parsed.places().nearest(fault.path, fault.at) or (None, None)
            placed.append(replace(fault, line=line, column=column))
    return placed


def _in_order(faults: Iterable[Fault], files: Sequence[SourceFile]) -> tuple[Fault, ...]:
    order = {file.path: index for index, file in enumerate(files)}
    found = sorted(
        faults, key=lambda each: (order.get(each.file or "", -1), each.line or 0, each.column or 0)
    )
    if len(found) <= FAULT_LIMIT:
        return tuple(found)
    errors = [fault for fault in found if fault.severity == "error"]
    kept = (errors or found)[: FAULT_LIMIT - 1]
    message = f"there are {len(found) - len(kept)} more faults"
    severity: Literal["error", "warning"] = "error" if errors else "warning"
    return (*kept, Fault(message, remedy="correct these first", severity=severity, file=kept[-1].file))
