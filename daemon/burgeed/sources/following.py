"""One look at a file or a directory of files, and what is remembered between looks."""

from __future__ import annotations

import os
import pathlib
import stat
from collections.abc import Callable
from typing import NamedTuple

from burgee.fault import Fault
from burgeed.reading.messages import SourceFile
from burgeed.sources.settling import SettlingFile, State
from burgeed.sources.signature import Directory, directories
from burgeed.sources.taking import Unreadable

SUFFIXES = (".json", ".yaml", ".yml", ".toml")
"""What a definition's file name ends in, in any case."""

GONE_AFTER = 1.0
"""Seconds that a file must be gone, or empty, before it counts: some programs delete, then write."""

_TRIES = 5
_SOON = 0.01
_LATER = 0.1
_SOON_FOR = 1.0


class View(NamedTuple):
    """What a look found.

    Attributes:
        files: the whole contents, in name order; to be read unless one of the next three says otherwise.
        faults: what stands in the way of reading, if anything does.
        absent: why there is nothing to read; empty if there is something.
        unsettled: a writer is at work and the picture is not complete: keep to the last one.
        moved: something is not as it was at the look before.
        next_look: when to look again at the latest, on the monotonic clock; None if nothing presses.
        watched: the directories in which a change would show.
        manifest: path and content of the manifest of the files, empty where there is none; None where nobody
            asks for it.
    """

    files: tuple[SourceFile, ...]
    faults: tuple[Fault, ...]
    absent: str
    unsettled: bool
    moved: bool
    next_look: float | None
    watched: frozenset[Directory]
    manifest: SourceFile | None = None


class FollowedPath:
    """A path that is followed, whatever comes to stand there.

    A path that ends in one of SUFFIXES is meant to be a file. At any other path a directory is taken
    for a directory of definitions: those files in it whose names end so, no subdirectories, neither
    hidden files nor editors' temporary ones.

    Args:
        path: as given; relative to the working directory.
        limit: the most bytes that are read, of one file and of all together.
        monotonic: the monotonic clock, in seconds; called in whichever thread looks.
    """

    def __init__(self, path: str, limit: int, monotonic: Callable[[], float]) -> None:
        self._path = path
        self._limit = limit
        self._monotonic = monotonic
        self._is_file = path.lower().endswith(SUFFIXES)
        self._files: dict[str, SettlingFile] = {}
        self._was_directory = False
        self._gone_since: float | None = None
        self._complete = False
        self._fingerprint: object = None

    @property
    def is_directory(self) -> bool:
        """Whether the last look took it for a directory of definitions."""
        return self._was_directory

    def look(self, *, afresh: bool = False) -> View:
        """Look once; blocks on the file system, so not to be called on the event loop.

        Args:
            afresh: read every file again, whatever its signature says.
        """
        directory = self._is_directory()
        view = self._look_at_directory(afresh) if directory else self._look_at_file(afresh)
        fingerprint = (
            directory,
            view.watched,
            [(file.path, file.signature) for file in self._files.values()],
        )
        moved = fingerprint != self._fingerprint
        self._fingerprint = fingerprint
        return view._replace(moved=moved)

    def _is_directory(self) -> bool:
        if self._is_file:
            return False
        try:
            self._was_directory = stat.S_ISDIR(pathlib.Path(self._path).stat().st_mode)
        except OSError:
            pass  # a directory that is gone is still meant to be one: its contents stand
        return self._was_directory

    def _new(self, path: str) -> SettlingFile:
        return SettlingFile(path, self._limit, self._monotonic)

    def _look_at_file(self, afresh: bool) -> View:
        file = self._files.get(self._path) or self._new(self._path)
        self._files = {self._path: file}
        file.look(afresh=afresh)
        now = self._monotonic()
        lacking_since = file.since if file.state in (State.MISSING, State.EMPTY) else None
        lacking = file.content is None or (lacking_since is not None and now - lacking_since >= GONE_AFTER)
        absent = ""
        if file.state is State.EMPTY and lacking:
            absent = f"{self._path} is empty"
        elif file.state is State.MISSING and lacking:
            absent = _why_missing(self._path)
        return View(
            files=() if file.content is None else (SourceFile(self._path, file.content.data),),
            faults=() if file.trouble is None else (unreadable(self._path, file.trouble),),
            absent=absent,
            unsettled=file.state is State.UNSETTLED,
            moved=False,
            next_look=next_look([file], now),
            watched=directories([str(pathlib.Path(self._path).parent), _parent_of_target(self._path)]),
        )

    def _look_at_directory(self, afresh: bool) -> View:
        watched = directories([self._path, str(pathlib.Path(self._path).absolute().parent)])
        try:
            for _ in range(_TRIES):
                names = definitions_in(self._path)
                self._look_at_files(names, afresh)
                # A swap in the middle would leave some files of the old state beside some of the new.
                if names == definitions_in(self._path) and all(file.still() for file in self._files.values()):
                    break
        except (FileNotFoundError, NotADirectoryError):
            return self._without_files(_why_missing(self._path), watched)
        except OSError as error:
            trouble = Unreadable(f"cannot be listed: {error.strerror}", "let the daemon's user read it")
            return self._without_files("", watched)._replace(faults=(unreadable(self._path, trouble),))
        if not names:
            why = f"{self._path} has no file that ends in {', '.join(SUFFIXES)}"
            return self._without_files(why, watched)
        self._gone_since = None
        now = self._monotonic()
        self._withdraw(names, now)
        files = list(self._files.values())
        unsettled = any(file.state is State.UNSETTLED for file in files)
        self._complete = self._complete or not unsettled
        return View(
            files=self._contents(),
            faults=self._faults(files, now),
            absent="",
            unsettled=not self._complete,
            moved=False,
            next_look=next_look(files, now),
            watched=watched,
        )

    def _look_at_files(self, names: list[str], afresh: bool) -> None:
        paths = [os.path.join(self._path, name) for name in names]  # noqa: PTH118 - keeps a leading ./
        known = self._files
        everything = sorted({*paths, *(path for path in known if known[path].content)})
        self._files = {path: known.get(path) or self._new(path) for path in everything}
        for file in self._files.values():
            file.look(afresh=afresh)

    def _withdraw(self, names: list[str], now: float) -> None:
        for path, file in list(self._files.items()):
            since = now if file.since is None else file.since
            if file.state is State.MISSING and (file.content is None or now - since >= GONE_AFTER):
                del self._files[path]

    def _without_files(self, why: str, watched: frozenset[Directory]) -> View:
        """While no file is there at all the last content stands: none of them counts as gone."""
        for file in self._files.values():
            file.since = None
        now = self._monotonic()
        since = self._gone_since = now if self._gone_since is None else self._gone_since
        contents = self._contents()
        passing = bool(contents) and now - since < GONE_AFTER
        return View(
            files=contents,
            faults=(),
            absent="" if passing else why,
            unsettled=False,
            moved=False,
            next_look=since + GONE_AFTER if passing else None,
            watched=watched,
        )

    def _contents(self) -> tuple[SourceFile, ...]:
        return tuple(
            SourceFile(file.path, file.content.data) for file in self._files.values() if file.content
        )

    def _faults(self, files: list[SettlingFile], now: float) -> tuple[Fault, ...]:
        faults = []
        for file in files:
            since = now if file.since is None else file.since
            if not _is_text(file.path):
                faults.append(unreadable(ascii(file.path), Unreadable("its name is not UTF-8", "rename it")))
            elif file.trouble is not None:
                faults.append(unreadable(file.path, file.trouble))
            elif file.state is State.EMPTY and (file.content is None or now - since >= GONE_AFTER):
                empty = Unreadable("empty", "write a definition into it, or take the file away")
                faults.append(unreadable(file.path, empty))
        if sum(len(file.content.data) for file in files if file.content) > self._limit:
            faults.append(
                unreadable(
                    self._path, Unreadable(f"more than {self._limit} bytes in all", "make it two sources")
                )
            )
        return tuple(faults)


