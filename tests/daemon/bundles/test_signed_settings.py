"""Which settings ask for signatures, and which cannot be."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from burgeed.bundles.errors import BundleRefused, BundlesUnusable
from burgeed.bundles.pinned_keys import read_pinned_keys
from burgeed.bundles.policy import BundlePolicy
from burgeed.bundles.record import BundleRecord
from burgeed.bundles.signing import manifest_of
from burgeed.runtime.signed_sources import policy_of
from burgeed.settings import SourceSetting, gather
from burgeed.store.directory import OwnedDirectory
from tests.support.bundles import Signer


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path)


@pytest.fixture
def directory(tmp_path: Path) -> OwnedDirectory:
    return OwnedDirectory(tmp_path / "state")


def policy(directory: OwnedDirectory | None, **options: object) -> BundlePolicy | None:
    stated = {name.replace("_", "-"): [str(text)] for name, text in options.items()}
    return policy_of(gather({"source": ["flags.json"]} | stated, {}), directory)


def test_without_keys_nothing_has_to_be_signed(directory: OwnedDirectory) -> None:
    assert policy(directory) is None is policy(None)


@pytest.mark.parametrize("mode", ["strict", "defense"])
def test_strict_and_defense_start_only_with_keys_and_a_state_directory(
    mode: str, directory: OwnedDirectory, signer: Signer
) -> None:
    with pytest.raises(BundlesUnusable, match=f"mode {mode} serves .* --source-key"):
        policy(directory, audit_mode=mode)
    with pytest.raises(BundlesUnusable, match="--state-dir names one"):
        policy(None, audit_mode=mode, source_key=signer.path)
    assert policy(directory, audit_mode=mode, source_key=signer.path) is not None
    assert policy_of(gather({"audit-mode": [mode]}, {}, wants_source=False), directory) is None


def test_defense_takes_json_alone_and_strict_does_not(directory: OwnedDirectory, signer: Signer) -> None:
    for mode, is_taken in (("standard", True), ("strict", True), ("defense", False)):
        files = {"flags.yaml": b"flags: {}\n"}
        found = policy(directory, audit_mode=mode, source_key=signer.path)
        assert found is not None
        try:
            found.admit("flags.yaml", list(files.items()), ("flags.yaml.signed", signer.signed(files, 1)))
        except BundleRefused as refusal:
            assert not is_taken and "JSON alone" in str(refusal)
        else:
            assert is_taken


def test_without_a_state_directory_it_warns(signer: Signer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert policy(None, source_key=signer.path) is not None
    assert "older signed bundles are taken again; --state-dir" in caplog.text


def test_a_source_may_state_the_bundle_that_it_has_to_be(directory: OwnedDirectory, signer: Signer) -> None:
    found = policy(directory, source="flags.json,bundle=shop", source_key=signer.path)
    assert found is not None
    files = {"flags.json": b"{}"}
    for name, is_taken in (("shop", True), ("other", False)):
        try:
            found.admit(
                "flags.json", list(files.items()), ("flags.json.signed", signer.signed(files, 1, name))
            )
        except BundleRefused as refusal:
            assert not is_taken and "it is bundle other, and this source is bundle shop" in str(refusal)
        else:
            assert is_taken
    with pytest.raises(BundlesUnusable, match="pin who may sign it with --source-key"):
        policy(directory, source="flags.json,bundle=shop")
    with pytest.raises(BundlesUnusable, match="no name of a bundle"):
        policy(directory, source="flags.json,bundle=a b", source_key=signer.path)


def test_a_bundle_is_an_option_of_a_source_beside_the_other() -> None:
    texts = [
        "a.yaml,bundle=shop",
        "b.yaml,optional=true,bundle=b",
        "c.yaml,bundle=c,optional=true",
        "d,x=1,bundle=d",
    ]
    assert gather({"source": texts}, {}).sources == (
        SourceSetting("a.yaml", False, "shop"),
        SourceSetting("b.yaml", True, "b"),
        SourceSetting("c.yaml", True, "c"),
        SourceSetting("d,x=1", False, "d"),
    )


def test_keys_come_from_the_environment_and_in_every_form(tmp_path: Path, signer: Signer) -> None:
    pem = tmp_path / "pem.pub"
    pem.write_text(Signer(tmp_path, "other", "ecdsa-p256").public.pem())
    pem.chmod(0o644)
    settings = gather({"source": ["flags.json"]}, {"BURGEE_SOURCE_KEY": f"{signer.path} {pem}"})
    assert settings.source_keys == (signer.path, pem)
    assert [key.kind for key in read_pinned_keys(settings.source_keys)] == ["ed25519", "ecdsa-p256"]


def test_a_key_that_cannot_be_pinned_is_an_error_with_its_remedy(tmp_path: Path, signer: Signer) -> None:
    (tmp_path / "link").symlink_to(signer.path)
    assert read_pinned_keys([tmp_path / "link"]) == (signer.public,), "as a ConfigMap has it"
    os.mkfifo(tmp_path / "pipe", 0o644)
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "binary").write_bytes(b"\xff" * 32)
    for name in ("empty", "binary"):
        (tmp_path / name).chmod(0o644)
    for path, said in (
        (tmp_path / "missing", "cannot be read"),
        (tmp_path / "pipe", "no regular file"),
        (tmp_path / "empty", "no public key .*public-key"),
        (tmp_path / "binary", "no public key"),
        (signer.private_path, "no public key"),
    ):
        with pytest.raises(BundlesUnusable, match=said):
            read_pinned_keys([path])
    for mode in (0o664, 0o646):
        signer.path.chmod(mode)
        with pytest.raises(BundlesUnusable, match="chmod go-w"):
            read_pinned_keys([signer.path])


def test_who_pins_no_key_does_without_the_cryptography_library() -> None:
    program = (
        "import sys\n"
        "from burgeed.runtime import signed_sources\n"
        "from burgeed.sources import uri\n"
        "from burgeed.settings import gather\n"
        "assert signed_sources.policy_of(gather({'source': ['flags.json']}, {}), None) is None\n"
        "sys.exit('burgeed.signing.keys' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_what_was_accepted_is_kept_in_the_state_directory(directory: OwnedDirectory, signer: Signer) -> None:
    found = policy(directory, source_key=signer.path)
    assert found is not None
    files = {"flags.json": b"{}"}
    manifest = ("flags.json.signed", signer.signed(files, 7))
    assert found.report("flags.json") is None
    found.accept("flags.json", found.admit("flags.json", list(files.items()), manifest), manifest[0])
    assert found.report("flags.json") == {"name": "shop", "number": 7, "key": signer.key_id}
    older = BundleRecord(directory).objection("flags.json", manifest_of("shop", 6, list(files.items())))
    assert older is not None and "number 7 was accepted" in older.message
