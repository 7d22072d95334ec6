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
from burgee.definition.kept import KeptReadings, as_written
from burgee.definition.overrides import read_kills, read_overrides
from burgee.definition.references import check_references
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
_OWN_SOURCES: Final = ("kill", "default")


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
    source: str, documents: Sequence[SourceDocument], kept: KeptReadings | None = None
) -> tuple[Layer, tuple[Fault, ...]]:
    """Read the documents of one source as one layer.

    Documents of the same flag set are one definition: a reference may lead from one file into another,
    and one key in two files is a fault.

    Args:
        kept: of this source; what it has is not read again. It makes the work less and the outcome no other.

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
        check_references(report, definition, parts.named_flags.keys(), parts.named_segments.keys())
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
            report.error(("metadata", name), f"metadata `{name}` differs between the files of one flag set")
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
        report.error(where, "the files of one flag set state different generations of `fractional`")
    else:
        parts.fractional_version = 2 if value == 2 else 3


def _keyed(report: Report, value: object) -> Iterator[tuple[str, object, Path]]:
    """The flags of a document with their keys and paths; flagd also writes them as a list."""
    if not isinstance(value, list):
        for key, each in (read_mapping(report, value, ("flags",), "`flags`") or {}).items():
            if check_key(report, key, ("flags", key), "a flag's key"):
                yield key, each, ("flags", key)
        return
    for index, each in enumerate(value):
        path: Path = ("flags", index)
        if not isinstance(each, Mapping) or "key" not in each:
            report.error(path, "a flag in a list lacks `key`", 'write {"key": "new-checkout", ...}')
        elif not isinstance(each["key"], str):
            what = kind_name(each["key"])
            report.error((*path, "key"), f"a flag's key is {what}, not text", "put it in quotes")
        elif check_key(report, each["key"], (*path, "key"), "a flag's key"):
            yield each["key"], {name: part for name, part in each.items() if name != "key"}, path


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
        if key in parts.named_flags:
            report.error(
                path, f"flag `{key}` stands in {parts.named_flags[key]} already", "remove one", at="key"
            )
            continue
        parts.named_flags[key] = report.file
        read = partial(read_flag, report, key, each, path, source, evaluators)
        flag = read() if kept is None else kept.read(report, path, each, read, (key, named))
        if flag is not None:
            parts.flags[key] = flag


def _read_segments(report: Report, value: object, source: str, parts: _Parts) -> None:
    for name, each in (read_mapping(report, value, ("segments",), "`segments`") or {}).items():
        path: Path = ("segments", name)
        if not check_key(report, name, path, "a segment's name"):
            continue
        if name in parts.named_segments:
            where = parts.named_segments[name]
            report.error(path, f"segment `{name}` stands in {where} already", "remove one", at="key")
            continue
        parts.named_segments[name] = report.file
        condition: Condition | None = read_condition(report, each, path)
        if condition is not None:
            parts.segments[name] = Segment(name, condition, Origin(source, report.file, path))


def read_hierarchy(report: Report, value: object, path: Path) -> tuple[Level, ...] | None:
    """Read ``hierarchy``: levels, most specific first."""
    if not isinstance(value, list) or not value:
        what = "empty" if value == [] else f"{kind_name(value)}, not a list"
        report.error(
            path,
            f"`hierarchy` is {what}",
            "write levels, most specific first: {level: customer, attribute: customer}",
        )
        return None
    levels: list[Level] = []
    for index, each in enumerate(value):
        level = _level(report, each, (*path, index))
        if level is not None and any(level.name == other.name for other in levels):
            report.error((*path, index, "level"), f"level `{level.name}` stands in the hierarchy twice")
        elif level is not None:
            levels.append(level)
    return tuple(levels) if len(levels) == len(value) else None


def _level(report: Report, value: object, path: Path) -> Level | None:
    mapping = read_mapping(report, value, path, "a level")
    if mapping is None:
        return None
    check_fields(report, mapping, path, ("level", "attribute"))
    texts: list[str] = []
    for name in ("level", "attribute"):
        if name not in mapping:
            report.error(path, f"a level lacks `{name}`", "write {level: customer, attribute: customer}")
            continue
        text = read_text(report, mapping[name], (*path, name), f"`{name}`")
        if text is not None and check_key(report, text, (*path, name), f"`{name}`"):
            texts.append(text)
    if len(texts) != 2:
        return None
    if texts[0] in _OWN_SOURCES or "," in texts[0]:
        report.error(
            (*path, "level"), f"a level cannot be called `{texts[0]}`", "answers use that word themselves"
        )
        return None
    return Level(texts[0], texts[1])


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
