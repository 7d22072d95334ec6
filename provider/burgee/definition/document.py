"""Whole documents: one, or the files of a directory that together are one layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from burgee.bucket import FractionalVersion
from burgee.condition import Condition
from burgee.definition.conditions import read_condition
from burgee.definition.expectations import read_expectations
from burgee.definition.fields import check_fields, check_key, read_mapping, read_metadata, read_text
from burgee.definition.flagd_schema import check_flagd_schema
from burgee.definition.flags import read_flag
from burgee.definition.hierarchy import read_hierarchy
from burgee.definition.kept import KeptReadings, as_written
from burgee.definition.overrides import read_kills, read_overrides
from burgee.definition.references import check_references, check_variants
from burgee.definition.report import References, Report
from burgee.definition.soundness import is_sound
from burgee.definition.targeting import Evaluators, read_evaluators
from burgee.fault import Fault, Path
from burgee.flag import Flag, Kill, Level, Origin, Override, Segment
from burgee.layer import Definition, Layer, OverrideKey
from burgee.value import kind_name, shown

_FIELDS: Final = (
    "$schema", "$evaluators", "metadata", "hierarchy", "fractionalVersion",
    "segments", "flags", "overrides", "kill", "tests",
)  # fmt: skip
_OWN_FIELDS: Final = frozenset(("hierarchy", "segments", "overrides", "kill", "tests"))
_FLAGS_EXAMPLE: Final = "{new-checkout: {defaultVariant: off}}"
_LISTED_EXAMPLE: Final = 'write one such as {"key": "new-checkout", "defaultVariant": "off"}'


class SourceDocument(NamedTuple):
    """A parsed document and the file it came from.

    Attributes:
        document: what the parser gave: mappings, lists and scalars.
        file: the file's path, None where there is none.
    """

    document: object
    file: str | None = None


@dataclass(slots=True)
class _Parts:
    """One flag set while its documents are being read."""

    metadata: dict[str, Any] = field(default_factory=dict)
    hierarchy: tuple[Level, ...] | None = None
    segments: dict[str, Segment] = field(default_factory=dict)
    flags: dict[str, Flag] = field(default_factory=dict)
    overrides: dict[OverrideKey, Override] = field(default_factory=dict)
    kills: dict[str, Kill] = field(default_factory=dict)
    named_flags: dict[str, str | None] = field(default_factory=dict)
    named_segments: dict[str, str | None] = field(default_factory=dict)
    references: References = field(default_factory=References)
    fractional_version: FractionalVersion | None = None


def read(document: object, *, source: str = "", file: str | None = None) -> Definition:
    """Read one document.

    Args:
        document: mappings, lists and scalars, as a parser gives them.
        source: the name of the source, for origins.
        file: the file's path, for origins and faults.

    Raises:
        DefinitionError: with every fault of the document, each with its path.
    """
    layer, _ = read_layer(source, [SourceDocument(document, file)])
    return layer.definitions[0] if layer.definitions else Definition()


def read_layer(
    source: str,
    documents: Sequence[SourceDocument],
    kept: KeptReadings | None = None,
    *,
    complete: bool = True,
) -> tuple[Layer, tuple[Fault, ...]]:
    """Read the documents of one source as one layer.

    Documents of the same flag set are one definition: a reference may lead from one file into another,
    and one key in two files is a fault.

    Args:
        kept: of this source; what it has is not read again. It makes the work less and the outcome no other.
        complete: whether these are all documents of the source. Where one could not be parsed, nothing is
            reported that it might mend: references to what may stand in it.

    Returns:
        The layer, and the warnings.

    Raises:
        DefinitionError: with every fault of all documents, and their warnings.
    """
    report = Report()
    sets: dict[str, _Parts] = {}
    if kept is not None:
        kept.begin()
    for document, file in documents:
        report.file = file
        _read_document(report, document, source, sets, kept)
    report.file = None
    definitions = []
    for flag_set_id, parts in sets.items():
        definition = Definition(
            flag_set_id,
            parts.metadata,
            parts.hierarchy,
            parts.segments,
            parts.flags,
            parts.overrides,
            parts.kills,
            parts.fractional_version,
        )
        report.references = parts.references
        flag_keys, segment_names = parts.named_flags.keys(), parts.named_segments.keys()
        check_references(report, definition, flag_keys, segment_names, complete=complete)
        definitions.append(definition)
    return Layer(source, tuple(definitions)), report.finish()


def _read_document(
    report: Report, document: object, source: str, sets: dict[str, _Parts], kept: KeptReadings | None
) -> None:
    if not isinstance(document, Mapping):
        report.error(
            (), f"the document is {kind_name(document)}, not a mapping", "write `flags:` and its flags"
        )
        return
    if not is_sound(report, document):
        return
    report.lenient = _is_flagd_document(document)
    check_fields(report, document, (), _FIELDS)
    check_flagd_schema(report, document)
    metadata = read_metadata(report, document, ())
    for name in ("flagSetId", "version"):
        if name in metadata:
            read_text(report, metadata[name], ("metadata", name), f"`{name}`")
    parts = sets.setdefault(str(metadata.get("flagSetId", "")), _Parts())
    report.references = parts.references
    for name, value in metadata.items():
        if parts.metadata.setdefault(name, value) != value:
            message = f"metadata `{name}` differs between the files of one flag set"
            report.error(("metadata", name), message, "write it in one of the files, or alike in all")
    if "hierarchy" in document:
        _merge_hierarchy(report, parts, read_hierarchy(report, document["hierarchy"], ("hierarchy",)))
    _read_segments(report, document.get("segments", {}), source, parts)
    if "fractionalVersion" in document:
        _read_fractional_version(report, parts, document["fractionalVersion"])
    evaluators = read_evaluators(report, document.get("$evaluators", {}), ("$evaluators",))
    _read_flags(report, document.get("flags", {}), source, parts, evaluators, kept)
    overrides = read_overrides(report, document.get("overrides", {}), ("overrides",), source, kept)
    for key, override in overrides.items():
        _once(report, parts.overrides, key, override, f"an override of `{key[2]}` for {key[0]} `{key[1]}`")
    for flag_key, kill in read_kills(report, document.get("kill", {}), ("kill",), source).items():
        _once(report, parts.kills, flag_key, kill, f"a kill of `{flag_key}`")
    read_expectations(report, document.get("tests", []), ("tests",))


def _once(report: Report, found: dict[Any, Any], key: Any, value: Override | Kill, what: str) -> None:
    if key in found:
        file = found[key].origin.file
        report.error(value.origin.path, f"{what} stands in {file} already", "remove one of the two", at="key")
    else:
        found[key] = value


def _read_fractional_version(report: Report, parts: _Parts, value: object) -> None:
    where = ("fractionalVersion",)
    if value not in (2, 3) or isinstance(value, bool):
        report.error(where, f"there is no generation {shown(value)} of `fractional`", "write 2 or 3")
    elif parts.fractional_version not in (None, value):
        message = "the files of one flag set state different generations of `fractional`"
        report.error(where, message, "state it in one file")
    else:
        parts.fractional_version = 2 if value == 2 else 3


def _keyed(report: Report, value: object) -> Iterator[tuple[str | None, object, Path]]:
    """The flags of a document with their keys and paths; flagd also writes them as a list.

    The key is None where it is missing or faulty.
    """
    if not isinstance(value, list):
        for key, each in (read_mapping(report, value, ("flags",), "`flags`", _FLAGS_EXAMPLE) or {}).items():
            sound = check_key(report, key, ("flags", key), "a flag's key")
            yield key if sound else None, each, ("flags", key)
        return
    for index, each in enumerate(value):
        path: Path = ("flags", index)
        if not isinstance(each, Mapping):
            message = f"a flag in a list is {kind_name(each)}, not a mapping with its `key`"
            report.error(path, message, _LISTED_EXAMPLE)
            continue
        named = None
        if "key" not in each:
            report.error(path, "a flag in a list lacks `key`", _LISTED_EXAMPLE)
        elif not isinstance(each["key"], str):
            what = kind_name(each["key"])
            report.error((*path, "key"), f"a flag's key is {what}, not text", _LISTED_EXAMPLE)
        elif check_key(report, each["key"], (*path, "key"), "a flag's key"):
            named = each["key"]
        yield named, {name: part for name, part in each.items() if name != "key"}, path


def _read_flags(
    report: Report,
    value: object,
    source: str,
    parts: _Parts,
    evaluators: Evaluators,
    kept: KeptReadings | None,
) -> None:
    named = as_written(evaluators.written)
    if named is None:
        kept = None
    for key, each, path in _keyed(report, value):
        if key is None or key in parts.named_flags:
            if key is not None:
                where = parts.named_flags[key]
                report.error(path, f"flag `{key}` stands in {where} already", "remove one", at="key")
            _read_apart(report, key, each, path, evaluators)
            continue
        parts.named_flags[key] = report.file
        read = partial(read_flag, report, key, each, path, source, evaluators)
        flag = read() if kept is None else kept.read(report, path, each, read, (key, named))
        if flag is not None:
            parts.flags[key] = flag


def _read_apart(report: Report, key: str | None, value: object, path: Path, evaluators: Evaluators) -> None:
    """Read a flag that has no key of its own: for its faults, with its variants judged by itself."""
    references, report.references = report.references, References()
    flag = read_flag(report, key or "", value, path, "", evaluators)
    apart, report.references = report.references, references
    references.segments += apart.segments
    references.flags += apart.flags
    own = [each for each in apart.variants if each[0] == (key or "")]
    references.variants += [each for each in apart.variants if each not in own]
    check_variants(report, own, {} if flag is None else {flag.key: flag})


def _read_segments(report: Report, value: object, source: str, parts: _Parts) -> None:
    example = "{nordic: {country: {in: [SE, NO]}}}"
    for name, each in (read_mapping(report, value, ("segments",), "`segments`", example) or {}).items():
        path: Path = ("segments", name)
        sound = check_key(report, name, path, "a segment's name")
        if name in parts.named_segments:
            where = parts.named_segments[name]
            report.error(path, f"segment `{name}` stands in {where} already", "remove one", at="key")
            sound = False
        condition: Condition | None = read_condition(report, each, path)
        if not sound:
            continue
        parts.named_segments[name] = report.file
        if condition is not None:
            parts.segments[name] = Segment(name, condition, Origin(source, report.file, path))


def _merge_hierarchy(report: Report, parts: _Parts, hierarchy: tuple[Level, ...] | None) -> None:
    if hierarchy is None:
        return
    if parts.hierarchy is not None and parts.hierarchy != hierarchy:
        report.error(
            ("hierarchy",), "the files of one flag set state different hierarchies", "state it in one file"
        )
        return
    parts.hierarchy = hierarchy


def _is_flagd_document(document: Mapping[str, Any]) -> bool:
    flags = document.get("flags")
    if _OWN_FIELDS & document.keys() or not isinstance(flags, Mapping | list) or not flags:
        return False
    return all(
        isinstance(flag, Mapping)
        and "state" in flag
        and "variants" in flag
        and not {"rules", "requires"} & flag.keys()
        for flag in (flags.values() if isinstance(flags, Mapping) else flags)
    )
