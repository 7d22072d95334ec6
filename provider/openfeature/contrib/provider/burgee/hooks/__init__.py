"""OpenFeature hooks that tell OpenTelemetry what was evaluated; they need ``pip install burgee[otel]``.

    api.add_hooks([EvaluationEventHook(), MetricsHook()])

They work with any provider, and know what Burgee says in its flag metadata.
"""

from __future__ import annotations

try:
    from .evaluation_event import EvaluationEventHook
    from .metrics import MetricsHook
except ImportError as error:
    if (error.name or "").partition(".")[0] != "opentelemetry":
        raise
    raise ImportError(
        f"the hooks need OpenTelemetry's API ({error}): pip install 'burgee[otel]'", name=error.name
    ) from error

__all__ = ["EvaluationEventHook", "MetricsHook"]
