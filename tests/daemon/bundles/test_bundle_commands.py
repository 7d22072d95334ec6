"""`burgee bundle`: a key, a signature, a verification, and YAML as JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from burgeed.bundles.manifest import read_manifest
from burgeed.cli import main
from burgeed.clock import Clock, SystemClock
from burgeed.reading.messages import SourceFile
from burgeed.reading.source_files import as_json, read_files
from burgeed.signing.note import read_note
from tests.support.bundles import Signer
from tests.support.daemon import REPOSITORY

NOW = 1_795_000_000


class Frozen(SystemClock):
    """The machine's clock, its wall at one instant."""

    def wall(self) -> float:
        return NOW + 0.9


class Burgee:
    """The command, in this process."""

    def __init__(self, capture: pytest.CaptureFixture[str], clock: Clock) -> None:
        self._capture = capture
        self._clock = clock

    def __call__(self, *arguments: object, code: int = 0) -> str:
        """What it says, on either stream."""
        ended = main([str(each) for each in arguments], clock=self._clock)
        said = self._capture.readouterr()
        assert ended == code, said
        return said.out if code == 0 else said.out + said.err


@pytest.fixture
def burgee(capsys: pytest.CaptureFixture[str]) -> Burgee:
    return Burgee(capsys, Frozen())


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path)


@pytest.fixture
def flags(tmp_path: Path) -> Path:
    path = tmp_path / "flags.json"
    path.write_text('{"flags": {}}')
    return path


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa-p256"])
def test_a_key_is_made_signs_and_verifies(burgee: Burgee, tmp_path: Path, flags: Path, kind: str) -> None:
    key, public = tmp_path / "new.key", tmp_path / "new.pub"
    public.write_text(burgee("bundle", "key", key, "--type", kind))
    assert key.stat().st_mode & 0o777 == 0o600 and b"BEGIN PRIVATE KEY" in key.read_bytes()
    assert burgee("bundle", "public-key", key) == public.read_text()
    burgee("bundle", "sign", flags, "--key", key, "--name", "shop", "--number", 17)
    said = burgee("bundle", "verify", flags, "--source-key", public)
    assert f"{flags}: ok, bundle shop number 17, 1 file, signed by " in said
    public.write_text(burgee("bundle", "public-key", key, "--pem"))
    assert burgee("bundle", "verify", flags, "--source-key", public) == said


def test_a_key_that_is_there_is_not_made_anew(burgee: Burgee, signer: Signer) -> None:
    before = signer.private_path.read_bytes()
    assert "is there already" in burgee("bundle", "key", signer.private_path, code=1)
    assert signer.private_path.read_bytes() == before


def test_without_a_number_it_grows_and_never_lies_before_the_clock(
    burgee: Burgee, signer: Signer, flags: Path
) -> None:
    def number(*options: object) -> int:
        said = json.loads(burgee("bundle", "sign", flags, "--key", signer.private_path, "--json", *options))
        found = read_manifest(read_note(Path(said["manifest"]).read_text()).text)
        assert (said["name"], said["number"]) == (found.name, found.number)
        return found.number

    assert number() == NOW
    assert number() == NOW, "nothing has changed"
    flags.write_text("{}")
    assert number() == NOW + 1
    assert number("--name", "other", "--number", 7) == 7, "another bundle counts for itself"
    assert number("--name", "shop", "--number", NOW + 2) == NOW + 2
    flags.write_text('{"flags": {}}')
    assert "number 1795000002 already: take --number 1795000003" in burgee(
        "bundle", "sign", flags, "--key", signer.private_path, "--number", 7, code=1
    )
    assert number("--number", NOW + 100) == NOW + 100 == number("--number", NOW + 100)


