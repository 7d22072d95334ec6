"""The files that say on what terms TLS is spoken: whom to trust, and what to show."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_PATHS = {
    "ca": "certificates of authorities, in PEM",
    "certificate": "certificate, in PEM",
    "certificate_key": "private key, in PEM",
}


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths, each to a file that may change; it is read again for the next connection.

    Attributes:
        ca: the authorities that the daemon's certificate has to come from; None is the system's.
        certificate: what is shown to a daemon that asks for it, with what leads up to its authority; None
            shows nothing.
        certificate_key: the private key of ``certificate``, not encrypted; None is in the same file.
    """

    ca: str | None = None
    certificate: str | None = None
    certificate_key: str | None = None

    def faults(self) -> Iterator[str]:
        """What cannot be, each with its remedy. No file is looked at: it may come later."""
        for name, what in _PATHS.items():
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value or "\0" in value):
                yield f"{name} is the path of a file ({what}), not {value!r}"
        if self.certificate_key is not None and self.certificate is None:
            yield "certificate_key is the key of a certificate: name that as certificate, too"


NO_TLS_FILES = TlsFiles()
"""The system's authorities are trusted, and nothing is shown."""


def gather_tls_files(environment: Mapping[str, str], **given: str | os.PathLike[str] | None) -> TlsFiles:
    """Take each path from the arguments, else from ``BURGEE_CA`` and so on; what is empty is not given.

    Raises:
        ValueError: they cannot be.
    """
    values = {
        name: os.fspath(stated) if (stated := given.get(name)) else environment.get(f"BURGEE_{name.upper()}")
        for name in _PATHS
    }
    files = TlsFiles(**{name: value for name, value in values.items() if value})
    faults = list(files.faults())
    if faults:
        raise ValueError("; ".join(faults))
    return files
