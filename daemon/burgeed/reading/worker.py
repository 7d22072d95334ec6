"""The reader process: ``python -m burgeed.reading.worker``, spoken to over its standard input and output.

It alone parses what came from outside: a bomb or a crash takes it down and nothing else.
It ends with its input.
"""

from __future__ import annotations

import gc
import os
import signal
import traceback
from collections.abc import Callable
from typing import BinaryIO

from burgee.errors import DefinitionError
from burgee.wire.layer import layer_lines
from burgeed.reading.kept import KeptSources
from burgeed.reading.limits import FRAME_LIMIT, SLICE_SIZE
from burgeed.reading.messages import (
    DOCUMENT,
    END,
    EXPECTATIONS,
    FAILURE,
    FAULTS,
    LENGTH,
    LINES,
    POSITIONS,
    Request,
    SourceFile,
    frame,
    read_request,
    write_expectations,
    write_faults,
    write_positions,
)
from burgeed.reading.source_files import as_json, locate, read_expected, read_files

SELF_HARM = "BURGEE_READER_SELF_HARM"
"""For tests: ``SIGKILL:text`` makes the reader send itself that signal on a file that holds the text."""

Reply = Callable[[bytes, bytes], None]


def main() -> None:
    """Answer requests until the input ends."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    # Whatever a library prints goes to standard error, and never between the frames.
    os.dup2(2, 1)
    gc.disable()
    gc.freeze()
    sources = KeptSources()

    def reply(kind: bytes, payload: bytes) -> None:
        _write_all(replies, frame(kind + payload))

    while (header := _read_frame(requests)) is not None:
        request = read_request(header)
        contents = [_read_frame(requests) for _ in request.files]
        if None in contents:
            return
        files = [
            SourceFile(path, content or b"") for path, content in zip(request.files, contents, strict=True)
        ]
        try:
            answer(request, files, sources, reply)
        except BrokenPipeError:
            return
        except Exception:
            # No fault of the document: the daemon logs it and keeps the last good one.
            reply(FAILURE, traceback.format_exc().encode("utf-8", "replace"))
        del header, request, contents, files
        gc.collect()


def answer(request: Request, files: list[SourceFile], sources: KeptSources, reply: Reply) -> None:
    """Answer one request with one or more frames."""
    _harm_itself(files)
    if request.kind == "locate":
        reply(POSITIONS, write_positions(locate(files[0], request.paths)))
        return
    if request.kind == "expect":
        reply(EXPECTATIONS, write_expectations(read_expected(request.source, files)))
        return
    if request.kind == "convert":
        try:
            reply(DOCUMENT, as_json(files[0]))
        except DefinitionError as error:
            reply(FAULTS, write_faults(error.faults))
        return
    kept = sources.of(request.source)
    try:
        layer, warnings = read_files(request.source, files, kept)
    except DefinitionError as error:
        reply(FAULTS, write_faults(error.faults))
        return
    lines: list[bytes] = []
    size = 0
    for line in layer_lines(layer, kept.lines):
        if lines and size + len(line) > SLICE_SIZE:
            reply(LINES, b"\n".join(lines))
            lines, size = [], 0
        lines.append(line)
        size += len(line) + 1
    if lines:
        reply(LINES, b"\n".join(lines))
    reply(END, write_faults(warnings))


def _read_frame(stream: BinaryIO) -> bytes | None:
    """The next payload, or None at the end of the input."""
    prefix = stream.read(LENGTH.size)
    if len(prefix) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(prefix)
    if length > FRAME_LIMIT:
        return None
    payload = stream.read(length)
    return payload if len(payload) == length else None


def _write_all(stream: BinaryIO, data: bytes) -> None:
    """Write everything: a raw pipe takes as much at a time as fits."""
    waiting = memoryview(data)
    while waiting:
        waiting = waiting[stream.write(waiting) :]


def _harm_itself(files: list[SourceFile]) -> None:
    name, _, text = os.environ.get(SELF_HARM, "").partition(":")
    if text and any(text.encode() in file.content for file in files):
        os.kill(os.getpid(), signal.Signals[name])


if __name__ == "__main__":
    main()
