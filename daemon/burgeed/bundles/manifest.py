"""The manifest of a bundle: which files there are, to the byte, and which bundle it is.

::

    burgee-bundle/shop
    format 1
    number 17
    b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c 1432 flags.json

It is the text of a C2SP signed note (c2sp.org/signed-note), and its first line is the bundle's origin. After
the number there is a line for each file: SHA-256, size in bytes, name. The files stand in the order of their
names, and no name has a directory in it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Final, NamedTuple

SUFFIX: Final = ".signed"
"""What the manifest of a file is named after it: ``flags.json.signed``."""

IN_DIRECTORY: Final = "burgee.signed"
"""The manifest's name within a directory."""

KEY_NAME: Final = "burgee-bundle"
"""What every key is called in the signature lines of manifests."""

LONGEST_MANIFEST: Final = 1 << 20
"""Bytes that are read of one, signatures included."""

LARGEST_NUMBER: Final = (1 << 63) - 1

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HEAD = re.compile(r"burgee-bundle/([^\n]+)\nformat 1\nnumber ([1-9][0-9]{0,18})\n")
_FILE = re.compile(r"([0-9a-f]{64}) (0|[1-9][0-9]{0,11}) ([^\n/]+)\n")


class ManifestMalformed(ValueError):
    """The text is no manifest."""


class SignedFile(NamedTuple):
    """One file of a bundle.

    Attributes:
        sha256: of its bytes, in hexadecimal.
        size: in bytes.
        name: without its directory.
    """

    sha256: str
    size: int
    name: str

    @classmethod
    def of(cls, name: str, content: bytes) -> SignedFile:
        """What a manifest says of that content."""
        return cls(hashlib.sha256(content).hexdigest(), len(content), name)


class Manifest(NamedTuple):
    """What is signed.

    Attributes:
        name: the bundle's; the same for whatever comes to stand in its place.
        number: grows with every content.
        files: in the order of their names.
    """

    name: str
    number: int
    files: tuple[SignedFile, ...]

    @property
    def origin(self) -> str:
        """The first line."""
        return f"burgee-bundle/{self.name}"

    @property
    def digest(self) -> str:
        """Of all that is signed, in hexadecimal: tells two bundles of one number apart."""
        return hashlib.sha256(self.text().encode()).hexdigest()

    def text(self) -> str:
        """The text, the only one for these values."""
        files = "".join(f"{file.sha256} {file.size} {file.name}\n" for file in self.files)
        return f"{self.origin}\nformat 1\nnumber {self.number}\n{files}"


class Bundle(NamedTuple):
    """Files that a pinned key has signed.

    Attributes:
        manifest: what it signed.
        key_id: of that key, eight hexadecimal digits.
    """

    manifest: Manifest
    key_id: str


def is_name(name: str) -> bool:
    """Whether a bundle may be called so: up to 100 ASCII letters, digits, dots, hyphens and underscores."""
    return _NAME.fullmatch(name) is not None


def in_order(files: Iterable[SignedFile]) -> tuple[SignedFile, ...]:
    """Files as a manifest lists them: by the bytes of their names."""
    return tuple(sorted(files, key=lambda file: file.name.encode()))


def read_manifest(text: str) -> Manifest:
    """The manifest that a text is; nothing that :meth:`Manifest.text` would write otherwise is taken.

    Raises:
        ManifestMalformed: it is none.
    """
    head = _HEAD.match(text)
    if head is None or not is_name(head[1]) or int(head[2]) > LARGEST_NUMBER:
        raise ManifestMalformed("the text does not begin as the manifest of a bundle, of format 1")
    files = []
    at = head.end()
    while found := _FILE.match(text, at):
        files.append(SignedFile(found[1], int(found[2]), found[3]))
        at = found.end()
    names = [file.name for file in files]
    if at != len(text) or not files or len(set(names)) != len(names) or in_order(files) != tuple(files):
        raise ManifestMalformed("its lines after the number are not those of files in their order")
    return Manifest(head[1], int(head[2]), tuple(files))


def manifest_path(path: str, *, is_directory: bool) -> str:
    """Where the manifest of the definitions at a path stands."""
    return str(PurePath(path, IN_DIRECTORY)) if is_directory else path + SUFFIX
