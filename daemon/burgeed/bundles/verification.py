"""Whether files are, to the byte, what a pinned key has signed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from burgee.fault import Fault
from burgeed.bundles.errors import BundleRefused
from burgeed.bundles.manifest import KEY_NAME, Bundle, Manifest, ManifestMalformed, SignedFile, read_manifest
from burgeed.signing.keys import PublicKey
from burgeed.signing.note import Note, NoteMalformed, read_note

_SIGN = "sign it with `burgee bundle sign`"


def verify(
    files: Sequence[tuple[str, bytes]], manifest: tuple[str, bytes], keys: Sequence[PublicKey]
) -> Bundle:
    """Verify these very bytes.

    Args:
        files: path and content of every file of the source.
        manifest: path and content of its manifest; the content is empty where there is none.
        keys: any of them may have signed it.

    Raises:
        BundleRefused: with what is wrong; nothing of a manifest that no pinned key signed is shown.
    """
    path, content = manifest
    if not content.strip():
        raise BundleRefused(
            Fault("the definitions are not signed: there is no manifest", (), _SIGN, file=path)
        )
    note = _note(path, content)
    key = next((key for key in keys if note.is_signed_by(KEY_NAME, key)), None)
    if key is None:
        pinned = ", ".join(key.key_id(KEY_NAME).hex() for key in keys)
        raise BundleRefused(
            Fault(
                "no pinned key has signed the manifest",
                (),
                f"sign it with the key of one of {pinned}, or pin another one with --source-key",
                file=path,
            )
        )
    try:
        read = read_manifest(note.text)
    except ManifestMalformed as error:
        remedy = "sign the definitions with the `burgee bundle sign` of this version"
        raise BundleRefused(
            Fault(f"the signed text is no manifest: {error}", (), remedy, file=path)
        ) from error
    faults = tuple(_differences(files, path, read))
    if faults:
        raise BundleRefused(*faults)
    return Bundle(read, key.key_id(KEY_NAME).hex())


def _note(path: str, content: bytes) -> Note:
    try:
        return read_note(content.decode())
    except (NoteMalformed, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, NoteMalformed) else "it is no UTF-8"
        remedy = f"{_SIGN}, and copy the manifest as it is"
        raise BundleRefused(Fault(f"the manifest is no signed note: {why}", (), remedy, file=path)) from error


def _differences(
    files: Sequence[tuple[str, bytes]], manifest_path: str, manifest: Manifest
) -> Iterator[Fault]:
    signed = {file.name: file for file in manifest.files}
    for path, content in files:
        name = PurePath(path).name
        wanted = signed.pop(name, None)
        if wanted is None:
            yield Fault(
                "the signed manifest does not list this file", (), f"remove it, or {_SIGN}", file=path
            )
        elif SignedFile.of(name, content) != wanted:
            message = "the file is not what was signed: its bytes are other ones"
            yield Fault(message, (), f"put the signed file back, or {_SIGN}", file=path)
    for name in signed:
        message = f"the signed manifest lists {name}, which is not there"
        yield Fault(message, (), "put the file there, or sign what there is", file=manifest_path)
