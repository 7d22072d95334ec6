"""One look at definitions and at the manifest that is signed for them."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

from burgeed.bundles.manifest import LONGEST_MANIFEST, manifest_path
from burgeed.file_state import FileState
from burgeed.reading.messages import SourceFile
from burgeed.sources.following import GONE_AFTER, FollowedPath, View, next_look, unreadable
from burgeed.sources.settling import SettlingFile, State
from burgeed.sources.signature import directories


class FollowedBundle:
    """A path that is followed as FollowedPath does, together with the manifest that lies beside.

    Args:
        path, limit, monotonic: as for FollowedPath.
    """

    def __init__(self, path: str, limit: int, monotonic: Callable[[], float]) -> None:
        self._path = path
        self._definitions = FollowedPath(path, limit, monotonic)
        self._monotonic = monotonic
        self._manifest: SettlingFile | None = None
        self._signature: FileState | None = None

    def look(self, *, afresh: bool = False) -> View:
        """As :meth:`FollowedPath.look`, with the manifest in the view.

        Definitions and manifest are two files, and one of them is there first: whether they belong together
        is not for a look to say.
        """
        view = self._definitions.look(afresh=afresh)
        path = manifest_path(self._path, is_directory=self._definitions.is_directory)
        if self._manifest is None or self._manifest.path != path:
            self._manifest = SettlingFile(path, LONGEST_MANIFEST, self._monotonic)
        file = self._manifest
        file.look(afresh=afresh)
        now = self._monotonic()
        moved, self._signature = file.signature != self._signature, file.signature
        instants = [at for at in (view.next_look, next_look([file], now)) if at is not None]
        trouble = () if file.trouble is None else (unreadable(path, file.trouble),)
        return view._replace(
            manifest=SourceFile(path, _content(file, now)),
            faults=(*view.faults, *trouble),
            moved=view.moved or moved,
            next_look=min(instants, default=None),
            watched=view.watched | directories([str(pathlib.Path(path).parent)]),
        )


def _content(file: SettlingFile, now: float) -> bytes:
    """What the manifest says; nothing where it is gone or empty, and not just for a moment."""
    since = now if file.since is None else file.since
    if file.content is None or (file.state in (State.MISSING, State.EMPTY) and now - since >= GONE_AFTER):
        return b""
    return file.content.data
