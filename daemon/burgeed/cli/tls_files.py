"""The files by which a command trusts a daemon that speaks TLS, and shows who it is."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Each of an option or the environment.

    Attributes:
        ca: the authorities that the daemon's certificate has to come from, in PEM; None is the system's.
        certificate: what is shown to a daemon that wants a client's certificate, in PEM; None shows nothing.
        certificate_key: its private key, not encrypted; None is in the same file.
    """

    ca: Path | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None

    def options(self, environment: Mapping[str, str]) -> str:
        """What was given by option, for a command line that is told."""
        given = [(name, getattr(self, name)) for name in TLS_FILES]
        return "".join(
            f" {flag_of(name)} {shlex.quote(str(path))}"
            for name, path in given
            if path is not None and environment.get(variable_of(name)) != str(path)
        )


TLS_FILES = tuple(field.name for field in fields(TlsFiles))


def flag_of(name: str) -> str:
    """The option that names a file."""
    return f"--{name.replace('_', '-')}"


def variable_of(name: str) -> str:
    """The environment variable that names a file."""
    return f"BURGEE_{name.upper()}"
