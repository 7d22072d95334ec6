"""Bytes to text: UTF-8, with or without a byte order mark."""

from __future__ import annotations

import codecs

from burgeed.reading.limits import FILE_SIZE_LIMIT
from burgeed.reading.parsed import Findings
from burgeed.reading.place import LinePositions


def decode(content: bytes, findings: Findings) -> str | None:
    """The text of a file, without a byte order mark; None where there is none and a fault says why."""
    if len(content) > FILE_SIZE_LIMIT:
        message = f"the file is larger than {FILE_SIZE_LIMIT // 2**20} MiB"
        findings.add((1, 1), (), message, "split it into several files of one directory")
        return None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        findings.add((1, 1), (), "the file is UTF-16", "save it as UTF-8")
        return None
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        position = LinePositions(content).at(error.start)
        message = f"byte 0x{content[error.start]:02x} is not UTF-8 ({error.reason})"
        findings.add(position, (), message, "save the file as UTF-8")
        return None
    null = text.find("\0")
    if null >= 0:
        remedy = "remove it; the file may be damaged, or not be text"
        findings.add(LinePositions(text).at(null), (), "the file holds a NUL character", remedy)
        return None
    if not text.strip():
        findings.add((1, 1), (), "the file is empty", "write `flags:` and its flags, or remove the file")
        return None
    return text
