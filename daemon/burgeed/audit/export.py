"""Exports: JSON Lines that can be verified, and CSV for a spreadsheet.

A JSON Lines export has one object a line, told apart by ``type``: ``log``, then every ``key`` where the
signing key was changed, every ``segment``, every ``seal`` and ``acceptance`` where there are any, then every
``checkpoint``, then every ``entry`` with its bytes beside what they say, and at last ``end``. Bytes are
base64.
"""

from __future__ import annotations

import base64
import csv
import io
from typing import Any

import orjson

from burgeed.audit.acceptance import Acceptance
from burgeed.audit.chain import StoredEntry
from burgeed.audit.log_source import Identity, StoredCheckpoint
from burgeed.audit.records import AuditRecord
from burgeed.audit.seals import Seal
from burgeed.audit.segments import Segment
from burgeed.audit.signing_keys import StoredKey, stored_key

FORMAT = 1

CSV_COLUMNS = (
    "seq", "at", "action", "actor", "onBehalfOf", "reason", "revision", "flagSet", "flag", "level", "scope",
    "leaf", "old", "new", "requestId", "detail", "actorId", "hash",
)  # fmt: skip

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def log_line(identity: Identity, *, complete: bool) -> str:
    """The first line."""
    return _line(
        {
            "type": "log",
            "format": FORMAT,
            "logId": identity.log_id.hex(),
            "publicKey": stored_key(identity.public_key).hex(),
            "epoch": identity.epoch,
            "seq": identity.seq,
            "head": encoded(identity.head or b""),
            "complete": complete,
        }
    )


def segment_line(segment: Segment) -> str:
    """A segment's header; its key, wrapped, is left out."""
    return _line(
        {
            "type": "segment",
            "id": segment.segment_id,
            "epoch": segment.epoch,
            "kid": encoded(segment.kid),
            "masterId": segment.master_id,
            "commitment": encoded(segment.commitment),
            "firstSeq": segment.first_seq,
            "opened": segment.opened,
            "size": segment.size,
            "root": encoded(segment.root),
            "peaks": encoded(segment.peaks),
            "head": encoded(segment.head),
            "closed": segment.closed,
            "signature": encoded(segment.signature),
            "pruned": segment.pruned,
            "prunedSignature": encoded(segment.pruned_signature),
        }
    )


def key_line(key: StoredKey) -> str:
    """A signing key."""
    return _line(
        {
            "type": "key",
            "epoch": key.epoch,
            "publicKey": key.public_key.hex(),
            "firstSeq": key.first_seq,
            "note": key.note,
        }
    )


def seal_line(seal: Seal) -> str:
    """A seal."""
    return _line(
        {
            "type": "seal",
            "sealer": seal.sealer.hex(),
            "number": seal.number,
            "size": seal.size,
            "root": encoded(seal.root),
            "head": encoded(seal.head),
            "made": seal.made,
            "seal": encoded(seal.seal),
        }
    )


def acceptance_line(acceptance: Acceptance) -> str:
    """A checkpoint that the log goes on without."""
    return _line(
        {
            "type": "acceptance",
            "digest": encoded(acceptance.digest),
            "size": acceptance.size,
            "seq": acceptance.seq,
            "made": acceptance.made,
            "signature": encoded(acceptance.signature),
        }
    )


def checkpoint_line(checkpoint: StoredCheckpoint) -> str:
    """A checkpoint."""
    return _line({"type": "checkpoint", "size": checkpoint.size, "note": checkpoint.note})


def entry_line(stored: StoredEntry, record: AuditRecord) -> str:
    """An entry: its bytes, and what they say."""
    return _line(
        {
            "type": "entry",
            "seq": stored.seq,
            "segment": stored.segment,
            "hash": encoded(stored.hash),
            "entry": encoded(stored.encoded),
            "says": record.as_json(),
        }
    )


def end_line(entries: int) -> str:
    """The last line: an export without one was cut short."""
    return _line({"type": "end", "entries": entries})


def csv_header() -> str:
    """The first line of a CSV."""
    return _csv(CSV_COLUMNS)


def csv_line(record: AuditRecord) -> str:
    """A record; RFC 4180, and no cell that a spreadsheet would take for a formula."""
    shown = record.as_json()
    return _csv([_cell(shown.get(column)) for column in CSV_COLUMNS])


def encoded(data: bytes | None) -> str | None:
    """Base64; None for None."""
    return None if data is None else base64.b64encode(data).decode("ascii")


def _line(document: dict[str, Any]) -> str:
    return orjson.dumps(document).decode() + "\n"


def _csv(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    # An apostrophe makes a spreadsheet take the rest as text. Numbers are left as they are.
    is_formula = text.startswith(_FORMULA) and not isinstance(value, int | float)
    return "'" + text if is_formula else text
