"""Why the daemon could not start, or ended: one error for a person, whatever part it came from."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from burgeed.audit.errors import KeyUnusable
from burgeed.bundles.errors import BundlesUnusable
from burgeed.database.errors import DatabaseError
from burgeed.geography.database import DatabaseUnusable
from burgeed.reading.process import ReaderFailed
from burgeed.runtime.control_parts import ControlUnusable
from burgeed.server.sync_token import TokenUnusable
from burgeed.server.tls.files import CertificateUnusable
from burgeed.server.unix_socket import ListenError
from burgeed.sources.uri import SourceError
from burgeed.store.directory import DirectoryUnusable
from burgeed.tracking.file import EventFileUnusable

_log = logging.getLogger(__name__)


class SidecarFailed(Exception):
    """The daemon could not start, or a part of it broke; the text is for a person.

    Args:
        wrong_settings: whether the settings are to blame.
    """

    def __init__(self, message: str, *, wrong_settings: bool = False) -> None:
        super().__init__(message)
        self.wrong_settings = wrong_settings


_SETTINGS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (SourceError, "{}"),
    (ControlUnusable, "{}"),
    (BundlesUnusable, "{}"),
    (DatabaseUnusable, "--geoip: {}"),
    (EventFileUnusable, "--track: {}; name another file"),
    (TokenUnusable, "--sync-token-file: {}"),
    (CertificateUnusable, "--tls-certificate: {}"),
    (KeyUnusable, "the audit: {}"),
)
"""Whose fault the settings are, and how it is told."""

_MACHINE: Final[tuple[tuple[type[Exception], str], ...]] = (
    (DatabaseError, "--store: {}"),
    (DirectoryUnusable, "{}"),
    (ReaderFailed, "{}"),
    (ListenError, "{}"),
)


@contextmanager
def told_as_failures() -> Iterator[None]:
    """Raise SidecarFailed for what parts of the daemon raise in the block."""
    try:
        yield
    except BaseExceptionGroup as group:
        for leaf in _leaves(group):
            _log.critical("a part of the daemon broke", extra={"error": repr(leaf)})
        raise SidecarFailed("a part of the daemon broke; the log says which") from group
    except Exception as error:
        for kinds, wrong_settings in ((_SETTINGS, True), (_MACHINE, False)):
            for kind, text in kinds:
                if isinstance(error, kind):
                    raise SidecarFailed(text.format(error), wrong_settings=wrong_settings) from error
        raise


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves
