"""The overrides that hold now, and where the SDK looks its providers up.

Overrides are put over that look-up and not set as a provider. Setting one would shut down the provider before
and initialize it again afterwards, and an application that sets its own while the test runs would end them.
"""

from __future__ import annotations

import threading
from typing import Any

from openfeature.provider import FeatureProvider, ProviderStatus
from openfeature.provider._registry import ProviderRegistry, provider_registry

from .overlay import Overlay
from .overrides import Overrides

_lock = threading.Lock()
_active: tuple[Overrides, ...] = ()
_found: dict[str, Any] = {}
"""What the registry held of its own under the names that are covered: nothing, if nobody else covers them."""


def activate(overrides: Overrides) -> None:
    """Let overrides hold for every thread and task of this process."""
    global _active
    with _lock:
        if not _active:
            _cover()
        _active = (*_active, overrides)


def deactivate(overrides: Overrides) -> None:
    """Let them no longer hold; others may go on, whichever began first."""
    global _active
    with _lock:
        _active = tuple(other for other in _active if other is not overrides)
        if not _active:
            _uncover()


def _provider_of(domain: str | None) -> FeatureProvider:
    """What clients of a domain see."""
    beneath = ProviderRegistry.get_provider(provider_registry, domain)
    is_default = beneath is provider_registry.get_default_provider()
    layers = tuple(
        overrides
        for overrides in _active
        if overrides.domain == domain or (overrides.domain is None and is_default)
    )
    if not layers:
        return beneath
    return Overlay(beneath, ProviderRegistry.get_provider_status(provider_registry, beneath), layers)


def _status_of(provider: FeatureProvider) -> ProviderStatus:
    """READY for what overrides can answer, whatever is beneath."""
    if isinstance(provider, Overlay):
        return ProviderStatus.READY
    return ProviderRegistry.get_provider_status(provider_registry, provider)


_COVERS = {"get_provider": _provider_of, "get_provider_status": _status_of}


def _cover() -> None:
    own = vars(provider_registry)
    _found.update((name, own[name]) for name in _COVERS if name in own)
    own.update(_COVERS)


def _uncover() -> None:
    own = vars(provider_registry)
    for name in _COVERS:
        own.pop(name, None)
    own.update(_found)
    _found.clear()
