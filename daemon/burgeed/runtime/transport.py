"""How the TCP port is spoken to, by these settings, and whether the audit's mode allows it."""

from __future__ import annotations

from burgeed.audit.modes import MODES, Transport, transport_refusal
from burgeed.clock import Clock
from burgeed.runtime.control_parts import ControlUnusable
from burgeed.server.tls.files import CertificateFiles
from burgeed.server.tls.following import FollowedCertificate
from burgeed.settings.model import Settings


def transport_of(settings: Settings) -> Transport | None:
    """How TCP is spoken; None where nobody listens there. What serves health only does not count."""
    if settings.listen is None:
        return None
    if settings.tls_certificate is None:
        return "plain"
    return "tls" if settings.tls_client_ca is None else "mutual-tls"


def certificate_of(settings: Settings, clock: Clock) -> FollowedCertificate | None:
    """The certificate of the TCP port, not yet opened; None where there is none, or no port.

    Raises:
        ControlUnusable: the audit's mode asks for more.
    """
    transport = transport_of(settings)
    why_not = transport_refusal(MODES[settings.audit_mode], transport)
    if why_not is not None:
        raise ControlUnusable(f"--audit-mode: {why_not}")
    if settings.tls_certificate is None or transport is None:
        return None
    files = CertificateFiles(settings.tls_certificate, settings.tls_key, settings.tls_client_ca)
    return FollowedCertificate(files, clock)
