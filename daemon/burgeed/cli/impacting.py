"""`burgee impact`: who would be answered otherwise by a running daemon, before anything is changed."""

from __future__ import annotations

from typing import Any, BinaryIO

import click

from burgeed.cli.admin import Admin, admin, flag_set_option
from burgeed.cli.contexts import contexts_option, read_contexts
from burgeed.cli.documents import read_file
from burgeed.cli.impact_output import markdown, print_impact
from burgeed.cli.presentation import print_json
from burgeed.cli.session import ExitCode


@click.command("impact")
@contexts_option
@click.option("--recorded", is_flag=True, help="The sample that the daemon recorded (--record-contexts).")
@click.option(
    "--overlay",
    type=click.File("rb"),
    metavar="FILE",
    help="A definition as JSON that would lie on top: flags, overrides, kill. - is standard input.",
)
@click.option(
    "--to", "revision", type=click.IntRange(0), metavar="REVISION", help="Rolling everything back to it."
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown, for a pull request.")
@flag_set_option
@admin
def impact(
    asked: Admin,
    /,
    contexts: BinaryIO | None,
    recorded: bool,
    overlay: BinaryIO | None,
    revision: int | None,
    as_markdown: bool,
    flag_set: str | None,
) -> ExitCode:
    """Tell which contexts of a sample would be answered otherwise: by an overlay, or by a rollback.

    Exit code 0 where none would, 1 where one would or the daemon refuses, 2 for wrong usage, 3 where no
    daemon answers.
    """
    if (contexts is None) != recorded:
        raise click.UsageError("give a sample: --contexts FILE, or --recorded")
    if (overlay is None) == (revision is None):
        raise click.UsageError("give what would change: --overlay FILE, or --to REVISION")
    if asked.as_json and as_markdown:
        raise click.UsageError("--json and --markdown both say how to print: give one")
    message: dict[str, Any] = {"contexts": "recorded" if contexts is None else read_contexts(contexts)}
    if overlay is not None:
        message["overlay"] = read_file(overlay, "--overlay")
    else:
        message["revision"] = revision
    found = asked.ask("POST", "/impact", message, query={"flag_set": flag_set})
    if asked.as_json:
        print_json(found)
    elif as_markdown:
        click.echo(markdown(found), nl=False)
    else:
        print_impact(found)
    return ExitCode.NO if found["affected"] else ExitCode.OK
