"""Making the manifest of a bundle, and signing it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from burgeed.bundles.errors import BundleUnsignable
from burgeed.bundles.manifest import (
    KEY_NAME,
    LARGEST_NUMBER,
    LONGEST_MANIFEST,
    Manifest,
    SignedFile,
    in_order,
    read_manifest,
)
from burgeed.signing.keys import PrivateKey, PublicKey
from burgeed.signing.note import read_note, write_note


def manifest_of(name: str, number: int, files: Sequence[tuple[str, bytes]]) -> Manifest:
    """The manifest of these files.

    Args:
        name: see :func:`burgeed.bundles.manifest.is_name`.
        number: above every earlier one.
        files: path and content of each.

    Raises:
        BundleUnsignable: there are none, or a name or the number could not stand in a manifest.
    """
    if number > LARGEST_NUMBER:
        raise BundleUnsignable("there is no number above the one before; sign under another name")
    if not files:
        raise BundleUnsignable("there is no definition to sign")
    named = [(PurePath(path).name, content) for path, content in files]
    for file, _ in named:
        if not file.isprintable():
            raise BundleUnsignable(f"the file's name {file!a} is not printable text; rename it")
    return Manifest(name, number, in_order(SignedFile.of(file, content) for file, content in named))


def sign(manifest: Manifest, keys: Sequence[PrivateKey]) -> bytes:
    """The content of the manifest's file, signed by each of the keys.

    Raises:
        BundleUnsignable: it would be larger than any that is read.
    """
    content = write_note(manifest.text(), [(KEY_NAME, key) for key in keys]).encode()
    if len(content) > LONGEST_MANIFEST:
        raise BundleUnsignable(f"its manifest would have more than {LONGEST_MANIFEST} bytes; use fewer files")
    return content


def standing_manifest(content: bytes, keys: Sequence[PublicKey]) -> Manifest | None:
    """What a manifest's file says, where one of these keys has signed it; None for all others.

    What anybody else put there must not tell who signs which name and number to take.
    """
    try:
        note = read_note(content.decode())
        return read_manifest(note.text) if any(note.is_signed_by(KEY_NAME, key) for key in keys) else None
    except ValueError:
        return None
