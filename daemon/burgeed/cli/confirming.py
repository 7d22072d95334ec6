"""Asking whether somebody means it, before what hits everyone or cannot be taken back."""

from __future__ import annotations

import sys

import click


def confirm(question: str, *, confirmed: bool) -> None:
    """Ask on a terminal; elsewhere --yes has to say so.

    Args:
        question: with its question mark.
        confirmed: whether it was said already: nothing is asked then.

    Raises:
        click.Abort: the answer is no.
        click.UsageError: nobody can be asked.
    """
    if confirmed:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} --yes says so where nobody can be asked")
    click.confirm(question, abort=True, err=True)
