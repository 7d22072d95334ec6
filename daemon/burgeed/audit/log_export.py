"""An export in JSON Lines, read back as a log to be verified."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from burgeed.audit.acceptance import Acceptance
from burgeed.audit.chain import Broken, StoredEntry
from burgeed.audit.checkpoint import CheckpointMalformed, read_note
from burgeed.audit.columns import as_number, as_text
from burgeed.audit.errors import AuditError
from burgeed.audit.export import FORMAT
from burgeed.audit.log_source import Identity, StoredCheckpoint, StoredSubject
from burgeed.audit.seals import Seal
from burgeed.audit.segments import Segment, segment_of
from burgeed.audit.signing_keys import StoredKey, read_stored_key

_LONGEST_LINE = 64 * 1024 * 1024


class ExportLog:
    """A log in a file of JSON Lines.

    Raises:
        AuditError: the file cannot be read, or is no export.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                self._first = _read(file)
        except OSError as error:
            raise AuditError(f"{path} cannot be opened ({error.strerror})") from error
        except Broken as error:
            raise AuditError(f"{path} is no export") from error
        if self._first.get("type") != "log" or self._first.get("format") != FORMAT:
            raise AuditError(f"{path} is no export of this version")

    def close(self) -> None:
        """See LogSource."""

    def identity(self) -> Identity:
        """See LogSource."""
        line = self._first
        try:
            log_id, key = bytes.fromhex(line["logId"]), read_stored_key(bytes.fromhex(line["publicKey"]))
            epoch = None if line.get("epoch") is None else as_number(line["epoch"])
            seq, head = as_number(line["seq"]), _decoded(line["head"])
            return Identity(log_id, key, seq, head, line["complete"] is True, epoch=epoch)
        except (KeyError, TypeError, ValueError) as error:
            raise Broken("the first line is not as it is written") from error

    def segments(self) -> Iterator[Segment]:
        """See LogSource."""
        for line in self._lines("segment"):
            try:
                row = (
                    line["id"], line["epoch"], _decoded(line["kid"]), b"", line["masterId"],
                    _decoded(line["commitment"]), line["firstSeq"], line["opened"], line["size"],
                    _optional(line["root"]), _optional(line["peaks"]), _optional(line["head"]),
                    line["closed"], _optional(line["signature"]), line["pruned"],
                    _optional(line["prunedSignature"]),
                )  # fmt: skip
                segment = segment_of(row)
            except (KeyError, TypeError, ValueError) as error:
                raise Broken("a segment's line is not as it is written") from error
            yield segment

    def checkpoints(self) -> Iterator[StoredCheckpoint]:
        """See LogSource."""
        for line in self._lines("checkpoint"):
            try:
                size, note = as_number(line["size"]), as_text(line["note"])
                checkpoint = read_note(note)
            except (KeyError, TypeError, ValueError, CheckpointMalformed) as error:
                raise Broken("a checkpoint's line is not as it is written") from error
            yield StoredCheckpoint(size, checkpoint.root, checkpoint.head, note)

    def keys(self) -> list[StoredKey]:
        """See LogSource."""
        try:
            return [
                StoredKey(
                    as_number(line["epoch"]),
                    bytes.fromhex(line["publicKey"]),
                    as_number(line["firstSeq"]),
                    as_text(line["note"]),
                )
                for line in self._lines("key")
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise Broken("a key's line is not as it is written") from error

    def seals(self) -> Iterator[Seal]:
        """See LogSource."""
        for line in self._lines("seal"):
            try:
                sealer, root, head = (
                    bytes.fromhex(line["sealer"]),
                    _decoded(line["root"]),
                    _decoded(line["head"]),
                )
                numbers = as_number(line["number"]), as_number(line["size"])
                seal = Seal(sealer, *numbers, root, head, as_number(line["made"]), _decoded(line["seal"]))
            except (KeyError, TypeError, ValueError) as error:
                raise Broken("a seal's line is not as it is written") from error
            yield seal

    def acceptances(self) -> list[Acceptance]:
        """See LogSource."""
        try:
            return [
                Acceptance(
                    _decoded(line["digest"]), as_number(line["size"]), as_number(line["seq"]),
                    as_number(line["made"]),
                    _decoded(line["signature"]),
                )
                for line in self._lines("acceptance")
            ]  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise Broken("an acceptance's line is not as it is written") from error

    def entries(self) -> Iterator[StoredEntry]:
        """See LogSource."""
        for line in self._lines("entry"):
            try:
                seq, segment = as_number(line["seq"]), as_number(line["segment"])
                stored = StoredEntry(seq, segment, _decoded(line["hash"]), _decoded(line["entry"]))
            except (KeyError, TypeError, ValueError) as error:
                raise Broken("an entry's line is not as it is written") from error
            yield stored

    def subject(self, subject_id: bytes) -> StoredSubject | None:
        """See LogSource: keys are never exported."""
        return None

    def _lines(self, kind: str) -> Iterator[dict[str, Any]]:
        """The lines of one kind, which stand together."""
        with self._path.open("rb") as file:
            begun = False
            while line := _read(file):
                if line.get("type") == kind:
                    begun = True
                    yield line
                elif begun:
                    return


def _read(file: BinaryIO) -> dict[str, Any]:
    text = file.readline(_LONGEST_LINE)
    if not text:
        return {}
    try:
        line = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Broken("a line is no JSON") from error
    if not isinstance(line, dict) or not line:
        raise Broken("a line is no object")
    return line


def _decoded(text: Any) -> bytes:
    return base64.b64decode(text, validate=True)


def _optional(text: Any) -> bytes | None:
    return None if text is None else _decoded(text)
