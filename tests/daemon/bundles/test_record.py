"""What was accepted: numbers that only grow, across restarts and failing disks."""

from __future__ import annotations

import errno
from pathlib import Path

import orjson
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from burgeed.bundles.errors import BundlesUnusable
from burgeed.bundles.manifest import Manifest, SignedFile
from burgeed.bundles.record import FILE, BundleRecord, Objection
from burgeed.store.directory import OwnedDirectory


def bundle(number: int, content: bytes = b"", name: str = "shop") -> Manifest:
    return Manifest(name, number, (SignedFile.of("flags.json", content),))


class Disk:
    """A state directory in memory that can be full."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.is_full = False

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)

    def write(self, name: str, content: bytes) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.files[name] = content


class Accepting(RuleBasedStateMachine):
    """Bundles come in any order, the daemon restarts, the disk is full now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = Disk()
        self.record = BundleRecord(self.disk)
        self.served: Manifest | None = None

    @rule(number=st.integers(1, 5), content=st.sampled_from([b"a", b"b"]))
    def comes(self, number: int, content: bytes) -> None:
        manifest = bundle(number, content)
        allowed = self.served is None or number > self.served.number or manifest == self.served
        assert (self.record.objection("flags.json", manifest) is None) == allowed
        try:
            objection = self.record.accept("flags.json", manifest)
        except OSError:
            assert allowed and self.disk.is_full and manifest != self.served
            return
        assert (objection is None) == allowed
        if allowed:
            self.served = manifest

    @rule(full=st.booleans())
    def the_disk_fills_or_empties(self, full: bool) -> None:
        self.disk.is_full = full

    @rule()
    def restarts(self) -> None:
        self.record = BundleRecord(self.disk)

    @invariant()
    def nothing_is_served_that_is_not_on_disk(self) -> None:
        if self.served is not None:
            kept = orjson.loads(self.disk.files[FILE])["bundles"]["shop"]
            assert kept == {"number": self.served.number, "digest": self.served.digest}


TestAccepting = Accepting.TestCase
TestAccepting.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)


def test_an_older_number_is_refused_with_both_and_the_same_with_other_bytes() -> None:
    record = BundleRecord(None)
    assert record.accept("flags.json", bundle(17)) is None
    older = record.objection("flags.json", bundle(16))
    assert older is not None and "number 16 of bundle shop, and number 17 was" in older.message
    assert "--number 18 or above" in older.remedy
    other = record.objection("flags.json", bundle(17, b"other"))
    assert other is not None and "with other contents" in other.message
    assert record.objection("flags.json", bundle(17)) is None is record.objection("flags.json", bundle(18))


def test_a_source_keeps_its_bundle_unless_the_settings_name_another() -> None:
    disk = Disk()
    assert BundleRecord(disk).accept("flags.json", bundle(17)) is None
    record = BundleRecord(disk)
    other = record.objection("flags.json", bundle(99, name="other"))
    assert other is not None and "it is bundle other, and this source is bundle shop" in other.message
    assert "flags.json,bundle=other" in other.remedy
    assert record.accept("flags.json", bundle(99, name="other"), "other") is None
    assert BundleRecord(disk).objection("flags.json", bundle(18)) is not None
    wrong = record.objection("flags.json", bundle(18), "third")
    assert wrong is not None and wrong.remedy == "sign it with --name third"


def test_a_source_elsewhere_does_not_make_a_bundle_new() -> None:
    disk = Disk()
    assert BundleRecord(disk).accept("flags.json", bundle(17)) is None
    assert BundleRecord(disk).objection("./flags.json", bundle(16)) is not None
    assert BundleRecord(disk).objection("./flags.json", bundle(17)) is None


def test_two_sources_are_two_bundles() -> None:
    record = BundleRecord(None)
    assert record.accept("a.json", bundle(17)) is None
    assert record.accept("b.json", bundle(18)) == Objection(
        "bundle shop is served by the source a.json already", "sign one of the two with another --name"
    )
    assert record.accept("b.json", bundle(18, name="other")) is None


def test_it_is_kept_in_the_state_directory(tmp_path: Path) -> None:
    for number, taken in ((17, True), (16, False), (18, True), (17, False)):
        directory = OwnedDirectory(tmp_path)
        assert (BundleRecord(directory).accept("flags.json", bundle(number)) is None) == taken
        directory.release()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"format":2,"bundles":{},"sources":{}}',
        b'{"format":1,"bundles":{"shop":{"number":"17","digest":""}},"sources":{}}',
        b'{"format":1,"bundles":{"shop":{"number":0,"digest":"%s"}},"sources":{}}' % (b"0" * 64),
        b'{"format":1,"bundles":{"shop":17},"sources":{}}',
        b'{"format":1,"bundles":{},"sources":{"flags.json":"shop"}}',
    ],
)
def test_a_damaged_record_is_an_error_and_not_a_fresh_start(content: bytes) -> None:
    disk = Disk()
    disk.files[FILE] = content
    with pytest.raises(BundlesUnusable, match="put it back from a backup, or remove it"):
        BundleRecord(disk)


def test_a_record_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    directory = OwnedDirectory(tmp_path)
    (tmp_path / FILE).mkdir()
    with pytest.raises(BundlesUnusable, match="cannot be read"):
        BundleRecord(directory)
    directory.release()
