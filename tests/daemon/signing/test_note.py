"""Signed notes: signed by whom they say, and written in one way only."""

from __future__ import annotations

import pytest

from burgeed.signing.keys import PrivateKey
from burgeed.signing.note import MOST_SIGNATURES, NoteMalformed, read_note, write_note

TEXT = "shop\n17\n"
ED25519, ECDSA = PrivateKey.new("ed25519"), PrivateKey.new("ecdsa-p256")


def test_a_note_is_signed_by_each_of_its_keys_and_by_nobody_else() -> None:
    note = read_note(write_note(TEXT, [("shop", ED25519), ("shop", ECDSA)]))
    assert note.text == TEXT
    assert note.is_signed_by("shop", ED25519.public) and note.is_signed_by("shop", ECDSA.public)
    assert not note.is_signed_by("other", ED25519.public)
    assert not note.is_signed_by("shop", PrivateKey.new("ed25519").public)


def test_no_byte_of_a_note_can_be_changed() -> None:
    whole = write_note(TEXT, [("shop", ED25519)]).encode()
    for at in range(len(whole)):
        for bit in range(8):
            changed = bytearray(whole)
            changed[at] ^= 1 << bit
            try:
                note = read_note(changed.decode())
            except (NoteMalformed, UnicodeDecodeError):
                continue
            assert not note.is_signed_by("shop", ED25519.public), (at, bit)


def test_a_wrong_signature_in_a_known_keys_name_spoils_the_note_and_a_strangers_does_not() -> None:
    good = write_note(TEXT, [("shop", ED25519)])
    forged = write_note("shop\n18\n", [("shop", ED25519)]).rpartition("\n\n")[2]
    strange = write_note("shop\n18\n", [("shop", ECDSA)]).rpartition("\n\n")[2]
    assert not read_note(good + forged).is_signed_by("shop", ED25519.public)
    assert read_note(good + strange).is_signed_by("shop", ED25519.public)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda note: "",
        lambda note: note[:-1],
        lambda note: note + "\n",
        lambda note: note + "x",
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.replace("17", "1\t7"),
        lambda note: note.replace("\u2014", "-"),
        lambda note: note.replace("\u2014 shop ", "\u2014  "),
        lambda note: note.replace("\u2014 shop ", "\u2014 sh+op "),
        lambda note: note.rpartition(" ")[0] + " AAAAAA==\n",
        lambda note: note.rpartition(" ")[0] + " AAAAAAB=\n",
        lambda note: note + note.rpartition("\n\n")[2] * MOST_SIGNATURES,
    ],
)
def test_what_is_written_otherwise_is_no_note(spoil: object) -> None:
    note = write_note(TEXT, [("shop", ED25519)])
    with pytest.raises(NoteMalformed):
        read_note(spoil(note))  # type: ignore[operator]


def test_as_many_signatures_as_the_specification_asks_for_are_read() -> None:
    note = write_note(TEXT, [("shop", PrivateKey.new("ed25519")) for _ in range(MOST_SIGNATURES)])
    assert len(read_note(note).signatures) == MOST_SIGNATURES
