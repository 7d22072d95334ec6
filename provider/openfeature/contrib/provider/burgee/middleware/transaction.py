"""OpenFeature's transaction context, exchanged for a request's and put back."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.transaction_context import ContextVarsTransactionContextPropagator

_logger = logging.getLogger("openfeature.contrib.provider.burgee.middleware")
_PROBE = EvaluationContext("probe")


def exchange(context: EvaluationContext) -> EvaluationContext:
    """Make this the transaction context and return the one before.

    Where the SDK keeps no transaction context, as is its default and again after ``api.shutdown()``, it is
    given the propagator that does, with a line in the log. Another propagator that keeps one is left alone.
    """
    before = api.get_transaction_context()
    api.set_transaction_context(context)
    if not _is_kept(context):
        api.set_transaction_context_propagator(ContextVarsTransactionContextPropagator())
        api.set_transaction_context(context)
        _logger.info(
            "OpenFeature kept no transaction context: ContextVarsTransactionContextPropagator is set"
        )
    return before


def _is_kept(context: EvaluationContext) -> bool:
    kept = api.get_transaction_context()
    if kept is context or kept.targeting_key or kept.attributes:
        return True
    if context.targeting_key or context.attributes:
        return False
    # An empty context looks the same whether it was kept or dropped.
    api.set_transaction_context(_PROBE)
    is_kept = api.get_transaction_context().targeting_key is not None
    api.set_transaction_context(context)
    return is_kept


def checked(answer: EvaluationContext | None) -> EvaluationContext:
    """Return what the application's function answered, None as a context that says nothing.

    Raises:
        TypeError: it is no context. The SDK would merge it into each evaluation, and raise there.
    """
    if answer is None:
        return EvaluationContext()
    if not isinstance(answer, EvaluationContext) or not isinstance(answer.attributes, Mapping):
        raise TypeError(f"an EvaluationContext with a mapping of attributes is wanted, not {answer!r:.200}")
    return answer


def unknown(path: object, error: Exception) -> EvaluationContext:
    """Say in one line why nobody knows who is asking, and return a context that says nothing."""
    _logger.warning("the request for %s has no context: %s: %s", path, type(error).__name__, error)
    _logger.debug("that came from", exc_info=error)
    return EvaluationContext()
