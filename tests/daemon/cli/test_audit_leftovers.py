"""What an ended daemon leaves beside its store, once somebody is erased without it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from burgee.generation import Generation
from burgeed.cli.audit_leftovers import forgetting
from burgeed.control.commands import OverrideItem, SetOverrides
from burgeed.control.last_known import FILE, LastKnownState
from burgeed.control.protocol import State
from burgeed.revisions.values import Entry, EntryKey
from burgeed.settings import gather
from burgeed.store.directory import OwnedDirectory
from burgeed.store.permissions import Permissions
from burgeed.store.snapshot_files import SnapshotFiles
from tests.support.erasing_store import bytes_about, erasing_store

DOCUMENT = {"flags": {"a": {"defaultVariant": "off"}}}


async def test_what_was_kept_is_what_is_set_by_now_unless_a_daemon_keeps_it(tmp_path: Path) -> None:
    settings = replace(
        gather({}, {}, wants_source=False), state_dir=tmp_path / "state", runtime_dir=tmp_path / "runtime"
    )
    directory = OwnedDirectory(settings.state_dir)
    gone = EntryKey("", "override", "a", "customer", "kunde")
    LastKnownState(directory).keep(State(1, {gone: Entry(gone, {"variant": "on"}, 1)}))
    (tmp_path / "runtime").mkdir()
    files = SnapshotFiles(settings.runtime_dir, Permissions())
    for number, data in enumerate((b"kunde", b"nobody"), 1):
        files.write(Generation("e", number), data)
    async with erasing_store(f"sqlite:{tmp_path}/store/b.db", DOCUMENT) as here:
        await here.write(SetOverrides("", (OverrideItem("customer", "c-2", "a", {"variant": "on"}),)))
        forget = forgetting(settings, here.database)
        await forget()
        assert bytes_about(tmp_path).count(b"kunde") == 2
        files.close()
        directory.release()
        await forget()
    assert b"kunde" not in bytes_about(tmp_path) and b"nobody" in bytes_about(settings.runtime_dir)
    directory = OwnedDirectory(settings.state_dir)
    kept = LastKnownState(directory).find()
    directory.release()
    assert kept is not None and [key.scope for key in kept.entries] == ["c-2"]
    assert (settings.state_dir / FILE).exists()
