"""Why a signed definition is not taken, and why none can be.

BundleRefused      what is there may not be served: with every fault
BundleUnsignable   what is there cannot be signed
BundlesUnusable    the settings, a pinned key or the record of what was accepted cannot be used
"""

from __future__ import annotations

from burgee.fault import Fault


class BundleRefused(Exception):
    """A source's content may not be served.

    Attributes:
        faults: at least one, each with its place and a remedy.
    """

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


class BundleUnsignable(Exception):
    """There is nothing that could be signed; the text says why, and what to do."""


class BundlesUnusable(Exception):
    """No signed definition can be taken as the settings stand; the text says why, and what to do."""
