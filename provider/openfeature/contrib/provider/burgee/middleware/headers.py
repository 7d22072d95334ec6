"""Attributes of the evaluation context, and the request headers that carry them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from openfeature.evaluation_context import EvaluationContext

from burgee.context import TARGETING_KEY

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class RepeatedHeader(ValueError):
    """A header that says who is asking came more than once."""


class HeaderNames:
    """Which header carries which attribute.

    Args:
        targeting_key: the header of the targeting key; None for none.
        attributes: names of attributes, each with its header; None for none.

    Raises:
        ValueError: no header is named at all, or one has a name that no header can have.
    """

    def __init__(self, targeting_key: str | None, attributes: Mapping[str, str | None]) -> None:
        named = {TARGETING_KEY: targeting_key, **attributes}
        self.by_attribute = {attribute: name for attribute, name in named.items() if name is not None}
        if not self.by_attribute:
            raise ValueError("name a header to take who is asking from, such as customer='X-Customer'")
        for attribute, name in self.by_attribute.items():
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise ValueError(f"{attribute}={name!r}: no header can have that name")

    def context(self, found: Iterable[tuple[str, bytes]]) -> EvaluationContext:
        """Return the context that headers say; an empty one says nothing.

        Args:
            found: attributes and the bytes that their headers hold, each as often as it came.

        Raises:
            RepeatedHeader: one came twice, as it does where a proxy adds its own to that of a browser.
        """
        values: dict[str, str] = {}
        for attribute, value in found:
            if attribute in values:
                raise RepeatedHeader(f"the header {self.by_attribute[attribute]} came more than once")
            values[attribute] = _text(value)
        targeting_key = values.pop(TARGETING_KEY, "")
        said = {attribute: text for attribute, text in values.items() if text}
        return EvaluationContext(targeting_key or None, said)


def _text(value: bytes) -> str:
    """A header's bytes as text: UTF-8, which most send today, else ISO 8859-1."""
    try:
        return value.decode().strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()
