"""gunicorn's settings where it tells the provider of its forks."""

from __future__ import annotations

from typing import Any

from openfeature import api


def post_fork(server: Any, worker: Any) -> None:
    """The worker has been forked."""
    provider = api.get_client().provider
    if hasattr(provider, "postfork"):
        provider.postfork()
