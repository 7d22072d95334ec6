"""What was accepted of each bundle: the highest number, and the name that each source goes by."""

from __future__ import annotations

import threading
from typing import Any, Final, NamedTuple, Protocol

import orjson

from burgeed.bundles.errors import BundlesUnusable
from burgeed.bundles.manifest import LARGEST_NUMBER, Manifest

FILE: Final = "accepted-bundles.json"


class Files(Protocol):
    """A directory of the daemon's own; :class:`burgeed.store.directory.OwnedDirectory` is one."""

    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is no such file. Raises OSError."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Replace a file so that a crash leaves the old content or the new one. Raises OSError."""
        ...


class Objection(NamedTuple):
    """Why a bundle may not follow what was accepted before, and what to do."""

    message: str
    remedy: str


class _Accepted(NamedTuple):
    """The highest number of a bundle, and the digest of the manifest that had it."""

    number: int
    digest: str


class BundleRecord:
    """Remembers across restarts, and refuses what would take anything back.

    Its methods block on the disk, and may be called from several threads.

    Args:
        files: the state directory; None keeps it for this process alone.

    Raises:
        BundlesUnusable: what was kept cannot be read.
    """

    def __init__(self, files: Files | None) -> None:
        self._files = files
        self._lock = threading.Lock()
        self._accepted: dict[str, _Accepted] = {}
        self._names: dict[str, str] = {}
        self._served: dict[str, str] = {}
        if files is not None:
            self._load(files)

    def objection(self, source: str, manifest: Manifest, stated: str = "") -> Objection | None:
        """Why this bundle may not be served by that source; None where it may.

        Args:
            source: the source's URI.
            stated: the name that the settings give the source's bundle; empty where they do not.
        """
        name = stated or self._names.get(source, manifest.name)
        if manifest.name != name:
            return Objection(
                f"it is bundle {manifest.name}, and this source is bundle {name}",
                f"sign it with --name {name}"
                if stated
                else f"sign it with --name {name}, or name the bundle at the source: "
                f"--source {source},bundle={manifest.name}",
            )
        other = next((by for by, each in self._served.items() if each == name and by != source), None)
        if other is not None:
            # Or each would raise the number that the other one has to have.
            return Objection(
                f"bundle {name} is served by the source {other} already",
                "sign one of the two with another --name",
            )
        accepted = self._accepted.get(name)
        if accepted is None or manifest.number > accepted.number:
            return None
        if manifest.number < accepted.number:
            return Objection(
                f"it is number {manifest.number} of bundle {name}, and number {accepted.number} was accepted "
                "before",
                f"to go back to it, sign it again with --number {accepted.number + 1} or above",
            )
        if manifest.digest == accepted.digest:
            return None
        return Objection(
            f"number {manifest.number} of bundle {name} was accepted with other contents before",
            f"sign it again with --number {accepted.number + 1} or above",
        )

    def accept(self, source: str, manifest: Manifest, stated: str = "") -> Objection | None:
        """Remember the bundle, on disk, unless there is an objection to it by now, which is returned.

        Raises:
            OSError: it cannot be kept, and so is not remembered.
        """
        with self._lock:
            objection = self.objection(source, manifest, stated)
            if objection is not None:
                return objection
            accepted = {**self._accepted, manifest.name: _Accepted(manifest.number, manifest.digest)}
            names = {**self._names, source: manifest.name}
            if (accepted, names) != (self._accepted, self._names) and self._files is not None:
                self._files.write(FILE, _written(accepted, names))
            self._accepted, self._names = accepted, names
            self._served = {**self._served, source: manifest.name}
            return None

    def _load(self, files: Files) -> None:
        try:
            content = files.read(FILE)
        except OSError as error:
            raise BundlesUnusable(
                f"{FILE} in the state directory cannot be read: {error.strerror}"
            ) from error
        if content is None:
            return
        try:
            self._accepted, self._names = _read(orjson.loads(content))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BundlesUnusable(
                f"{FILE} in the state directory is damaged, so nobody knows which bundles are old; put it "
                "back from a backup, or remove it: then whatever a pinned key ever signed is taken once more"
            ) from error


def _written(accepted: dict[str, _Accepted], names: dict[str, str]) -> bytes:
    return orjson.dumps(
        {
            "format": 1,
            "bundles": {
                name: {"number": each.number, "digest": each.digest} for name, each in accepted.items()
            },
            "sources": names,
        },
        option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS,
    )


def _read(document: Any) -> tuple[dict[str, _Accepted], dict[str, str]]:
    """Raises ValueError, KeyError, TypeError or AttributeError for what :func:`_written` never writes."""
    _require(document["format"] == 1)
    accepted = {name: _Accepted(each["number"], each["digest"]) for name, each in document["bundles"].items()}
    for each in accepted.values():
        _require(type(each.number) is int and 0 < each.number <= LARGEST_NUMBER)
        _require(isinstance(each.digest, str) and len(each.digest) == 64)
    names = dict(document["sources"])
    _require(all(isinstance(name, str) and name in accepted for name in names.values()))
    return accepted, names


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError("a value that is never written")
