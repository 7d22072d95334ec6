"""Contexts with the country that their address lies in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from burgee.context import Context
from burgeed.geography.attributes import COUNTRY, IP


class Countries(Protocol):
    """Knows which country an address lies in."""

    def country_of(self, text: object) -> str | None:
        """The country's ISO 3166-1 alpha-2 code; None where it is not known."""
        ...

    def report(self) -> dict[str, Any]:
        """How it stands, as JSON has it."""
        ...


class Enrichment:
    """Adds ``country`` to contexts that have none of their own; null counts as none.

    Args:
        countries: tells the country.
        fixed: the attributes that the daemon sets for all requests; they beat the request's and, where
            ``country`` is among them, the database too.
    """

    def __init__(self, countries: Countries, fixed: Mapping[str, str | int | float | bool]) -> None:
        self._countries = countries
        self._fixed = fixed

    def country_for(self, context: Context) -> str | None:
        """The country that :meth:`enriched` adds to this context; None where it adds none."""
        if context.get(COUNTRY) is not None or COUNTRY in self._fixed:
            return None
        return self._countries.country_of(self._fixed.get(IP, context.get(IP)))

    def enriched(self, context: Context) -> Context:
        """The context with its country, or the very same where nothing is known to add."""
        country = self.country_for(context)
        return context if country is None else {**context, COUNTRY: country}

    def report(self) -> dict[str, Any]:
        """How the database stands, as JSON has it."""
        return self._countries.report()
