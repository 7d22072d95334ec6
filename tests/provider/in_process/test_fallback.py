"""A bootstrap file, and the last snapshot on disk, for an application that starts without a daemon."""

from __future__ import annotations

import codecs
import json
import os
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.flag_evaluation import Reason
from openfeature.provider import ProviderStatus

from tests.provider.conftest import Caller, eventually, threads_named
from tests.provider.in_process.conftest import FLAGS, SharingDaemon, flags
from tests.support.runtime_directory import snapshot_bytes

BOTH = pytest.mark.parametrize("resolver", ["in-process", "remote"])


@pytest.fixture
def bootstrap(tmp_path: Path) -> Path:
    path = tmp_path / "bootstrap.json"
    path.write_text(json.dumps(flags(text="b")))
    return path


def alone(tmp_path: Path, **options: Any) -> BurgeeProvider:
    """A provider where there is no daemon."""
    return BurgeeProvider(f"unix://{tmp_path}/gone/burgee.sock", **options)


@BOTH
@pytest.mark.parametrize("form", ["definition", "with a byte order mark", "snapshot"])
def test_with_a_bootstrap_file_an_application_starts_without_a_daemon(
    tmp_path: Path, bootstrap: Path, resolver: str, form: str, caller: Caller, openfeature_api: Any
) -> None:
    if form == "snapshot":
        bootstrap.write_bytes(snapshot_bytes(flags(text="b"), 4))
    elif form == "with a byte order mark":
        bootstrap.write_bytes(codecs.BOM_UTF8 + bootstrap.read_bytes())
    provider = alone(tmp_path, resolver=resolver, bootstrap=bootstrap, initialize_deadline=30)
    began = time.monotonic()
    openfeature_api.set_provider_and_wait(provider)
    assert time.monotonic() - began < 10
    client = openfeature_api.get_client()
    eventually(lambda: client.get_provider_status() is ProviderStatus.STALE)
    details = caller.resolve(provider, "string", "text", "mine")
    assert (details.value, details.reason, details.flag_metadata["burgee.reason"]) == (
        "beta",
        Reason.STALE,
        "STATIC",
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "bootstrap .* cannot be read: No such file"),
        (b"flags: {}", "neither a snapshot nor JSON"),
        (b"[]", "no valid definition.*not a mapping"),
        (b'{"flags": {"a": {"defaultVarient": "on"}}}', "no valid definition.*defaultVariant"),
        (b"BURGSNAP", "no usable snapshot"),
        (b"truncated", "no usable snapshot"),
    ],
)
def test_a_bootstrap_file_that_cannot_be_read_is_refused_when_the_provider_is_made(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    path = tmp_path / "bootstrap"
    if content is not None:
        path.write_bytes(snapshot_bytes(FLAGS, 1)[:-7] if content == b"truncated" else content)
    with pytest.raises(ValueError, match=f"(?s){says}"):
        alone(tmp_path, bootstrap=path)


@BOTH
def test_the_newest_snapshot_is_kept_on_disk_for_the_next_start(
    tmp_path: Path, sharing: SharingDaemon, resolver: str, caller: Caller, openfeature_api: Any
) -> None:
    kept = tmp_path / "last.snapshot"
    first = BurgeeProvider(sharing.address, resolver=resolver, last_snapshot=kept)
    openfeature_api.set_provider_and_wait(first)
    eventually(kept.exists)
    assert kept.read_bytes() == sharing.shared.current.read_bytes()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    openfeature_api.shutdown()
    eventually(lambda: not threads_named("burgee-last-snapshot"))
    second = alone(tmp_path, resolver=resolver, last_snapshot=kept, initialize_deadline=30)
    openfeature_api.set_provider_and_wait(second)
    details = caller.resolve(second, "string", "text", "mine")
    assert (details.value, details.reason) == ("alpha", Reason.STALE)
    assert [path.name for path in tmp_path.iterdir() if "last.snapshot" in path.name] == ["last.snapshot"]


def test_what_is_still_to_be_written_is_written_when_the_provider_is_shut_down(
    tmp_path: Path, sharing: SharingDaemon, openfeature_api: Any
) -> None:
    kept = tmp_path / "last.snapshot"
    provider = BurgeeProvider(sharing.address, resolver="in-process", last_snapshot=kept)
    openfeature_api.set_provider_and_wait(provider)
    eventually(kept.exists)
    sharing.serve(flags(text="b"))
    eventually(lambda: provider.resolve_string_details("text", "").value == "beta")
    assert kept.read_bytes() != sharing.shared.current.read_bytes(), "written sooner than it rested"
    openfeature_api.shutdown()
    eventually(lambda: kept.read_bytes() == sharing.shared.current.read_bytes())


def test_a_snapshot_that_is_on_disk_already_is_not_written_again(
    tmp_path: Path, sharing: SharingDaemon, openfeature_api: Any
) -> None:
    kept = tmp_path / "last.snapshot"
    kept.write_bytes(sharing.shared.current.read_bytes())
    kept.chmod(0o600)
    before = kept.stat()
    openfeature_api.set_provider_and_wait(
        BurgeeProvider(sharing.address, resolver="in-process", last_snapshot=kept)
    )
    openfeature_api.shutdown()
    eventually(lambda: not threads_named("burgee-last-snapshot"))
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_no_evaluation_writes(
    tmp_path: Path, sharing: SharingDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "last.snapshot"
    writers: list[int] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (writers.append(threading.get_ident()), real(fd)))
    provider = BurgeeProvider(sharing.address, resolver="in-process", last_snapshot=kept)
    assert provider.resolve_string_details("text", "").value == "alpha"
    eventually(kept.exists)
    provider._resolver.close()
    assert len(writers) == 1 and threading.get_ident() not in writers


@BOTH
@pytest.mark.parametrize("damage", ["altered", "cut", "writable", "nonsense"])
def test_a_damaged_last_snapshot_is_refused_with_a_line_and_the_bootstrap_file_answers(
    tmp_path: Path,
    bootstrap: Path,
    resolver: str,
    damage: str,
    caplog: pytest.LogCaptureFixture,
    openfeature_api: Any,
) -> None:
    kept = tmp_path / "last.snapshot"
    data = snapshot_bytes(FLAGS, 1)
    damaged = {"altered": data.replace(b"alpha", b"ALPHA"), "cut": data[:-1], "nonsense": b"x" * 99}
    kept.write_bytes(damaged.get(damage, data))
    kept.chmod(0o666 if damage == "writable" else 0o600)
    provider = alone(tmp_path, resolver=resolver, last_snapshot=kept, bootstrap=bootstrap)
    openfeature_api.set_provider_and_wait(provider)
    for _ in range(2):
        assert provider.resolve_string_details("text", "mine").value == "beta"
    [line] = [line for line in caplog.messages if line.startswith("last_snapshot")]
    assert str(kept) in line and "not used" in line


@BOTH
def test_the_last_snapshot_goes_before_the_bootstrap_file_and_shared_files_before_both(
    tmp_path: Path, bootstrap: Path, sharing: SharingDaemon, resolver: str, openfeature_api: Any
) -> None:
    kept = tmp_path / "last.snapshot"
    kept.write_bytes(snapshot_bytes(flags(text="a"), 1))
    kept.chmod(0o600)
    provider = alone(tmp_path, resolver=resolver, last_snapshot=kept, bootstrap=bootstrap)
    openfeature_api.set_provider_and_wait(provider)
    assert provider.resolve_string_details("text", "mine").value == "alpha"
    sharing.shared.publish(flags(text="b"))
    sharing.stop()
    beside = BurgeeProvider(sharing.address, resolver=resolver, last_snapshot=kept)
    openfeature_api.set_provider_and_wait(beside)
    assert beside.resolve_string_details("text", "mine").value == "beta"


def test_a_place_that_cannot_be_written_to_costs_a_line_in_the_log(
    tmp_path: Path, sharing: SharingDaemon, openfeature_api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    kept = tmp_path / "nowhere" / "last.snapshot"
    provider = BurgeeProvider(sharing.address, resolver="in-process", last_snapshot=kept)
    openfeature_api.set_provider_and_wait(provider)
    [line] = eventually(lambda: [line for line in caplog.messages if "cannot be written" in line])
    assert str(kept) in line
    assert provider.resolve_string_details("text", "").value == "alpha"


@BOTH
def test_a_daemon_that_comes_takes_over_from_the_bootstrap_file(
    tmp_path: Path, bootstrap: Path, resolver: str, openfeature_api: Any
) -> None:
    from tests.support.fake_daemon import answer, running

    daemon = SharingDaemon(tmp_path / "run")
    provider = BurgeeProvider(daemon.address, resolver=resolver, bootstrap=bootstrap)
    openfeature_api.set_provider_and_wait(provider)
    client = openfeature_api.get_client()
    assert client.get_string_details("text", "").reason is Reason.STALE
    # Until that is told, the status is what the SDK made of `initialize`.
    eventually(lambda: client.get_provider_status() is ProviderStatus.STALE)
    daemon.evaluation = answer("alpha")
    with running(daemon):
        daemon.serve(FLAGS)
        eventually(lambda: client.get_provider_status() is ProviderStatus.READY)
        details = client.get_string_details("text", "")
        assert (details.value, details.reason) == ("alpha", Reason.STATIC)
        openfeature_api.shutdown()
