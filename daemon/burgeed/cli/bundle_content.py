"""What the commands about bundles read: the files of a source, its manifest, and private keys."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import click

from burgeed.bundles.manifest import LONGEST_MANIFEST, manifest_path
from burgeed.cli.session import CommandFailed
from burgeed.signing.keys import KeyMalformed, PrivateKey, read_private_key
from burgeed.signing.secret_file import SecretFileUnusable, read_secret
from burgeed.sources.file import SIZE_LIMIT
from burgeed.sources.following import SUFFIXES, definitions_in
from burgeed.sources.taking import Busy, Unreadable, take
from burgeed.sources.uri import SourceError, path_of


class Content(NamedTuple):
    """What stands at a source now.

    Attributes:
        path: where it leads.
        files: path and content of each, as the daemon would read them.
        manifest: path and content of its manifest, empty where there is none.
    """

    path: str
    files: tuple[tuple[str, bytes], ...]
    manifest: tuple[str, bytes]


def read_content(source: str) -> Content:
    """Read a source's files and its manifest, once. Raises CommandFailed, click.BadParameter."""
    try:
        path = path_of(source)
    except SourceError as error:
        raise click.BadParameter(str(error), param_hint="SOURCE") from error
    is_directory = not path.lower().endswith(SUFFIXES) and Path(path).is_dir()
    try:
        paths = [str(Path(path) / name) for name in definitions_in(path)] if is_directory else [path]
    except OSError as error:
        raise CommandFailed(f"{path} cannot be listed: {error.strerror}") from error
    files = []
    for each in paths:
        content = _taken(each, SIZE_LIMIT)
        if content is None:
            raise CommandFailed(f"{each} does not exist")
        files.append((each, content))
    manifest = manifest_path(path, is_directory=is_directory)
    return Content(path, tuple(files), (manifest, _taken(manifest, LONGEST_MANIFEST) or b""))


def read_key(path: Path) -> PrivateKey:
    """The private key of a file. Raises CommandFailed."""
    try:
        return read_private_key(read_secret(path))
    except SecretFileUnusable as error:
        raise CommandFailed(str(error)) from error
    except KeyMalformed as error:
        raise CommandFailed(f"{path} is no private key: {error}") from error


def _taken(path: str, limit: int) -> bytes | None:
    try:
        taken = take(path, limit)
    except Busy as error:
        raise CommandFailed(f"{path} is held by another program; try again") from error
    except Unreadable as error:
        remedy = f"; {error.remedy}" if error.remedy else ""
        raise CommandFailed(f"{path}: {error.reason}{remedy}") from error
    return None if taken is None else taken.content