def test_a_bundle_goes_by_its_manifest_else_by_its_files_name(
    burgee: Burgee, signer: Signer, flags: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "on call"
    folder.mkdir()
    (folder / "a.yaml").write_text("flags: {}\n")
    key = ("--key", signer.private_path)
    assert ": bundle flags number" in burgee("bundle", "sign", flags, *key)
    assert ": bundle on-call number" in burgee("bundle", "sign", folder, *key)
    assert (folder / "burgee.signed").exists()
    assert ": bundle shop number" in burgee("bundle", "sign", folder, *key, "--name", "shop")
    assert ": bundle shop number" in burgee("bundle", "sign", f"file:{folder}".replace(" ", "%20"), *key)
    assert "no name of a bundle" in burgee("bundle", "sign", folder, *key, "--name", "a b", code=2)


def test_what_a_stranger_put_there_names_nothing(
    burgee: Burgee, signer: Signer, flags: Path, tmp_path: Path
) -> None:
    Signer(tmp_path, "stranger").sign(flags, 10**18, "production")
    sign = ("bundle", "sign", flags, "--key", signer.private_path)
    assert "signed with none of these keys" in burgee(*sign, code=1)
    assert f"bundle test number {NOW}, " in burgee(*sign, "--name", "test")


def test_several_keys_sign_and_any_of_them_verifies(
    burgee: Burgee, signer: Signer, flags: Path, tmp_path: Path
) -> None:
    other, stranger = Signer(tmp_path, "other"), Signer(tmp_path, "stranger")
    burgee("bundle", "sign", flags, "--key", signer.private_path, "--key", other.private_path)
    for each in (signer, other):
        assert each.key_id in burgee("bundle", "verify", flags, "--source-key", each.path)
    assert other.key_id in burgee(
        "bundle", "verify", flags, "--source-key", stranger.path, "--source-key", other.path
    )
    assert "no pinned key" in burgee("bundle", "verify", flags, "--source-key", stranger.path, code=1)


def test_what_does_not_verify_is_said_with_place_and_remedy(
    burgee: Burgee, signer: Signer, flags: Path
) -> None:
    verify = ("bundle", "verify", flags, "--source-key", signer.path)
    assert "flags.json.signed: error: the definitions are not signed" in burgee(*verify, code=1)
    signer.sign(flags, 17)
    flags.write_text('{"flags": { }}')
    report = json.loads(burgee(*verify, "--json", code=1))
    [fault] = report["faults"]
    assert not report["ok"] and fault["file"] == str(flags) and "burgee bundle sign" in fault["remedy"]


def test_what_cannot_be_read_is_said_and_nothing_is_written(
    burgee: Burgee, signer: Signer, flags: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "empty").mkdir()
    key = ("--key", signer.private_path)
    for source, said in (
        ("missing.json", "does not exist"),
        ("pipe.json", "a pipe"),
        ("empty", "no definition to sign"),
    ):
        assert said in burgee("bundle", "sign", tmp_path / source, *key, code=1)
    assert "is not supported" in burgee("bundle", "sign", "s3:bucket/flags.json", *key, code=2)
    assert "no private key" in burgee("bundle", "sign", flags, "--key", signer.path_made_private(), code=1)
    signer.private_path.chmod(0o644)
    assert "open to others" in burgee("bundle", "sign", flags, *key, code=1)
    signer.path.chmod(0o666)
    assert "others can write" in burgee("bundle", "verify", flags, "--source-key", signer.path, code=2)
    assert not list(tmp_path.rglob("*.signed"))


@pytest.mark.parametrize("suffix", [".yaml", ".toml"])
def test_yaml_and_toml_become_the_json_that_is_read_alike(tmp_path: Path, suffix: str) -> None:
    texts = {
        ".yaml": (REPOSITORY / "config" / "flags.yaml").read_text(),
        ".toml": '[flags.beta]\ndefaultVariant = "on"\nexpires = 2036-12-01T00:00:00Z\n'
        "[flags.seats]\nvariants = {few = 10.0, many = 1e15}\ndefaultVariant = 'few'\n",
    }
    file = SourceFile(f"flags{suffix}", texts[suffix].encode())
    converted = SourceFile("flags.json", as_json(file))
    layers = [read_files("source", [each])[0] for each in (file, converted)]
    assert json.loads(converted.content)["flags"]
    definitions = [
        [(each.flags, each.segments, each.kills) for each in layer.definitions] for layer in layers
    ]
    assert repr(definitions[0]).replace(file.path, converted.path) == repr(definitions[1])


def test_the_command_converts_and_says_what_cannot_be_read(burgee: Burgee, tmp_path: Path) -> None:
    source, output = tmp_path / "flags.yaml", tmp_path / "flags.json"
    source.write_text("flags: {beta: {defaultVariant: on}}\n")
    assert burgee("bundle", "to-json", source, "--output", output) == ""
    assert json.loads(output.read_text()) == {"flags": {"beta": {"defaultVariant": "on"}}}
    source.write_text("flags: {a: 1, a: 2}\n")
    assert "flags.yaml:1:15: error: duplicate key" in burgee("bundle", "to-json", source, code=1)
