"""Random lives of a watched file."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.daemon.sources.following import document, swap, whole

LAYOUTS = ("plain", "config map", "linked directory", "directory source")
GAPS = (0.0, 0.003, 0.01, 0.02, 0.05, 0.08, 0.15)
SLICE_GAPS = (0.0, 0.002, 0.01, 0.03, 0.06)
LONG_GAP = 1.05


class Schedule:
    """One random life of a file. What is done follows from the seed; when exactly is up to the machine.

    Attributes:
        path: the file that things are done to.
        followed: what the source follows.
        log: what was done, for whoever has to find out why it failed.
        documents: every whole content there ever was; the flags it gives, or None if it is faulty.
        longest_pause: what a writer left half written stood no longer than so many seconds.
    """

    def __init__(self, base: Path, seed: int) -> None:
        self.layout = LAYOUTS[seed % len(LAYOUTS)]
        self.log: list[str] = []
        self.documents: dict[bytes, dict[str, str] | None] = {}
        self.longest_pause = 0.0
        self._random = random.Random(seed)
        self._base = base
        self._writer: asyncio.Task[None] | None = None
        self._parent = base / "etc"
        self._real_parent = base / "real" if self.layout == "linked directory" else self._parent
        base.mkdir()
        self._make_room()
        self.path = self._parent / "flags.yaml"
        self.followed = self._parent if self.layout == "directory source" else self.path

    @property
    def content(self) -> bytes | None:
        """What stands at the path now; None if nothing can be read there."""
        try:
            return self.path.read_bytes()
        except OSError:
            return None

    async def live(self, stood_still: Callable[[], Awaitable[None]]) -> None:
        """Go through the life; ``stood_still`` is awaited when nothing was done for LONG_GAP."""
        deeds: dict[Callable[[], Awaitable[None] | None], int] = {
            self.rename: 5,
            self.write_in_place: 6,
            self.swap: 3,
            self.truncate: 1,
            self.delete: 2,
            self.remove_directory: 1,
            self.touch: 1,
            self.write_with_older_time: 2,
            self.rename_with_older_time: 2,
            self.put_directory_there: 1,
        }
        for _ in range(self._random.randint(3, 8)):
            await self._do(self._random.choices(list(deeds), list(deeds.values()))[0])
            if self._random.random() < 0.06:
                await self._end_writing()
                await asyncio.sleep(LONG_GAP)
                await stood_still()
            else:
                await asyncio.sleep(self._random.choice(GAPS))
        if self._random.random() < 0.8:
            await self._end_writing()
            await self._do(self._random.choice((self.rename, self.write_in_place, self.swap)))
        await self._end_writing()

    async def _do(self, deed: Callable[[], Awaitable[None] | None]) -> None:
        self.log.append(getattr(deed, "__name__", "?"))
        self._make_room()
        waiting = deed()
        if waiting is not None:
            await waiting

    def _make_room(self) -> None:
        if not self._parent.exists():
            self._real_parent.mkdir(exist_ok=True)
            if self._real_parent != self._parent:
                self._parent.unlink(missing_ok=True)
                self._parent.symlink_to(self._real_parent)
        path = self._parent / "flags.yaml"
        if path.is_dir():
            path.rmdir()

    def _new(self) -> str:
        """A new document of random length; now and then it is whole but faulty."""
        mark, flags = f"v{len(self.documents)}", self._random.randint(1, 12)
        text = document(mark, flags=flags)
        if self._random.random() < 0.15:
            text = text.replace("flags:", "flogs:") if self._random.random() < 0.5 else text + "  oops: [\n"
            self.documents[text.encode()] = None
        else:
            self.documents[text.encode()] = whole(mark, flags=flags)
        return text

    def rename(self, *, older: bool = False) -> None:
        """Replace the file at one stroke."""
        aside = self._base / "aside"
        aside.write_text(self._new())
        if older:
            os.utime(aside, (1_500_000_000, 1_500_000_000))
        aside.replace(self.path)

    def rename_with_older_time(self) -> None:
        """Restore a backup."""
        self.rename(older=True)

    async def write_in_place(self) -> None:
        """Write slice by slice; sometimes other things are done while that goes on."""
        if self._is_being_written:
            self.rename()
            return
        lines = self._new().splitlines(keepends=True)
        cuts = sorted(self._random.randrange(len(lines) + 1) for _ in range(self._random.randint(1, 5)))
        whole_lines = zip([0, *cuts], [*cuts, len(lines)], strict=True)
        slices = ["".join(lines[begin:end]) for begin, end in whole_lines if begin < end]
        gaps = [self._random.choice(SLICE_GAPS) for _ in slices]
        self._replace_link()
        self._writer = asyncio.create_task(self._write(slices, gaps))
        if self._random.random() < 0.7:
            await self._end_writing()
        else:
            self.log[-1] += " (going on)"
            await asyncio.sleep(0)  # let it open the file

    async def _write(self, slices: list[str], gaps: list[float]) -> None:
        with self.path.open("w") as file:
            stands_since = time.monotonic()
            for text, gap in zip(slices, gaps, strict=True):
                await asyncio.sleep(gap)
                begins = time.monotonic()
                file.write(text)
                file.flush()
                # What stood there did so until now at the latest. What stands there now may do so from before
                # this thread got its turn again, which on a busy machine can take longer than the gap.
                self.longest_pause = max(self.longest_pause, time.monotonic() - stands_since)
                stands_since = begins

    @property
    def _is_being_written(self) -> bool:
        return self._writer is not None and not self._writer.done()

    async def _end_writing(self) -> None:
        if self._writer is not None:
            await self._writer
            self._writer = None

    def _replace_link(self) -> None:
        """Where the path is a link, write to its target or in its place."""
        if self.path.is_symlink() and (not self.path.exists() or self._random.random() < 0.3):
            self.path.unlink()

    def swap(self) -> None:
        """Point a link at a new, whole version, as the kubelet does."""
        version = self._real_parent / f"..{len(self.documents)}"
        version.mkdir()
        (version / "flags.yaml").write_text(self._new())
        if self.layout == "config map":
            swap(self._parent / "..data", version.name)
            if not (self.path.is_symlink() and str(self.path.readlink()).startswith("..data")):
                self.path.unlink(missing_ok=True)
                self.path.symlink_to("..data/flags.yaml")
        elif self.layout == "linked directory" and self._random.random() < 0.5:
            swap(self._parent, version)
        else:
            swap(self.path, version / "flags.yaml")

    def truncate(self) -> None:
        """Empty the file where it stands."""
        if not self._is_being_written:
            self._replace_link()
            self.path.write_text("")

    def delete(self) -> None:
        """Delete the file, or the link to it."""
        self.path.unlink(missing_ok=True)

    def remove_directory(self) -> None:
        """Remove the directory with all there is in it; the next deed makes it again."""
        shutil.rmtree(self._real_parent)

    def touch(self) -> None:
        """Change the file's time, not its content."""
        if self.path.exists():
            os.utime(self.path)

    def write_with_older_time(self) -> None:
        """Write in place at one go, and set a time before the last one."""
        if self._is_being_written:
            self.rename(older=True)
            return
        self._replace_link()
        modified = self.path.stat().st_mtime_ns - 1 if self.path.exists() else 10**18
        self.path.write_text(self._new())
        os.utime(self.path, ns=(modified, modified))

    def put_directory_there(self) -> None:
        """Leave a directory where the file ought to be."""
        self.path.unlink(missing_ok=True)
        self.path.mkdir()
