"""The provider that clients see while flags are overridden: overrides, and beneath them the one they had."""

from __future__ import annotations

from typing import Any

from openfeature.contrib.provider.burgee.typed_methods import TypedMethods
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.hook import Hook
from openfeature.provider import FeatureProvider, Metadata, ProviderStatus
from openfeature.track import TrackingEventDetails

from burgee.value import FlagType

from .answers import METADATA, answer
from .overrides import Overrides

_UNUSABLE = {
    ProviderStatus.NOT_READY: ErrorCode.PROVIDER_NOT_READY,
    ProviderStatus.FATAL: ErrorCode.PROVIDER_FATAL,
}


class Overlay(TypedMethods):
    """Answers from overrides, the innermost first; all else, name and hooks too, is the provider's beneath.

    Args:
        beneath: the provider that is set.
        status: its status, in which the SDK may not ask it.
        layers: the overrides that hold for the client, the outermost first.

    It equals the provider beneath, so that a client's event handlers go on hearing that one.
    """

    def __init__(
        self, beneath: FeatureProvider, status: ProviderStatus, layers: tuple[Overrides, ...]
    ) -> None:
        super().__init__()
        self._beneath = beneath
        self._status = status
        self._layers = layers

    def __eq__(self, other: object) -> bool:
        return other is self or other is self._beneath

    def __hash__(self) -> int:
        return hash(self._beneath)

    def get_metadata(self) -> Metadata:
        """The metadata of the provider beneath."""
        return self._beneath.get_metadata()

    def get_provider_hooks(self) -> list[Hook]:
        """The hooks of the provider beneath."""
        return self._beneath.get_provider_hooks()

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """Leave it to the provider beneath."""
        self._beneath.track(tracking_event_name, evaluation_context, tracking_event_details)

    def _resolve(
        self, flag_type: FlagType, flag_key: str, default_value: Any, context: EvaluationContext | None
    ) -> FlagResolutionDetails[Any]:
        details = self._answer(flag_type, flag_key, default_value, context)
        if details is None:
            ask = getattr(self._beneath, f"resolve_{flag_type}_details")
            details = ask(flag_key=flag_key, default_value=default_value, evaluation_context=context)
        return details

    async def _resolve_async(
        self, flag_type: FlagType, flag_key: str, default_value: Any, context: EvaluationContext | None
    ) -> FlagResolutionDetails[Any]:
        details = self._answer(flag_type, flag_key, default_value, context)
        if details is None:
            ask = getattr(self._beneath, f"resolve_{flag_type}_details_async")
            details = await ask(flag_key=flag_key, default_value=default_value, evaluation_context=context)
        return details

    def _answer(
        self, flag_type: FlagType, flag_key: str, default_value: Any, context: EvaluationContext | None
    ) -> FlagResolutionDetails[Any] | None:
        """The overrides' answer, or an error instead; None where the provider beneath is to be asked."""
        for layer in self._layers:
            layer.count(flag_key)
        for layer in reversed(self._layers):
            override = layer.get(flag_key)
            if override is not None:
                return answer(flag_key, override, flag_type, default_value, context or EvaluationContext())
        strict = [layer for layer in self._layers if layer.strict]
        for layer in strict:
            layer.refuse(flag_key)
        if strict:
            return _error(default_value, ErrorCode.FLAG_NOT_FOUND, f"{flag_key!r} is not overridden")
        if code := _UNUSABLE.get(self._status):
            return _error(default_value, code, f"the provider beneath the overrides is {self._status.value}")
        return None


def _error(default_value: Any, code: ErrorCode, message: str) -> FlagResolutionDetails[Any]:
    return FlagResolutionDetails(
        value=default_value,
        error_code=code,
        error_message=message,
        reason=Reason.ERROR,
        flag_metadata=dict(METADATA),
    )
