"""Faults as a command prints them: for a person, and as annotations of a pull request on GitHub."""

from __future__ import annotations

from typing import Any

import click

from burgeed.cli.presentation import print_line
from burgeed.runtime.logs import visible


def print_fault(fault: dict[str, Any], source: str) -> None:
    """One fault for a person: ``file:line:column: severity: message (at path)``, and the remedy beneath.

    Args:
        fault: as :func:`burgeed.store.status.fault_report` writes it.
        source: stands for the file where the fault names none.
    """
    at = f" (at {fault['path']})" if fault["path"] else ""
    print_line(
        (f"{place(fault, source)}: ", "strong"),
        (f"{fault['severity']}: ", fault["severity"]),
        fault["message"],
        (at, "quiet"),
    )
    if fault["remedy"]:
        print_line(f"    {fault['remedy']}")


def place(found: dict[str, Any], source: str) -> str:
    """``file:line:column``, or as much of it as is known."""
    position = [found.get("file") or source, found.get("line"), found.get("column")]
    return ":".join(str(part) for part in position if part is not None)


def print_annotation(fault: dict[str, Any], source: str) -> None:
    """One fault as a workflow command of GitHub Actions."""
    at = f" (at {fault['path']})" if fault["path"] else ""
    lines = [f"{fault['message']}{at}", fault["remedy"]]
    message = "\n".join(visible(line) for line in lines if line)
    properties = {
        "file": fault["file"] or source,
        "line": fault["line"],
        "col": fault["column"],
        "title": f"burgee {fault['check']}" if fault.get("check") else None,
    }
    stated = ",".join(
        f"{name}={_property(str(value))}" for name, value in properties.items() if value is not None
    )
    click.echo(f"::{fault['severity']} {stated}::{_data(message)}")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``no faults``, ``1 fault``, ``2 faults``."""
    return f"{number} {noun}" if number == 1 else f"{number or 'no'} {noun}s"
