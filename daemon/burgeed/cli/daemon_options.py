"""Options of the daemon that commands take too which read sources themselves, so that they answer alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from burgee.bucket import FractionalVersion
from burgeed.cli.session import Session
from burgeed.geography.database import DatabaseUnusable
from burgeed.geography.enrichment import Enrichment
from burgeed.geography.following import FollowedDatabase
from burgeed.settings.errors import UnfitValue
from burgeed.settings.options import NAMES

Function = TypeVar("Function", bound=Callable[..., Any])


def daemon_option(name: str, condition: str = "") -> Callable[[Function], Function]:
    """Give a command one option of the daemon; it receives the text, None where it is not given.

    Args:
        condition: put before the explanation, such as ``With --source: ``.
    """
    option = NAMES[name]
    explanation = f"{condition}{option.explanation} [{option.variable}]"
    return click.option(option.flag, name, metavar=option.metavar, help=explanation)


def read_fractional(text: str | None, session: Session) -> FractionalVersion:
    """The generation of ``fractional`` that the option, else the environment states, else the second."""
    return 3 if _value("fractional", text, session) == 3 else 2


def read_countries(text: str | None, session: Session) -> Enrichment | None:
    """What tells countries, by the database that the option, else the environment names; None without one."""
    path = _value("geoip", text, session)
    if not isinstance(path, Path):
        return None
    database = FollowedDatabase(path, session.clock)
    try:
        asyncio.run(database.open())
    except DatabaseUnusable as error:
        raise click.BadParameter(str(error), param_hint=NAMES["geoip"].flag) from error
    return Enrichment(database, {})


def _value(name: str, text: str | None, session: Session) -> object:
    option = NAMES[name]
    text = text or session.environment.get(option.variable)
    if not text:
        return None
    try:
        return option.read(text)
    except UnfitValue as unfit:
        raise click.BadParameter(f"{unfit.message}; {unfit.remedy}", param_hint=option.flag) from unfit
