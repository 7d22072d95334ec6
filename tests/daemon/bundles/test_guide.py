"""docs/guides/signed-definitions.md: its commands do what it shows, and its manifest is one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from burgeed.bundles.errors import BundleRefused
from burgeed.bundles.manifest import KEY_NAME, read_manifest
from burgeed.bundles.record import FILE, BundleRecord
from burgeed.bundles.signing import manifest_of, sign
from burgeed.bundles.verification import verify
from burgeed.cli import main
from burgeed.cli.command_line import burgee
from burgeed.settings import SourceSetting, gather
from burgeed.settings.options import NAMES
from burgeed.signing.keys import read_public_key
from burgeed.signing.note import read_note
from burgeed.sources.admission import GRACE
from tests.daemon.cli.guide import steps
from tests.support.bundles import Signer
from tests.support.daemon import REPOSITORY

GUIDE = (REPOSITORY / "docs" / "guides" / "signed-definitions.md").read_text()
PUBLIC_KEY = re.compile(r"burgee-bundle\+[0-9a-f]{8}\+\S+")


def comparable(text: str) -> str:
    """Without what differs from key to key and from second to second."""
    return re.sub(
        r"\b\d{10}\b", "NUMBER", re.sub(r"by [0-9a-f]{8}", "by KEY", PUBLIC_KEY.sub("PUBLIC", text))
    )


def test_every_command_says_what_the_guide_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flags.json").write_text('{"flags": {"beta": {"defaultVariant": "on"}}}\n')
    *commands, serve = steps(GUIDE)
    for step in commands:
        command, _, copy = step.command.partition(" | tee ")
        assert main(shlex.split(command)[1:]) == 0
        said = capsys.readouterr().out
        assert comparable(said).splitlines() == comparable("\n".join(step.output)).splitlines()
        if copy:
            Path(copy).write_text(said)
            Path(copy).chmod(0o644)
    program, command, *arguments = shlex.split(serve.command)
    assert (program, command) == ("burgee", "serve")
    stated = {
        name.removeprefix("--"): [text] for name, text in zip(arguments[::2], arguments[1::2], strict=True)
    }
    settings = gather(stated, {})
    assert settings.sources == (SourceSetting("flags.json", bundle="shop"),)
    assert settings.source_keys == (tmp_path / "release.pub",)


def test_its_manifest_is_signed_with_its_key() -> None:
    [manifest] = re.findall(r"```\n(burgee-bundle/.*?)```", GUIDE, re.DOTALL)
    [key] = PUBLIC_KEY.findall(GUIDE)
    note = read_note(manifest)
    assert note.is_signed_by(KEY_NAME, read_public_key(key))
    assert read_manifest(note.text).name == "shop"


def test_it_shows_what_the_daemon_says(tmp_path: Path) -> None:
    signer, record = Signer(tmp_path), BundleRecord(None)
    files = [("flags.json", b"{}"), ("x.json", b"{}")]
    seventeen = manifest_of("shop", 17, files)
    record.accept("flags.json", seventeen)
    signed = sign(seventeen, [signer.key])
    said = [
        record.objection("flags.json", other)
        for other in (
            seventeen._replace(number=16),
            manifest_of("shop", 17, files[:1]),
            seventeen._replace(name="test"),
        )
    ]
    assert all(objection is not None and f"`{objection.message}`" in GUIDE for objection in said)
    for content, manifest in (
        (files, b""),
        (files, sign(seventeen, [Signer(tmp_path).key])),
        ([("flags.json", b"{ }"), files[1]], signed),
        ([*files, ("y.json", b"")], signed),
        (files[:1], signed),
    ):
        with pytest.raises(BundleRefused) as refusal:
            verify(content, ("flags.json.signed", manifest), [signer.public])
        [fault] = refusal.value.faults
        shown = fault.message.partition(":")[0].removeprefix("the signed manifest lists")
        assert shown.strip() in GUIDE, fault


def test_its_names_and_numbers_are_those_of_the_code() -> None:
    assert FILE in GUIDE and f"nothing for {'two' if GRACE == 2.0 else GRACE} seconds" in GUIDE
    group = burgee.get_command(click.Context(burgee), "bundle")
    assert isinstance(group, click.Group)
    known = {option for each in group.commands.values() for param in each.params for option in param.opts}
    known |= {NAMES[name].flag for name in ("source", "source-key", "audit-mode")} | {"--source"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", GUIDE)) <= known
    assert set(group.commands) <= set(re.findall(r"`?burgee bundle ([a-z-]+)", GUIDE))
