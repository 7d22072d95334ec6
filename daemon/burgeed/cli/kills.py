"""`burgee kill` and `burgee revive`: one answer for everyone, at once."""

from __future__ import annotations

import click

from burgeed.cli.admin import segment
from burgeed.cli.session import ENDS_WRITING, ExitCode
from burgeed.cli.writing import Writing, undo_flag, writing


@click.command("kill", epilog=ENDS_WRITING)
@click.argument("flag")
@click.argument("variant", required=False)
@click.option("--code-default", is_flag=True, help="Serve what the code has as its default.")
@click.option("--note", metavar="TEXT", help="Kept with it.")
@writing
def kill(how: Writing, /, flag: str, variant: str | None, code_default: bool, note: str | None) -> ExitCode:
    """Serve everyone one VARIANT of FLAG, above every level, or the code's own default.

    Asks first, since it hits everyone; --yes where nobody can be asked.
    """
    if (variant is None) != code_default:
        raise click.UsageError("give a VARIANT, or --code-default")
    what = "the code's default" if variant is None else variant
    how.confirm(f"Serve {what} of {flag} to everyone?")
    message: dict[str, object] = {"code_default": True} if variant is None else {"variant": variant}
    if note is not None:
        message["note"] = note
    return how.send("POST", f"/flags/{segment(flag)}/kill", message, undo=undo_flag(flag))


@click.command("revive", epilog=ENDS_WRITING)
@click.argument("flag")
@writing
def revive(how: Writing, /, flag: str) -> ExitCode:
    """Take the kill of FLAG back, a file's too."""
    return how.send("POST", f"/flags/{segment(flag)}/revive", {}, undo=undo_flag(flag))
