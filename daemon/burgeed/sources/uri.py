"""Turns the URI of a source, as an option gives it, into the source."""

from __future__ import annotations

import re
import urllib.parse

from burgeed.clock import Clock
from burgeed.sources.admission import Policy
from burgeed.sources.file import FileSource
from burgeed.sources.protocol import Reader, Source

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SUPPORTED = "supported are a path and file: URIs; a path with a colon in it is written ./like:this"


class SourceError(ValueError):
    """A source's URI names nothing that can be followed; the message says what can."""


def from_uri(uri: str, *, reader: Reader, clock: Clock, policy: Policy | None = None) -> Source:
    """Make the source that a URI names. Nothing is opened yet.

    Args:
        uri: a path to a file or a directory, or the same as a ``file:`` URI (``file:///etc/flags``,
            ``file:flags.yaml``; percent-encoded, without query and fragment).
        reader: what the source has its bytes read by.
        clock: what it waits on.
        policy: see :class:`burgeed.sources.file.FileSource`.

    Raises:
        SourceError: the URI is malformed or of a kind that is not supported.
    """
    return FileSource(uri, path_of(uri), reader=reader, clock=clock, policy=policy)


def path_of(uri: str) -> str:
    """Return the path that a source's URI leads to.

    Raises:
        SourceError: it leads to none.
    """
    scheme = _SCHEME.match(uri)
    if scheme is None:
        path = uri
    elif scheme[1].lower() == "file":
        path = _path_of_file_uri(uri)
    else:
        raise SourceError(f"source {uri!r}: {scheme[1]}: is not supported; {_SUPPORTED}")
    if not path:
        raise SourceError(f"source {uri!r} names no path; {_SUPPORTED}")
    if "\0" in path or not _is_text(path):
        raise SourceError(f"source {uri!r}: a path is UTF-8 text without a NUL; {_SUPPORTED}")
    return path


def _path_of_file_uri(uri: str) -> str:
    rest = uri[len("file:") :]
    if "?" in rest or "#" in rest:
        raise SourceError(
            f"source {uri!r}: a file: URI has no query and no fragment; write ? as %3F, # as %23"
        )
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host.lower() not in ("", "localhost"):
            raise SourceError(
                f"source {uri!r} is on another host, {host}; a path on this one is written file:///{host}/..."
            )
        rest = slash + path
    return urllib.parse.unquote(rest, errors="surrogateescape")


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
