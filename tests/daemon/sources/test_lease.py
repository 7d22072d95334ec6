"""Asking the kernel who has a file open for writing."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

from burgeed.sources.lease import Writer, writer_of


def test_breaking_the_lease_does_not_end_the_process(tmp_path: Path) -> None:
    """Writers open the file while it is asked for its writers, as fast as both can."""
    path = tmp_path / "file"
    path.write_text("x")
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            path.open("a").close()

    # The signal's default action is at stake, so it is another process's.
    asking = (
        "import os, sys\n"
        "from burgeed.sources.lease import Writer, writer_of\n"
        "descriptor = os.open(sys.argv[1], os.O_RDONLY)\n"
        "answers = [writer_of(descriptor) for _ in range(5_000)]\n"
        "sys.exit(0 if {Writer.NONE, Writer.OPEN} == set(answers) else 'never met a writer')\n"
    )
    writer = threading.Thread(target=write)
    writer.start()
    try:
        asked = subprocess.run([sys.executable, "-c", asking, str(path)], timeout=60, check=False)
    finally:
        done.set()
        writer.join()
    assert asked.returncode == 0


def test_a_lease_tells_an_open_writer_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    with path.open() as read:
        assert writer_of(read.fileno()) is Writer.NONE
        with path.open("a"):
            assert writer_of(read.fileno()) is Writer.OPEN
        assert writer_of(read.fileno()) is Writer.NONE
        start = time.monotonic()
        path.open("a").close()
        assert time.monotonic() - start < 5  # a lease that is kept is waited for 45 s


def test_a_lease_is_not_trusted_where_the_file_system_is_not_local() -> None:
    with Path("/proc/self/status").open() as file:
        assert writer_of(file.fileno()) is Writer.UNKNOWN
