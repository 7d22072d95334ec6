"""A source whose definitions are signed: what is read is what was verified, and errors are told in time."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from burgeed.bundles.errors import BundleRefused
from burgeed.bundles.manifest import Bundle
from burgeed.bundles.policy import BundlePolicy
from burgeed.bundles.record import BundleRecord
from burgeed.reading.process import ReaderProcess
from burgeed.sources import admission
from burgeed.sources.manifest import FollowedBundle
from tests.daemon.sources.following import (
    Following,
    a_reader,
    document,
    eventually,
    followed,
    rename_over,
    swap,
    whole,
)
from tests.support.bundles import Signer, put


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path)


@pytest.fixture
def flags(tmp_path: Path) -> Path:
    path = tmp_path / "definitions" / "flags.yaml"
    path.parent.mkdir()
    path.write_text(document("a"))
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[ReaderProcess]:
    async with a_reader() as started:
        yield started


@asynccontextmanager
async def signed(path: Path, reader: Any, signer: Signer, **options: Any) -> AsyncIterator[Following]:
    """Follow a path under a policy that pins the signer's key."""
    record = options.pop("record", None) or BundleRecord(None)
    policy = BundlePolicy([signer.public], record, **options)
    async with followed(path, reader, policy=policy) as following:
        yield following


async def is_told(following: Following, text: str) -> None:
    """Wait until the source stands as rejected, and says this."""

    def said() -> str:
        kind, what = following.sink.told[-1] if following.sink.told else ("", ())
        return "\n".join(map(str, what)) if kind == "rejected" else kind

    await eventually(lambda: text in said(), 10.0, said)


class Counting(BundlePolicy):
    """A policy that counts how often it says no."""

    refusals = 0

    def admit(self, source: str, files: Any, manifest: tuple[str, bytes]) -> Bundle:
        try:
            return super().admit(source, files, manifest)
        except BundleRefused:
            self.refusals += 1
            raise


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "GRACE", 0.2)


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_definitions_and_manifest_may_be_saved_in_either_order_and_no_error_is_told(
    flags: Path, reader: ReaderProcess, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "GRACE", 20.0)
    policy = Counting([signer.public], BundleRecord(None))
    signer.sign(flags, 1)
    async with followed(flags, reader, policy=policy) as following:
        await following.sink.serves(whole("a"))
        rename_over(flags, document("b"))
        await eventually(lambda: policy.refusals == 1)
        signer.sign(flags, 2)
        await following.sink.serves(whole("b"))
        put(flags.with_name("flags.yaml.signed"), signer.signed({flags.name: document("c").encode()}, 3))
        await eventually(lambda: policy.refusals == 2)
        rename_over(flags, document("c"))
        await following.sink.serves(whole("c"))
        assert following.sink.kinds == ["delivered"] * 3


@pytest.mark.usefixtures("short_grace")
async def test_what_nobody_signed_is_told_and_the_last_signed_content_serves_on(
    flags: Path, reader: ReaderProcess, signer: Signer, tmp_path: Path
) -> None:
    async with signed(flags, reader, signer) as following:
        await is_told(following, "not signed: there is no manifest; sign it with")
        assert following.reader.given == []
        signer.sign(flags, 1)
        await following.sink.serves(whole("a"))
        rename_over(flags, document("b"))
        await is_told(following, "flags.yaml: error: the file is not what was signed")
        Signer(tmp_path, "stranger").sign(flags, 2)
        await is_told(following, "no pinned key")
        rename_over(flags, document("a"))
        signer.sign(flags, 1)
        await following.sink.comes_to("delivered")
        assert following.sink.served == whole("a")
        assert len(following.reader.given) == 1


@pytest.mark.usefixtures("short_grace")
async def test_an_older_bundle_is_refused_and_a_faulty_one_does_not_raise_the_number(
    flags: Path, reader: ReaderProcess, signer: Signer
) -> None:
    signer.sign(flags, 5)
    record = BundleRecord(None)
    async with signed(flags, reader, signer, record=record) as following:
        await following.sink.serves(whole("a"))
        rename_over(flags, "flags: 7\n")
        signer.sign(flags, 9)
        await is_told(following, "flags.yaml:1")
        rename_over(flags, document("b"))
        signer.sign(flags, 6)
        await following.sink.serves(whole("b"))
        rename_over(flags, document("a"))
        signer.sign(flags, 5)
        await is_told(following, "it is number 5 of bundle shop, and number 6 was accepted")
    async with signed(flags, reader, signer, record=record) as following:
        await is_told(following, "it is number 5 of bundle shop")


