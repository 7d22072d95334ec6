"""Manifests: one way to write each, and every byte of it and of its files counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgeed.bundles.errors import BundleRefused, BundleUnsignable
from burgeed.bundles.manifest import (
    LARGEST_NUMBER,
    LONGEST_MANIFEST,
    Manifest,
    ManifestMalformed,
    SignedFile,
    in_order,
    is_name,
    read_manifest,
)
from burgeed.bundles.signing import manifest_of, sign, standing_manifest
from burgeed.bundles.verification import verify
from burgeed.signing.keys import Kind, PrivateKey
from burgeed.signing.note import write_note
from tests.support.bundles import Signer

FILES = {"flags.json": b'{"flags": {}}', "more flags.yaml": b"flags: {}\n"}

NAMES = st.text("aZ09._-", min_size=1, max_size=9).filter(is_name)
FILE_NAMES = st.text(min_size=1, max_size=20).filter(
    lambda name: name.isprintable() and "/" not in name and name != "."
)


def refused(signer: Signer, files: dict[str, bytes], manifest: bytes) -> str:
    """What is said of files that are not taken."""
    with pytest.raises(BundleRefused) as refusal:
        verify(list(files.items()), ("burgee.signed", manifest), [signer.public])
    assert all(fault.remedy and fault.file for fault in refusal.value.faults)
    return "\n".join(map(str, refusal.value.faults))


@settings(max_examples=30, deadline=None)
@given(NAMES, st.integers(1, LARGEST_NUMBER), st.dictionaries(FILE_NAMES, st.binary(max_size=9), min_size=1))
def test_a_manifest_is_read_as_it_was_written(name: str, number: int, files: dict[str, bytes]) -> None:
    manifest = manifest_of(name, number, list(files.items()))
    assert read_manifest(manifest.text()) == manifest


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa-p256"])
def test_what_is_signed_is_taken_whichever_kind_of_key_signed_it(tmp_path: Path, kind: Kind) -> None:
    signer = Signer(tmp_path, kind=kind)
    found = verify(
        list(FILES.items()), ("x", signer.signed(FILES, 17)), [Signer(tmp_path).public, signer.public]
    )
    assert (found.manifest.name, found.manifest.number, found.key_id) == ("shop", 17, signer.key_id)


def test_no_byte_of_files_or_manifest_can_be_changed(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    signed = signer.signed(FILES, 17)
    for at in range(len(signed)):
        for bit in (0x01, 0x20, 0x80):
            changed = bytearray(signed)
            changed[at] ^= bit
            refused(signer, FILES, bytes(changed))
    for name, content in FILES.items():
        for at in range(len(content)):
            changed = bytearray(content)
            changed[at] ^= 0x20
            assert "bytes are other ones" in refused(signer, FILES | {name: bytes(changed)}, signed)


def test_the_files_are_those_of_the_manifest_no_more_and_no_fewer(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    signed = signer.signed(FILES, 17)
    assert "does not list this file" in refused(signer, FILES | {"a.json": b"{}"}, signed)
    assert "more flags.yaml, which is not there" in refused(
        signer, {"flags.json": FILES["flags.json"]}, signed
    )
    renamed = {"flags.yaml": FILES["flags.json"], "more flags.yaml": FILES["more flags.yaml"]}
    said = refused(signer, renamed, signed)
    assert "flags.yaml: error: the signed manifest does not list" in said and "flags.json, which" in said


def test_without_a_pinned_keys_signature_nothing_of_a_manifest_is_shown(tmp_path: Path) -> None:
    signer, stranger = Signer(tmp_path), Signer(tmp_path, "stranger")
    for other in (b"", b" \n", b"not a note", b"\xff\n\n", stranger.signed(FILES, 99, name="stolen")):
        said = refused(signer, FILES, other)
        assert "stolen" not in said and "burgee.signed" in said
    assert signer.key_id in refused(signer, FILES, stranger.signed(FILES, 99))


def test_a_pinned_keys_note_about_something_else_is_no_manifest(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    for name, text in (("burgee-bundle", "burgee-audit/00\n17\n"), ("other", manifest().text())):
        refused(signer, FILES, write_note(text, [(name, signer.key)]).encode())


def manifest() -> Manifest:
    return manifest_of("shop", 17, list(FILES.items()))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text.replace("burgee-bundle/", "burgee-bundles/"),
        lambda text: text.replace("/shop", "/"),
        lambda text: text.replace("/shop", "/sh op"),
        lambda text: text.replace("format 1", "format 2"),
        lambda text: text.replace("number 17", "number 017"),
        lambda text: text.replace("number 17", "number 0"),
        lambda text: text.replace("number 17", f"number {LARGEST_NUMBER + 1}"),
        lambda text: text + "more\n",
        lambda text: text[:-1],
        lambda text: text + text.splitlines()[-1] + "\n",
        lambda text: "\n".join([*text.splitlines()[:3], *reversed(text.splitlines()[3:])]) + "\n",
        lambda text: "\n".join(text.splitlines()[:3]) + "\n",
        lambda text: text.replace(" flags.json", " ../flags.json"),
        lambda text: text.replace(" 13 ", " 013 "),
        lambda text: text.replace(SignedFile.of("", FILES["flags.json"]).sha256, "0" * 63),
    ],
)
def test_what_is_written_otherwise_is_no_manifest(spoil: object) -> None:
    assert read_manifest(manifest().text()) == manifest()
    with pytest.raises(ManifestMalformed):
        read_manifest(spoil(manifest().text()))  # type: ignore[operator]


@pytest.mark.parametrize("name", ["", ".shop", "-shop", "a b", "a/b", "a+b", "é", "a" * 101, "a\n"])
def test_a_name_is_short_and_plain(name: str) -> None:
    assert is_name("Shop-1.eu_west") and not is_name(name)


def test_what_cannot_stand_in_a_manifest_is_not_signed() -> None:
    with pytest.raises(BundleUnsignable, match="no definition"):
        manifest_of("shop", 1, [])
    with pytest.raises(BundleUnsignable, match="printable"):
        manifest_of("shop", 1, [("a\nb.json", b"")])
    with pytest.raises(BundleUnsignable, match="no number above"):
        manifest_of("shop", LARGEST_NUMBER + 1, list(FILES.items()))
    many = [(f"{'a' * 200}-{number}.json", b"") for number in range(LONGEST_MANIFEST // 270)]
    with pytest.raises(BundleUnsignable, match="fewer files"):
        sign(manifest_of("shop", 1, many), [PrivateKey.new("ed25519")])


def test_files_stand_in_the_order_of_their_names_bytes() -> None:
    names = [file.name for file in in_order(SignedFile.of(name, b"") for name in ("b", "é", "B", "a"))]
    assert names == ["B", "a", "b", "é"]


def test_what_stands_there_counts_where_who_signs_has_signed_it(tmp_path: Path) -> None:
    signer, stranger = Signer(tmp_path), Signer(tmp_path, "stranger")
    signed = signer.signed(FILES, 17)
    assert standing_manifest(signed, [stranger.public, signer.public]) == manifest()
    assert standing_manifest(signed, [stranger.public]) is None
    for other in (b"", b"\xff", b"flags: {}\n", manifest().text().encode()):
        assert standing_manifest(other, [signer.public]) is None
