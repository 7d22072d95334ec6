"""Keys that sign and verify: Ed25519 (RFC 8032), and ECDSA on P-256 with SHA-256 (FIPS 186-5).

A public key is told apart by the signature type that C2SP signed notes (c2sp.org/signed-note) assign to it,
and its encoding is theirs too: 32 bytes for Ed25519, a DER SubjectPublicKeyInfo (RFC 5480) for ECDSA.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

Kind: TypeAlias = Literal["ed25519", "ecdsa-p256"]

SIGNATURE_TYPES: Final[dict[Kind, int]] = {"ed25519": 0x01, "ecdsa-p256": 0x02}
"""The byte that C2SP signed notes assign to each kind."""

ED25519_BYTES: Final = 32
"""Of a public key, and of a private one."""

KEY_ID_BYTES: Final = 4


class KeyMalformed(ValueError):
    """It is no key of these kinds; the text says what one looks like, and has none of it."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies; two are equal where they are the same key.

    Attributes:
        kind: see :data:`SIGNATURE_TYPES`.
        encoded: as signed notes encode it, see the module.
    """

    kind: Kind
    encoded: bytes

    def __post_init__(self) -> None:
        """Raise KeyMalformed where the bytes are no key of this kind, or one in another encoding."""
        if self.kind == "ed25519":
            if len(self.encoded) != ED25519_BYTES:
                raise KeyMalformed("a public key of Ed25519 has 32 bytes")
        elif _spki(_elliptic(self.encoded)) != self.encoded:
            raise KeyMalformed("the public key is encoded in another way than the one there is")

    @property
    def typed(self) -> bytes:
        """The signature type's byte, and the key: tells kinds apart wherever a key is kept as bytes."""
        return bytes((SIGNATURE_TYPES[self.kind],)) + self.encoded

    @classmethod
    def of_typed(cls, typed: bytes) -> PublicKey:
        """The key of what :attr:`typed` gave. Raises KeyMalformed."""
        for kind, byte in SIGNATURE_TYPES.items():
            if typed[:1] == bytes((byte,)):
                return cls(kind, typed[1:])
        raise KeyMalformed("a key of that signature type is not read here")

    def key_id(self, name: str) -> bytes:
        """Its four bytes in a signed note's signatures under that key name."""
        if self.kind == "ed25519":
            return hashlib.sha256(name.encode() + b"\n" + self.typed).digest()[:KEY_ID_BYTES]
        # For this kind the specification leaves the name and the type out.
        return hashlib.sha256(self.encoded).digest()[:KEY_ID_BYTES]

    def verifier_key(self, name: str) -> str:
        """The key as one line of text: name, key ID and typed key, joined by plus signs."""
        return f"{name}+{self.key_id(name).hex()}+{base64.b64encode(self.typed).decode()}"

    def pem(self) -> str:
        """As a PEM SubjectPublicKeyInfo (RFC 7468)."""
        if self.kind == "ed25519":
            key: Ed25519PublicKey | EllipticCurvePublicKey = Ed25519PublicKey.from_public_bytes(self.encoded)
        else:
            key = _elliptic(self.encoded)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def is_signed(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature is of that message by this key; False for whatever is no signature."""
        try:
            if self.kind == "ed25519":
                Ed25519PublicKey.from_public_bytes(self.encoded).verify(signature, message)
            else:
                _elliptic(self.encoded).verify(signature, message, ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


class PrivateKey:
    """A key that signs.

    Attributes:
        public: what verifies.
    """

    def __init__(self, key: Ed25519PrivateKey | EllipticCurvePrivateKey) -> None:
        self._key = key
        if isinstance(key, Ed25519PrivateKey):
            raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            self.public = PublicKey("ed25519", raw)
        else:
            _require_p256(key.curve.name)
            self.public = PublicKey("ecdsa-p256", _spki(key.public_key()))

    def __repr__(self) -> str:
        return f"PrivateKey({self.kind}, {self.public.encoded.hex()})"

    @property
    def kind(self) -> Kind:
        """The public key's."""
        return self.public.kind

    @classmethod
    def new(cls, kind: Kind) -> PrivateKey:
        """A new one, of the cryptography library's randomness."""
        return cls(Ed25519PrivateKey.generate() if kind == "ed25519" else generate_private_key(SECP256R1()))

    @classmethod
    def of_seed(cls, seed: bytes) -> PrivateKey:
        """The Ed25519 key of 32 bytes. Raises KeyMalformed."""
        if len(seed) != ED25519_BYTES:
            raise KeyMalformed("a private key of Ed25519 has 32 bytes")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, message: bytes) -> bytes:
        """64 bytes for Ed25519; a DER ECDSA-Sig-Value (RFC 3279), of up to 72 bytes, for ECDSA."""
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(message)
        return self._key.sign(message, ECDSA(SHA256()))

    def pem(self) -> bytes:
        """As PEM PKCS#8 (RFC 5958), not encrypted."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_private_key(content: bytes) -> PrivateKey:
    """The key of a file: PEM PKCS#8 of either kind, or for Ed25519 32 bytes or 64 hexadecimal digits.

    Raises:
        KeyMalformed: it is none of these.
    """
    if len(content) == ED25519_BYTES:
        return PrivateKey.of_seed(content)
    if content.lstrip().startswith(b"-----BEGIN"):
        try:
            key = load_pem_private_key(content, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # The library's text is left out: it could show of what stands there.
            raise KeyMalformed("the PEM holds no private key that can be read, or an encrypted one") from None
        if isinstance(key, Ed25519PrivateKey | EllipticCurvePrivateKey):
            return PrivateKey(key)
        raise KeyMalformed("the PEM's key is neither of Ed25519 nor of ECDSA on P-256")
    try:
        return PrivateKey.of_seed(bytes.fromhex(content.decode("ascii").strip()))
    except ValueError:
        raise KeyMalformed("there are neither 32 bytes, nor 64 hexadecimal digits, nor a PEM") from None


def read_public_key(text: str) -> PublicKey:
    """The key of a text: a verifier key, a PEM SubjectPublicKeyInfo, or for Ed25519 64 hexadecimal digits.

    Raises:
        KeyMalformed: it is none of these, or the verifier key's ID is not of its name and key.
    """
    text = text.strip()
    if text.startswith("-----BEGIN"):
        return _read_pem(text)
    if "+" not in text:
        try:
            return PublicKey("ed25519", bytes.fromhex(text))
        except ValueError:
            raise KeyMalformed("it is no verifier key, no PEM and no 64 hexadecimal digits") from None
    name, key_id, encoded = (*text.split("+", 2), "", "")[:3]
    try:
        key = PublicKey.of_typed(base64.b64decode(encoded, validate=True))
    except binascii.Error:
        raise KeyMalformed("the verifier key's last part is no base64") from None
    if key.verifier_key(name) != text:
        raise KeyMalformed(f"the verifier key's ID {key_id} is not of its name and key")
    return key


def _read_pem(text: str) -> PublicKey:
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise KeyMalformed("the PEM holds no public key that can be read") from None
    if isinstance(key, Ed25519PublicKey):
        return PublicKey("ed25519", key.public_bytes(Encoding.Raw, PublicFormat.Raw))
    if isinstance(key, EllipticCurvePublicKey):
        _require_p256(key.curve.name)
        return PublicKey("ecdsa-p256", _spki(key))
    raise KeyMalformed("the PEM's key is neither of Ed25519 nor of ECDSA on P-256")


def _elliptic(encoded: bytes) -> EllipticCurvePublicKey:
    try:
        key = load_der_public_key(encoded)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyMalformed("a public key of ECDSA is a DER SubjectPublicKeyInfo") from None
    if not isinstance(key, EllipticCurvePublicKey):
        raise KeyMalformed("the public key is none of ECDSA")
    _require_p256(key.curve.name)
    return key


def _require_p256(curve: str) -> None:
    if curve != SECP256R1.name:
        raise KeyMalformed(f"the key's curve is {curve}, not P-256")


def _spki(key: EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