async def test_a_bundle_that_is_only_signed_anew_raises_the_number_and_is_not_read_again(
    flags: Path, reader: ReaderProcess, signer: Signer
) -> None:
    signer.sign(flags, 5)
    record = BundleRecord(None)
    policy = BundlePolicy([signer.public], record)
    async with followed(flags, reader, policy=policy) as following:
        await following.sink.serves(whole("a"))
        signer.sign(flags, 8)
        await eventually(lambda: (policy.report(str(flags)) or {})["number"] == 8)
        assert following.sink.kinds == ["delivered"] and len(following.reader.given) == 1
    assert policy.report(str(flags)) == {"name": "shop", "number": 8, "key": signer.key_id}


@pytest.mark.usefixtures("short_grace")
async def test_a_number_that_cannot_be_kept_is_not_served_until_it_can(
    flags: Path, reader: ReaderProcess, signer: Signer
) -> None:
    disk = FullDisk()
    signer.sign(flags, 5)
    async with signed(flags, reader, signer, record=BundleRecord(disk)) as following:
        await is_told(following, "cannot be kept in the state directory: No space left")
        assert "delivered" not in following.sink.kinds
        disk.is_full = False
        await following.sink.serves(whole("a"))
        assert disk.written == 1


class FullDisk:
    """A state directory that has no room at first."""

    def __init__(self) -> None:
        self.is_full = True
        self.written = 0

    def read(self, name: str) -> bytes | None:
        return None

    def write(self, name: str, content: bytes) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.written += 1


@pytest.mark.usefixtures("short_grace")
async def test_a_directory_is_signed_as_a_whole(flags: Path, reader: ReaderProcess, signer: Signer) -> None:
    more = flags.with_name("more.yaml")
    more.write_text(document("a", prefix="more"))
    assert signer.sign(flags.parent, 1).name == "burgee.signed"
    async with signed(flags.parent, reader, signer) as following:
        await following.sink.serves(whole("a") | whole("a", prefix="more"))
        stray = flags.with_name("stray.yaml")
        stray.write_text(document("a", prefix="stray"))
        await is_told(following, "stray.yaml: error: the signed manifest does not list")
        stray.unlink()
        await following.sink.comes_to("delivered")
        more.unlink()
        signer.sign(flags.parent, 2)
        await following.sink.serves(whole("a"))
        flags.with_name("burgee.signed").unlink()
        await is_told(following, "not signed")


@pytest.mark.usefixtures("short_grace")
async def test_where_json_alone_is_taken_yaml_is_a_fault_however_it_is_signed(
    flags: Path, reader: ReaderProcess, signer: Signer
) -> None:
    signer.sign(flags, 1)
    async with signed(flags, reader, signer, json_only=True) as following:
        await is_told(following, "JSON alone; write it as JSON with `burgee bundle to-json`")
    other = put(flags.with_name("flags.json"), b'{"flags": {"beta": {"defaultVariant": "on"}}}')
    signer.sign(other, 1)
    async with signed(other, reader, signer, json_only=True) as following:
        await following.sink.serves({"beta": "on"})


async def test_whoever_writes_meanwhile_nothing_unsigned_reaches_the_reader(
    flags: Path, reader: ReaderProcess, signer: Signer
) -> None:
    good = {document(mark).encode() for mark in "abcdef"}
    ended = threading.Event()

    def write() -> None:
        number = 1
        while not ended.wait(0.002):
            for mark in "abcdef":
                number += 1
                rename_over(flags, document("evil"))
                rename_over(flags, document(mark))
                signer.sign(flags, number)
                rename_over(flags, document("evil"))
                ended.wait(0.004)

    writer = threading.Thread(target=write)
    async with signed(flags, reader, signer) as following:
        writer.start()
        try:
            await eventually(lambda: len(following.reader.given) >= 5, 20.0)
        finally:
            ended.set()
            writer.join()
        assert {file.content for files in following.reader.given for file in files} <= good


async def test_a_volume_that_is_swapped_whole_brings_both_at_once(
    tmp_path: Path, reader: ReaderProcess, signer: Signer
) -> None:
    volume = tmp_path / "volume"
    for number, mark in enumerate("ab", 1):
        (volume / mark).mkdir(parents=True)
        (volume / mark / "flags.yaml").write_text(document(mark))
        signer.sign(volume / mark / "flags.yaml", number)
    (volume / "..data").symlink_to("a")
    for name in ("flags.yaml", "flags.yaml.signed"):
        (volume / name).symlink_to(f"..data/{name}")
    async with signed(volume / "flags.yaml", reader, signer) as following:
        await following.sink.serves(whole("a"))
        swap(volume / "..data", "b")
        await following.sink.serves(whole("b"))
        assert following.sink.kinds == ["delivered"] * 2


async def test_a_change_of_the_manifest_alone_shows_that_the_watch_is_deaf(
    flags: Path, signer: Signer
) -> None:
    signer.sign(flags, 1)
    path = FollowedBundle(str(flags), 1 << 20, time.monotonic)
    path.look()
    assert not path.look().moved
    signer.sign(flags, 2)
    assert path.look().moved
