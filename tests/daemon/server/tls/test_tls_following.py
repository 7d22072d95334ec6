"""Replacing the certificate while the server runs: nobody is cut off, and nothing bad is ever served."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.daemon.server.serving import SetWall, eventually
from tests.daemon.server.test_server_streams import SYNC, Events
from tests.daemon.server.tls.speaking import Secure, speaking, trusting
from tests.support.certificates import Authority, Issued

from burgeed.server.tls.certificate import DAY
from burgeed.server.tls.files import CertificateFiles
from burgeed.server.tls.following import FollowedCertificate

Issue = Callable[..., Issued]


@pytest.fixture
def issue(authority: Authority, tmp_path: Path) -> Issue:
    """Issues the server's certificate to the same two files each time."""
    own = authority.beside(tmp_path / "issued")
    return lambda **options: own.issue("server", **options)


async def served(secure: Secure, authority: Authority) -> str:
    """The fingerprint of what a new connection is shown."""
    async with await secure.peer(trusting(authority)).open() as wire:
        shown = wire.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return hashlib.sha256(shown).hexdigest()


async def test_what_is_renamed_over_the_files_is_served_by_itself_and_open_connections_stay(
    tmp_path: Path, authority: Authority, issue: Issue
) -> None:
    async with speaking(tmp_path, issue()) as secure:
        peer, first = secure.peer(trusting(authority)), await served(secure, authority)
        async with await peer.open() as kept, await peer.open() as stream:
            kept.write(peer.request("POST", "/ofrep/v1/evaluate/flags/static", b"{}"))
            assert (await kept.reply()).status == 200
            events = await Events.open(stream, peer, SYNC)
            issue(days=60)
            await eventually(lambda: secure.certificate.current.fingerprint != first)
            assert await served(secure, authority) == secure.certificate.current.fingerprint
            assert (await secure.server.unix.send("GET", "/status")).json["tls"]["daysLeft"] == 59
            kept.write(peer.request("POST", "/ofrep/v1/evaluate/flags/static", b"{}"))
            assert (await kept.reply()).status == 200
            secure.server.deliver({"flags": {}})
            while (await events.generation()).number != 2:
                pass


def _mismatched(issue: Issue) -> None:
    kept = issue().certificate_path.read_bytes()
    issue().certificate_path.write_bytes(kept)


def _gone(issue: Issue) -> None:
    issue().certificate_path.unlink()


def _ended(issue: Issue) -> None:
    issue(days=-1)


def _open_to_all(issue: Issue) -> None:
    issue().key_path.chmod(0o644)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_mismatched, "the key is not that of the first certificate"),
        (_gone, "server.pem cannot be read"),
        (_ended, "the certificate ended on"),
        (_open_to_all, "chmod 600 it"),
    ],
)
async def test_what_cannot_be_used_is_told_of_once_and_the_one_before_serves_on(
    tmp_path: Path,
    authority: Authority,
    issue: Issue,
    spoil: Callable[[Issue], None],
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with speaking(tmp_path, issue()) as secure:
        first = await served(secure, authority)
        assert (await secure.server.unix.send("GET", "/health")).json["degraded"] == []
        spoil(issue)
        for _ in range(2):
            secure.certificate.reload()
            await eventually(lambda: secure.certificate.report()["state"] == "rejected")
        assert await served(secure, authority) == first
        status = (await secure.server.unix.send("GET", "/status")).json["tls"]
        assert said in status["why"] and str(tmp_path) in status["why"]
        [degraded] = (await secure.server.unix.send("GET", "/health")).json["degraded"]
        assert "the one that was read before is served on" in degraded
        issue()
        secure.certificate.reload()
        await eventually(lambda: secure.certificate.report()["state"] == "live")
        assert await served(secure, authority) != first
        assert (await secure.server.unix.send("GET", "/health")).json["degraded"] == []
    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    # The second look may still be under way while the files are replaced, one after the other.
    assert [said in vars(record)["why"] for record in warned].count(True) == 1


async def test_the_same_put_back_is_live_again(tmp_path: Path, authority: Authority, issue: Issue) -> None:
    issued = issue()
    aside = issued.certificate_path.with_suffix(".aside")
    shutil.copy(issued.certificate_path, aside)
    async with speaking(tmp_path, issued) as secure:
        first = secure.certificate.current
        issued.certificate_path.write_text("half of a")
        secure.certificate.reload()
        await eventually(lambda: secure.certificate.report()["state"] == "rejected")
        aside.rename(issued.certificate_path)
        await eventually(lambda: secure.certificate.report()["state"] == "live")
        assert secure.certificate.current is first


async def test_the_end_is_warned_of_at_thirty_seven_and_one_days_and_beyond_it(
    issue: Issue, caplog: pytest.LogCaptureFixture
) -> None:
    issued = issue()
    clock = SetWall(issued.not_after.timestamp() - 31 * DAY)
    followed = FollowedCertificate(CertificateFiles(issued.certificate_path, issued.key_path), clock)
    await followed.open()
    told: list[tuple[float, int]] = []
    for days in (30.5, 29, 8, 6.9, 3, 0.5, 0.1, -0.1, -1):
        clock.time, before = issued.not_after.timestamp() - days * DAY, len(caplog.records)
        await followed.look()
        told.append((days, len(caplog.records) - before))
    assert [days for days, lines in told if lines] == [29, 6.9, 0.5, -0.1]
    assert "ended on" in next(followed.concerns())
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3 + ["ERROR"]


async def test_one_that_has_ended_is_served_from_the_start_and_health_says_so(
    tmp_path: Path, issue: Issue, caplog: pytest.LogCaptureFixture
) -> None:
    async with speaking(tmp_path, issue(days=-2)) as secure:
        [degraded] = (await secure.server.unix.send("GET", "/health")).json["degraded"]
        assert "the certificate ended on" in degraded
        assert (await secure.server.unix.evaluate("static")).status == 200
    assert [record.message for record in caplog.records] == ["clients refuse the TLS certificate"]
