"""Signed notes, as c2sp.org/signed-note has them: a text, an empty line, and signature lines."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from burgeed.signing.keys import KEY_ID_BYTES, PrivateKey, PublicKey

MOST_SIGNATURES: Final = 16
"""On one note; a verifier has to take so many, and none more."""

_SIGNATURE = re.compile("\u2014 ([^\\s+]+) ([A-Za-z0-9+/=]+)\n")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteMalformed(ValueError):
    """The text is no signed note."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line.

    Attributes:
        name: of the key.
        key_id: four bytes.
        signature: of the note's text.
    """

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note whose signatures nobody has looked at yet.

    Attributes:
        text: what is signed, with its last line's end.
        signatures: at least one.
    """

    text: str
    signatures: tuple[Signature, ...]

    def is_signed_by(self, name: str, key: PublicKey) -> bool:
        """Whether that key has signed it under that name, and no signature in its name is another's."""
        key_id = key.key_id(name)
        claimed = [each for each in self.signatures if (each.name, each.key_id) == (name, key_id)]
        message = self.text.encode()
        return bool(claimed) and all(key.is_signed(each.signature, message) for each in claimed)


def read_note(note: str) -> Note:
    """Take a note apart, strictly: there is one way to write it. Raises NoteMalformed."""
    text, gap, lines = note.rpartition("\n\n")
    if not gap or _CONTROL.search(note) is not None:
        raise NoteMalformed("the text is no signed note")
    signatures: list[Signature] = []
    at = 0
    while found := _SIGNATURE.match(lines, at):
        signatures.append(_signature(found[1], found[2]))
        at = found.end()
    if not signatures or at != len(lines) or len(signatures) > MOST_SIGNATURES:
        raise NoteMalformed(f"a signed note ends in 1 to {MOST_SIGNATURES} signature lines, and nothing else")
    return Note(text + "\n", tuple(signatures))


def write_note(text: str, signers: Iterable[tuple[str, PrivateKey]]) -> str:
    """The note of a text that ends in a line's end, signed by each of these keys under its name."""
    message = text.encode()
    lines = []
    for name, key in signers:
        signature = key.public.key_id(name) + key.sign(message)
        lines.append(f"\u2014 {name} {base64.b64encode(signature).decode()}\n")
    return f"{text}\n{''.join(lines)}"


def _signature(name: str, encoded: str) -> Signature:
    try:
        data = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise NoteMalformed("a signature of the note is no base64") from error
    if base64.b64encode(data).decode() != encoded or len(data) <= KEY_ID_BYTES:
        raise NoteMalformed("a signature is written in another way than the one there is")
    return Signature(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])
