"""What the daemon and its reader process say to each other: frames of four length bytes and a payload.

A request is a header frame, then one frame for each file's bytes. A reply is one or more frames whose first
byte tells what it is. Nothing here parses a definition: the daemon's own process imports this module.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final, Literal, NamedTuple

import orjson

from burgee.expectations.expectation import Expectation
from burgee.fault import Fault, Path
from burgee.flag import Origin

LENGTH: Final = struct.Struct(">I")

LINES: Final = b"L"
"""Reply: lines of the layer; more frames follow."""
END: Final = b"E"
"""Reply: the layer is complete; its warnings."""
FAULTS: Final = b"F"
"""Reply: the definition is refused; all its faults."""
POSITIONS: Final = b"P"
"""Reply: where the paths stand."""
EXPECTATIONS: Final = b"T"
"""Reply: the expectations of the files."""
DOCUMENT: Final = b"D"
"""Reply: the document of a file, as JSON."""
FAILURE: Final = b"X"
"""Reply: the reader itself went wrong; text for the log."""


class SourceFile(NamedTuple):
    """A file as a source found it.

    Attributes:
        path: its path; the ending tells the format.
        content: its bytes, unparsed.
    """

    path: str
    content: bytes


class Request(NamedTuple):
    """A request's header.

    Attributes:
        kind: what to do with the files.
        source: the name of the source; empty for ``locate`` and ``convert``.
        files: the paths of the files whose bytes follow, in this order.
        paths: what to locate; empty for the others.
    """

    kind: Literal["read", "locate", "expect", "convert"]
    source: str
    files: tuple[str, ...]
    paths: tuple[Path, ...] = ()


def frame(payload: bytes) -> bytes:
    """Put the length before a payload."""
    return LENGTH.pack(len(payload)) + payload


def write_request(request: Request) -> bytes:
    """The payload of a request's header frame.

    A path may hold bytes that are no UTF-8, as surrogates: they are replaced, since only messages show them.
    """
    return orjson.dumps(
        [request.kind, _plain(request.source), [_plain(file) for file in request.files], request.paths]
    )


def read_request(payload: bytes) -> Request:
    """The header that :func:`write_request` wrote."""
    kind, source, files, paths = orjson.loads(payload)
    return Request(kind, source, tuple(files), tuple(tuple(path) for path in paths))


def write_faults(faults: Iterable[Fault]) -> bytes:
    """Faults as one payload."""
    return orjson.dumps([asdict(fault) for fault in faults])


def read_faults(payload: bytes) -> tuple[Fault, ...]:
    """The faults that :func:`write_faults` wrote."""
    found: list[dict[str, Any]] = orjson.loads(payload)
    return tuple(Fault(**{**each, "path": tuple(each["path"])}) for each in found)


def write_positions(positions: Sequence[tuple[int, int] | None]) -> bytes:
    """Lines and columns as one payload."""
    return orjson.dumps(positions)


def read_positions(payload: bytes) -> list[tuple[int, int] | None]:
    """The lines and columns that :func:`write_positions` wrote."""
    found: list[list[int] | None] = orjson.loads(payload)
    return [None if each is None else (each[0], each[1]) for each in found]


def write_expectations(expectations: Iterable[Expectation]) -> bytes:
    """Expectations as one payload."""
    return orjson.dumps([asdict(each) for each in expectations])


def read_expectations(payload: bytes) -> tuple[Expectation, ...]:
    """The expectations that :func:`write_expectations` wrote."""
    found: list[dict[str, Any]] = orjson.loads(payload)
    return tuple(Expectation(**{**each, "origin": _origin(each["origin"])}) for each in found)


def _origin(written: dict[str, Any]) -> Origin:
    return Origin(written["source"], written["file"], tuple(written["path"]))


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
