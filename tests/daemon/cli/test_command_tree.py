"""Every command of `burgee`: its help tells how it ends, and it prints JSON where it is asked to."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from burgeed.cli.command_line import burgee

SERVE_ALWAYS_IN_JSON = {"up", "serve"}
"""They print one line of JSON whenever they serve."""

WRITES_A_DOCUMENT = {"audit export", "bundle to-json"}
"""What they print is a document in a format of its own."""


def commands(command: click.Command = burgee, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every command that does something itself, by name, with its help."""
    context = click.Context(command, info_name=" ".join(("burgee", *path)))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None, name
            yield from commands(found, (*path, name))
    if path and not (isinstance(command, click.Group) and not command.invoke_without_command):
        yield " ".join(path), " ".join(command.get_help(context).split())


HELP = dict(commands())


def test_the_tree_is_walked_to_its_leaves() -> None:
    assert {"kill", "snapshot", "snapshot show", "audit running erase", "bundle sign"} <= HELP.keys()
    assert "audit" not in HELP


@pytest.mark.parametrize("name", HELP)
def test_its_help_tells_the_exit_codes(name: str) -> None:
    said = HELP[name]
    assert "Exit code" in said or "exit code 0" in said
    if " --socket " in said and name not in SERVE_ALWAYS_IN_JSON:
        assert re.search(r"\b3 (no daemon|(where|when) (no daemon|none) answers)", said), (
            "it may find no daemon"
        )


@pytest.mark.parametrize("name", sorted(HELP.keys() - SERVE_ALWAYS_IN_JSON - WRITES_A_DOCUMENT))
def test_it_prints_json_for_scripts(name: str) -> None:
    assert " --json " in HELP[name]
