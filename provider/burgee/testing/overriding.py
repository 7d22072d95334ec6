"""Overriding flags for a while: a context manager, and a decorator."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from .active import activate, deactivate
from .answers import Override
from .overrides import Overrides

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class override_flags:
    """Override flags in a ``with`` or ``async with`` block, or in a function, async or not, it decorates.

    Args:
        flags: by flag key, what it answers: a value; ``FlagResolutionDetails``, for a variant, a reason or an
            error of its own; or a function of the evaluation context that returns either. What it raises
            makes an error of the evaluation.
        strict: whether evaluating a flag that no override names is an error: its caller gets the default
            value, and at the end UnknownFlagError fails the test.
        domain: for clients of this domain only. None is for all clients of the default provider, those of
            domains that have no provider of their own included.

    Raises:
        TypeError: a key is no text, or a value is none that a flag can serve.

    The block gets :class:`Overrides`. Overrides hold for every thread and task of the process, nested ones
    over those around them, and never longer than the block, whatever happens in it. Other flags are answered
    by the provider that is set: with none, by the caller's default value. A value is answered as each type
    that it fits without loss; as any other, the answer is TYPE_MISMATCH.
    """

    def __init__(
        self,
        flags: Mapping[str, Override] | None = None,
        /,
        *,
        strict: bool = False,
        domain: str | None = None,
    ) -> None:
        self._flags = dict(flags or {})
        self._strict = strict
        self._domain = domain
        self._entered: list[Overrides] = []
        # A fault is told where it was written, before anything runs.
        self._made()

    def __enter__(self) -> Overrides:
        overrides = self._made()
        self._entered.append(overrides)
        activate(overrides)
        return overrides

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        overrides = self._entered.pop()
        deactivate(overrides)
        if error is None:
            overrides.check()
        elif overrides.unknown:
            error.add_note(f"flags that were evaluated although they are not overridden: {overrides.unknown}")

    async def __aenter__(self) -> Overrides:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
        """Return the function with flags overridden in each of its calls.

        Raises:
            TypeError: it is a class, or a generator, whose code does not run when it is called.
        """
        if (
            inspect.isclass(function)
            or inspect.isgeneratorfunction(function)
            or inspect.isasyncgenfunction(function)
        ):
            raise TypeError(
                f"override_flags decorates a function, and {function.__name__} is a class or a generator: "
                "write `with override_flags(...):` inside of it"
            )
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*arguments: Any, **named: Any) -> Any:
                with self._again():
                    return await function(*arguments, **named)

            return awaited  # type: ignore[return-value]

        @wraps(function)
        def called(*arguments: _Parameters.args, **named: _Parameters.kwargs) -> _Result:
            with self._again():
                return function(*arguments, **named)

        return called

    def _again(self) -> override_flags:
        """The same for one call, as calls may be under way at once."""
        return override_flags(self._flags, strict=self._strict, domain=self._domain)

    def _made(self) -> Overrides:
        return Overrides(self._flags, domain=self._domain, strict=self._strict)
