"""Collects every fault of a document, so that its author sees all of them at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal, NamedTuple

from burgee.errors import DefinitionError
from burgee.fault import Fault, Path


class Place(NamedTuple):
    """Where a reference stands."""

    path: Path
    at: Literal["value", "key"]
    file: str | None


@dataclass(slots=True)
class References:
    """What the documents of one flag set refer to, judged once all of them are read.

    Attributes:
        segments: (segment's name, place).
        flags: (flag key, place).
        variants: (flag key, variant's name, place).
    """

    segments: list[tuple[str, Place]] = field(default_factory=list)
    flags: list[tuple[str, Place]] = field(default_factory=list)
    variants: list[tuple[str, str, Place]] = field(default_factory=list)


class Report:
    """The faults of one reading.

    Attributes:
        file: the file that faults are put down to until it is changed.
        lenient: unknown fields that resemble no known name are warnings (a flagd document).
        references: of the flag set that is being read.
    """

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.file: str | None = None
        self.lenient = False
        self.references = References()

    def refer_to_segment(self, name: str, path: Path) -> None:
        """Note that a segment has to be there."""
        self.references.segments.append((name, Place(path, "value", self.file)))

    def refer_to_flag(self, key: str, path: Path) -> None:
        """Note that a flag has to be there."""
        self.references.flags.append((key, Place(path, "key", self.file)))

    def refer_to_variant(
        self, flag_key: str, variant: str, path: Path, at: Literal["value", "key"] = "value"
    ) -> None:
        """Note that a flag has to have a variant."""
        self.references.variants.append((flag_key, variant, Place(path, at, self.file)))

    def error(
        self,
        path: Path,
        message: str,
        remedy: str,
        *,
        at: Literal["value", "key"] = "value",
        file: str | None = None,
    ) -> None:
        """Put down what refuses the document, and what to write instead."""
        self.faults.append(Fault(message, path, remedy, "error", at, file or self.file))

    def warning(
        self,
        path: Path,
        message: str,
        remedy: str,
        *,
        at: Literal["value", "key"] = "value",
        file: str | None = None,
    ) -> None:
        """Put down what the author should know and can do about it, though the document is accepted."""
        self.faults.append(Fault(message, path, remedy, "warning", at, file or self.file))

    @property
    def refused(self) -> bool:
        """Whether any fault refuses the document."""
        return any(fault.severity == "error" for fault in self.faults)

    def finish(self) -> tuple[Fault, ...]:
        """Return the warnings, or raise DefinitionError with everything where there is an error."""
        if self.refused:
            raise DefinitionError(self.faults)
        return tuple(self.faults)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Suggest the nearest known name, or return an empty text."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    if not near:
        folded = {each.lower().replace("_", "").replace("-", ""): each for each in known}
        plain = name.lower().replace("_", "").replace("-", "")
        near = [folded[plain]] if plain in folded else []
    return f"did you mean `{near[0]}`?" if near else ""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> tuple[str, str]:
    """The message and the remedy for a name that leads nowhere."""
    names = list(known)
    remedy = did_you_mean(name, names)
    if not remedy:
        listed = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
        remedy = f"known: {listed}" if names else f"there is no {kind} here: define it, or leave this out"
    return f"unknown {kind} `{name}`", remedy
