"""Follows the certificate's files: what replaces them is served once it can be, what cannot be is told of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

from burgee.instant import instant_text
from burgeed.clock import Clock
from burgeed.file_standing import FileStanding
from burgeed.file_state import FileState
from burgeed.server.tls.certificate import Certificate, read_certificate
from burgeed.server.tls.files import CertificateFiles, CertificateUnusable

WARNED_AT = (1, 7, 30)
"""Days before the certificate's end at which the log says so, once each."""

DEGRADED_AT = 7
"""Days before the certificate's end from which ``/health`` says so."""

_log = logging.getLogger(__name__)


class FollowedCertificate:
    """The newest good certificate of some files. To be opened before anything else is asked of it.

    Args:
        files: may be symbolic links, which are followed anew with each look.
    """

    def __init__(self, files: CertificateFiles, clock: Clock) -> None:
        self.files = files
        self._clock = clock
        self._afresh = False
        self._seen: tuple[FileState, ...] | None = None
        self._done: tuple[FileState, ...] | None = None
        self._certificate: Certificate | None = None
        self._standing = FileStanding.unread(clock)
        self._warned_at: int | None = None

    async def open(self) -> None:
        """Read the files for the first time. One that has ended is served, and warned of: the Unix socket
        need not wait for it. Raises CertificateUnusable.
        """
        self._certificate = await asyncio.to_thread(read_certificate, self.files)
        self._standing.takes(is_other=True)
        self._warn_of_end()

    @property
    def current(self) -> Certificate:
        """What new connections are served."""
        assert self._certificate is not None
        return self._certificate

    @property
    def is_mutual(self) -> bool:
        """Whether clients show certificates too."""
        return self.files.client_ca is not None

    def covers(self, host: str) -> bool:
        """See :meth:`Certificate.covers`."""
        return self.current.covers(host)

    def reload(self) -> None:
        """Read the files again now, whatever they look like."""
        self._afresh = True
        self._standing.woken.set()

    async def follow(self) -> None:
        """Serve to new connections what replaces the files, until cancelled; never raises because of them."""
        while True:
            await self._standing.wait()
            await self.look()

    async def look(self) -> None:
        """Look at the files and the calendar once."""
        await self._look()
        self._warn_of_end()

    def report(self) -> dict[str, Any]:
        """How it stands, as JSON has it."""
        certificate = self.current
        return {
            "path": str(self.files.certificate),
            **self._standing.report(),
            "mutual": self.is_mutual,
            "subject": certificate.subject,
            "issuer": certificate.issuer,
            "names": sorted(certificate.names),
            "notBefore": instant_text(certificate.not_before),
            "notAfter": instant_text(certificate.not_after),
            "daysLeft": int(certificate.days_left(self._clock.wall())),
            "fingerprint": certificate.fingerprint,
        }

    def concerns(self) -> Iterator[str]:
        """What somebody has to see to, before clients are refused."""
        certificate, now = self.current, self._clock.wall()
        if (unfit := certificate.unfit(now)) is not None:
            yield f"TLS: {unfit}"
        elif certificate.days_left(now) < DEGRADED_AT:
            yield f"TLS: the certificate ends on {instant_text(certificate.not_after)}"
        if self._standing.state == "rejected":
            yield "TLS: the certificate's files cannot be used; the one that was read before is served on"

    async def _look(self) -> None:
        """Take what is new."""
        afresh, self._afresh = self._afresh, False
        try:
            seen = await asyncio.to_thread(self.files.state)
        except OSError as error:
            self._seen = self._done = None
            self._object(f"{error.filename} cannot be read: {error.strerror}")
            return
        settled, self._seen = seen == self._seen, seen
        if not afresh and (seen == self._done or not settled):
            return
        try:
            certificate = await asyncio.to_thread(read_certificate, self.files)
        except CertificateUnusable as error:
            # Read again at the next look: it may have been for another reason than the files.
            self._done = None
            self._object(str(error))
            return
        self._done = seen
        unfit = certificate.unfit(self._clock.wall())
        if unfit is not None and certificate.digest != self.current.digest:
            self._object(f"{self.files.certificate}: {unfit}")
            return
        self._take(certificate)

    def _take(self, certificate: Certificate) -> None:
        is_other = certificate.digest != self.current.digest
        if is_other:
            self._certificate, self._warned_at = certificate, None
            _log.info(
                "the TLS certificate was replaced",
                extra={"path": str(self.files.certificate), "until": instant_text(certificate.not_after)},
            )
        elif self._standing.state == "rejected":
            _log.info("the TLS certificate is live again", extra={"path": str(self.files.certificate)})
        self._standing.takes(is_other=is_other)

    def _object(self, why: str) -> None:
        """Say that what is there cannot be used, once for each reason in a row."""
        if not self._standing.objects(why):
            return
        _log.warning(
            "the TLS certificate cannot be used, the one that was read before is served on",
            extra={"why": why},
        )

    def _warn_of_end(self) -> None:
        """Say at each of the thresholds that the end comes near; beyond it, once more."""
        certificate, now = self.current, self._clock.wall()
        unfit, left = certificate.unfit(now), certificate.days_left(now)
        reached = 0 if unfit is not None else next((each for each in WARNED_AT if left <= each), None)
        if reached is None or (self._warned_at is not None and self._warned_at <= reached):
            return
        self._warned_at = reached
        path, end = str(self.files.certificate), instant_text(certificate.not_after)
        if unfit is not None:
            _log.error("clients refuse the TLS certificate", extra={"path": path, "why": unfit})
        else:
            _log.warning(
                "the TLS certificate ends soon: replace its files, and they are read by themselves",
                extra={"path": path, "until": end, "days_left": round(left, 1)},
            )
