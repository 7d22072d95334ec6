"""What goes wrong between two ends of TLS, as an error of connections."""

from __future__ import annotations

import errno


class TlsFailure(ConnectionError):
    """TLS was not agreed on, or was broken; ``strerror`` says why, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(errno.EPROTO, message)