def definitions_in(directory: str) -> list[str]:
    """The names, in order, of the files in a directory that are taken for definitions. Raises OSError."""
    with os.scandir(directory) as entries:
        return sorted(
            entry.name
            for entry in entries
            if entry.name.lower().endswith(SUFFIXES) and not entry.name.startswith((".", "~", "#"))
        )


def next_look(files: list[SettlingFile], now: float) -> float | None:
    """Return when the state of one of the files may change although nothing happens to it."""
    instants = []
    for file in files:
        since = now if file.since is None else file.since
        if file.state is State.UNSETTLED:
            instants.append(now + (_SOON if now - since < _SOON_FOR else _LATER))
        elif file.state in (State.MISSING, State.EMPTY) and now - since < GONE_AFTER:
            instants.append(since + GONE_AFTER)
    return min(instants, default=None)


def _why_missing(path: str) -> str:
    given = pathlib.Path(path)
    try:
        return f"{path} is a symbolic link to {given.readlink()}, which does not exist"
    except OSError:
        pass  # not a link
    missing = given
    while missing != missing.parent and not missing.parent.exists():
        missing = missing.parent
    if missing == given:
        return f"{path} does not exist"
    return f"{path} does not exist: there is no directory {missing}"


def _parent_of_target(path: str) -> str:
    try:
        return str(pathlib.Path(path).resolve().parent)
    except (OSError, RuntimeError):
        return str(pathlib.Path(path).parent)


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def unreadable(path: str, trouble: Unreadable) -> Fault:
    """The fault that a file is which cannot be taken."""
    return Fault(trouble.reason, remedy=trouble.remedy, file=path)
