"""The entry's bytes: as the format's page has them, and read in one way only."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgeed.audit.checkpoint import Checkpoint
from burgeed.audit.entry import Entry, EntryHeader, decode, entry_hash
from burgeed.audit.entry_encryption import open_entry, place_of, seal, sealed_length
from burgeed.audit.errors import EntryMalformed, Unsound
from burgeed.audit.merkle import Peaks
from burgeed.audit.payload import Named, compose_payload, read_payload
from burgeed.audit.records import AuditRecord
from burgeed.audit.subjects import NOBODY, Subject
from tests.daemon.audit.logs import START, event, fixed_keys

GOLDEN = Path(__file__).with_name("golden")
LOG_ID = bytes(range(16))
KEY = b"\x42" * 32
PLAIN = compose_payload(
    event(1, actor="", level="", scope="", old=1, new=1.5), Named(None, None, None), place_of(LOG_ID, 7)
)
HEADER = EntryHeader(
    log_id=LOG_ID,
    epoch=1,
    seq=7,
    kid=b"k" * 16,
    prev_hash=b"p" * 32,
    wall_ns=int(START) * 10**9,
    mono_ns=123_456_789,
    boot_id=b"b" * 16,
    actor_id=NOBODY,
    action="override.set",
    ciphertext_length=sealed_length(PLAIN),
)
ENCODED = seal(HEADER, KEY, PLAIN, nonce=b"n" * 12)


def test_an_entry_has_the_bytes_of_the_golden_file() -> None:
    assert ENCODED.hex() == (GOLDEN / "entry.hex").read_text().replace("\n", "")


def test_a_checkpoint_is_the_golden_file() -> None:
    peaks = Peaks()
    for number in range(200):
        peaks.add(hashlib.sha256(b"%d" % number).digest())
    checkpoint = Checkpoint(LOG_ID, 200, peaks.root(), b"h" * 32)
    assert checkpoint.sign(fixed_keys().signing) == (GOLDEN / "checkpoint.txt").read_text()


def test_the_golden_entry_says_what_it_said() -> None:
    encoded = bytes.fromhex((GOLDEN / "entry.hex").read_text())
    record = open_entry(encoded, decode(encoded), KEY, lambda _: None, entry_hash(encoded))
    assert (record.seq, record.action, record.reason, record.at) == (7, "override.set", "ticket 1", START)
    assert repr((record.old, record.new)) == "(1, 1.5)"


def test_the_hash_is_a_leaf_of_rfc_6962_over_all_bytes() -> None:
    assert entry_hash(ENCODED) == hashlib.sha256(b"\x00" + ENCODED).digest()


def test_the_layout_is_that_of_the_page() -> None:
    assert ENCODED[0] == 1 and ENCODED[1:17] == LOG_ID and ENCODED[17:21] == (1).to_bytes(4, "big")
    assert ENCODED[21:29] == (7).to_bytes(8, "big") and ENCODED[29:45] == b"k" * 16
    assert ENCODED[45:77] == b"p" * 32 and ENCODED[77:85] == HEADER.wall_ns.to_bytes(8, "big")
    assert ENCODED[85:93] == HEADER.mono_ns.to_bytes(8, "big") and ENCODED[93:109] == b"b" * 16
    assert ENCODED[109:125] == NOBODY and ENCODED[125] == 12 and ENCODED[126:138] == b"override.set"
    assert ENCODED[138:142] == HEADER.ciphertext_length.to_bytes(4, "big") and ENCODED[142:154] == b"n" * 12
    assert len(ENCODED) == 154 + HEADER.ciphertext_length


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_whatever_decodes_encodes_to_the_very_same_bytes(tail: bytes) -> None:
    for data in (
        ENCODED[: 142 - len(tail)] + tail + ENCODED[142:],
        ENCODED[:137] + tail,
        tail,
        ENCODED + tail,
    ):
        try:
            entry = decode(data)
        except EntryMalformed:
            continue
        assert entry.encode() == data


def test_cut_anywhere_or_longer_it_is_no_entry() -> None:
    for length in range(len(ENCODED)):
        with pytest.raises(EntryMalformed):
            decode(ENCODED[:length])
    with pytest.raises(EntryMalformed):
        decode(ENCODED + b"\x00")


@pytest.mark.parametrize(
    "change",
    [
        {"log_id": b"short"},
        {"kid": bytes(17)},
        {"prev_hash": bytes(31)},
        {"boot_id": b""},
        {"actor_id": b""},
        {"epoch": 1 << 32},
        {"epoch": -1},
        {"seq": 0},
        {"seq": 1 << 64},
        {"wall_ns": -1},
        {"action": ""},
        {"action": "a" * 65},
        {"action": "Kill"},
        {"action": "kill\n"},
        {"action": "kïll"},
        {"ciphertext_length": 15},
        {"ciphertext_length": 1 << 25},
    ],
)
def test_a_header_with_an_impossible_value_has_no_encoding(change: dict[str, object]) -> None:
    with pytest.raises(EntryMalformed):
        replace(HEADER, **change).encode()  # type: ignore[arg-type]


def test_a_ciphertext_of_another_length_than_the_header_says_has_no_encoding() -> None:
    entry = decode(ENCODED)
    for wrong in (
        Entry(entry.header, entry.nonce[:-1], entry.ciphertext),
        replace(entry, ciphertext=b"x" * 20),
    ):
        with pytest.raises(EntryMalformed):
            wrong.encode()


def test_two_entries_of_one_event_share_no_ciphertext() -> None:
    first, second = (decode(seal(HEADER, KEY, PLAIN)) for _ in range(2))
    assert first.nonce != second.nonce and first.ciphertext != second.ciphertext


def test_a_part_under_a_subjects_key_opens_in_its_own_entry_and_field_alone() -> None:
    alice, customer = Subject(b"a" * 16, b"k" * 32), Subject(b"c" * 16, b"q" * 32)
    keys = {each.subject_id: each.key for each in (alice, customer)}
    plain = compose_payload(event(1), Named(alice, alice, customer), place_of(LOG_ID, 7))

    def read(data: bytes, seq: int) -> AuditRecord:
        return read_payload(data, place_of(LOG_ID, seq), keys.get, seq=seq, digest="", actor_id="")

    assert read(plain, 7).actor == "alice"
    moved = orjson.loads(plain)
    moved["sealed"]["actor"], moved["sealed"]["on_behalf_of"] = (
        moved["sealed"]["on_behalf_of"],
        moved["sealed"]["actor"],
    )
    for data, seq in ((plain, 8), (orjson.dumps(moved), 7)):
        with pytest.raises(Unsound):
            read(data, seq)
