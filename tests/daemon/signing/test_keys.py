"""Keys that sign: both kinds, every way in which they are written, and nothing that is another's."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from burgeed.signing.keys import (
    KeyMalformed,
    Kind,
    PrivateKey,
    PublicKey,
    read_private_key,
    read_public_key,
)

KINDS: tuple[Kind, ...] = ("ed25519", "ecdsa-p256")

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
"""The first test vector of RFC 8032, section 7.1: the secret key and the public one."""


def test_a_seed_is_the_ed25519_key_of_the_rfc() -> None:
    key = PrivateKey.of_seed(SEED)
    assert key.public == PublicKey("ed25519", PUBLIC)
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_is_of_one_message_by_one_key(kind: Kind) -> None:
    key, other = PrivateKey.new(kind), PrivateKey.new(kind)
    signature = key.sign(b"message")
    assert key.public.is_signed(signature, b"message")
    assert not key.public.is_signed(signature, b"massage")
    assert not other.public.is_signed(signature, b"message")
    for wrong in (b"", signature[:-1], bytes(len(signature)), signature + b"\0"):
        assert not key.public.is_signed(wrong, b"message")


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_read_back_from_every_way_in_which_it_is_written(kind: Kind) -> None:
    key = PrivateKey.new(kind)
    assert read_private_key(key.pem()).public == key.public
    for text in (key.public.verifier_key("shop"), key.public.pem(), f"\n{key.public.pem()}\n"):
        assert read_public_key(text) == key.public
    assert PublicKey.of_typed(key.public.typed) == key.public


def test_ed25519_is_read_from_32_bytes_and_from_hexadecimal_too() -> None:
    for content in (SEED, SEED.hex().encode(), SEED.hex().encode() + b"\n"):
        assert read_private_key(content).public.encoded == PUBLIC
    assert read_public_key(PUBLIC.hex()).encoded == PUBLIC


def test_key_ids_and_verifier_keys_are_those_of_signed_notes() -> None:
    ed25519 = PublicKey("ed25519", PUBLIC)
    key_id = hashlib.sha256(b"shop\n\x01" + PUBLIC).digest()[:4]
    assert ed25519.key_id("shop") == key_id != ed25519.key_id("other")
    encoded = base64.b64encode(b"\x01" + PUBLIC).decode()
    assert ed25519.verifier_key("shop") == f"shop+{key_id.hex()}+{encoded}"
    ecdsa = PrivateKey.new("ecdsa-p256").public
    assert ecdsa.key_id("shop") == hashlib.sha256(ecdsa.encoded).digest()[:4] == ecdsa.key_id("other")
    assert ecdsa.typed == b"\x02" + ecdsa.encoded


def test_openssl_verifies_what_an_ecdsa_key_signs(tmp_path: Path) -> None:
    key = PrivateKey.new("ecdsa-p256")
    (tmp_path / "key.pem").write_text(key.public.pem())
    (tmp_path / "signature").write_bytes(key.sign(b"message"))
    files = ("-verify", tmp_path / "key.pem", "-signature", tmp_path / "signature")
    for message, said in ((b"message", "verified ok"), (b"massage", "verification failure")):
        ended = subprocess.run(
            ["openssl", "dgst", "-sha256", *files], input=message, capture_output=True, check=False
        )
        assert said in (ended.stdout + ended.stderr).decode().lower()


def test_what_is_no_key_is_refused_without_being_shown() -> None:
    secret = b"correct horse battery staple"
    x = x25519.X25519PrivateKey.generate()
    p384 = ec.generate_private_key(ec.SECP384R1())
    pems = [each.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for each in (x, p384)]
    encrypted = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pass")
    )
    cut = PrivateKey.new("ecdsa-p256").pem()[:-60]
    for content in (b"", secret, SEED[:31], SEED + b"\n", SEED.hex().encode()[:-2], cut, encrypted, *pems):
        with pytest.raises(KeyMalformed) as refused:
            read_private_key(content)
        assert "horse" not in str(refused.value) and SEED.hex()[:20] not in str(refused.value)


def test_a_public_key_that_is_mistyped_is_refused() -> None:
    key = PrivateKey.of_seed(SEED).public
    name, key_id, encoded = key.verifier_key("shop").split("+", 2)
    p384 = ec.generate_private_key(ec.SECP384R1()).public_key()
    compressed = (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    )
    for text in (
        "",
        "shop",
        f"{name}+{key_id}",
        f"{name}+00000000+{encoded}",
        f"other+{key_id}+{encoded}",
        f"{name}+{key_id}+{encoded[:-4]}",
        f"{name}+{key_id}+*",
        f"{name}+{key_id}+{base64.b64encode(b'x03' + PUBLIC).decode()}",
        PUBLIC.hex()[:-2],
        p384.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        key.pem()[:-40],
    ):
        with pytest.raises(KeyMalformed):
            read_public_key(text)
    for encoded_key in (compressed, b"", PUBLIC):
        with pytest.raises(KeyMalformed):
            PublicKey("ecdsa-p256", encoded_key)
