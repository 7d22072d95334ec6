"""Middleware for WSGI applications, such as those of Flask and Django: no framework is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from openfeature import api
from openfeature.evaluation_context import EvaluationContext

from .headers import HeaderNames
from .transaction import checked, exchange, unknown

ContextOf: TypeAlias = Callable[[WSGIEnvironment], "EvaluationContext | None"]


class BurgeeMiddleware:
    """Makes who is asking known to every evaluation made while a request is served.

    ``application.wsgi_app = BurgeeMiddleware(application.wsgi_app, context=...)`` for Flask,
    ``application = BurgeeMiddleware(get_wsgi_application(), context=...)`` for Django.

    Args:
        app: the application.
        context: given the request's environ (PEP 3333), answers who is asking; None for nobody. Where it
            raises, the request is served without a context, and the logger
            ``openfeature.contrib.provider.burgee.middleware`` says so in one line.

    Exactly that context is OpenFeature's transaction context whenever the application works on the request:
    when it is called, while its answer is iterated and when that is closed. In between, and afterwards, it is
    what it was before, so that answers may be streamed in turns by one thread, or by another thread.
    """

    def __init__(self, app: WSGIApplication, context: ContextOf) -> None:
        self._app = app
        self._context_of = context

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        try:
            context = checked(self._context_of(environ))
        except Exception as error:
            context = unknown(environ.get("PATH_INFO"), error)
        work = _Work(context)
        with work:
            body = self._app(environ, start_response)
        # Nothing of the application runs for these, and servers treat them better than others.
        file_wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(body, list | tuple) or (
            isinstance(file_wrapper, type) and isinstance(body, file_wrapper)
        ):
            return body
        return _Body(body, work)


class _Work:
    """One request's context, in force while the application works on the request."""

    __slots__ = ("_before", "_context")

    def __init__(self, context: EvaluationContext) -> None:
        self._context = context
        self._before = context

    def __enter__(self) -> None:
        self._before = exchange(self._context)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The application may have set another one, such as after a login.
        self._context = api.get_transaction_context()
        api.set_transaction_context(self._before)


class _Body:
    """An answer, each piece of which is made in the request's context."""

    __slots__ = ("_body", "_iterator", "_work")

    def __init__(self, body: Iterable[bytes], work: _Work) -> None:
        self._body = body
        self._work = work
        self._iterator: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._work:
            if self._iterator is None:
                self._iterator = iter(self._body)
            return next(self._iterator)

    def close(self) -> None:
        """Close the application's answer; servers call it once, whatever happened."""
        close: Callable[[], Any] | None = getattr(self._body, "close", None)
        if close is not None:
            with self._work:
                close()


def from_headers(
    *,
    targeting_key: str | None = None,
    customer: str | None = None,
    organization: str | None = None,
    **attributes: str | None,
) -> Callable[[WSGIEnvironment], EvaluationContext]:
    """Return a function for ``context=`` that takes who is asking from request headers.

    WARNING: whoever can set these headers chooses whose flags to see. Use this only behind a proxy that
    drops them from every request it receives and sets them itself, and where nobody gets past that proxy.
    It has to drop the spelling with underscores too (``X_Customer``): WSGI cannot tell them apart.

    Args:
        targeting_key: the name of the header that holds the targeting key.
        customer: the same for the attribute ``customer``.
        organization: the same for the attribute ``organization``.
        attributes: further attributes, each with its header.

    Raises:
        ValueError: no header is named, or one has a name that no header can have.

    A header that is missing or empty says nothing. One that comes more than once is one text with a comma to
    WSGI, and so nobody's name.
    """
    names = HeaderNames(targeting_key, {"customer": customer, "organization": organization, **attributes})
    keys = [
        (attribute, f"HTTP_{name.upper().replace('-', '_')}")
        for attribute, name in names.by_attribute.items()
    ]

    def found(environ: WSGIEnvironment) -> Iterator[tuple[str, bytes]]:
        for attribute, key in keys:
            value = environ.get(key)
            if value:
                # PEP 3333: a header's bytes, each as the character of that number.
                yield attribute, value.encode("latin-1")

    return lambda environ: names.context(found(environ))
