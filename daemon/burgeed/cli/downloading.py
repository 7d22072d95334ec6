"""An answer of a daemon that may be longer than memory: taken piece by piece, and known to be whole."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

from burgeed.cli.daemon import (
    LARGEST_BODY,
    Answer,
    Silent,
    TlsAddress,
    connect_first,
    shown,
    told,
)
from burgeed.cli.tls import explained
from burgeed.cli.tls_files import TlsFiles
from burgeed.settings.model import Address

SILENCE: Final = 60.0
"""Seconds without a byte after which a daemon is given up: it may look through many entries for the next."""

_READ_AT_ONCE: Final = 65_536


class DownloadRefused(Exception):
    """The daemon answered with something else than 200."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"HTTP {answer.status}")
        self.answer = answer


def download(
    addresses: Sequence[Path | Address],
    path: str,
    *,
    headers: Mapping[str, str],
    tls: TlsFiles,
    deadline: float,
    monotonic: Callable[[], float],
    silence: float = SILENCE,
) -> Iterator[bytes]:
    """The body of the answer to a GET, in pieces of up to 64 KiB.

    Args:
        path: with its query.
        tls: for an address with https.
        deadline: seconds for a connection.
        silence: seconds for each further piece, the head of the answer being one.
        monotonic: seconds from any start.

    Raises:
        Unreachable: nothing accepted.
        Silent: it broke off; what came is not the whole.
        DownloadRefused: the daemon answered with something else than 200.
    """
    connection, address = connect_first(addresses, monotonic() + deadline, monotonic, tls)
    talking = explained(address.host, tls) if isinstance(address, TlsAddress) else nullcontext()
    # With the answer's head, the connection lets go of its socket.
    plug: Any = connection.sock
    started = False
    try:
        with talking:
            plug.until = monotonic() + max(deadline, silence)
            connection.request("GET", path, headers=dict(headers))
            with connection.getresponse() as response:
                if response.status != 200:
                    raise DownloadRefused(Answer(response.status, response.read(LARGEST_BODY)))
                while piece := response.read1(_READ_AT_ONCE):
                    started = True
                    yield piece
                    plug.until = monotonic() + silence
    except (OSError, http.client.HTTPException) as error:
        what = "broke off: what came is not the whole" if started else "gave no answer"
        raise Silent(f"the daemon at {shown(address)} {what}: {told(error)}") from error
    finally:
        connection.close()
