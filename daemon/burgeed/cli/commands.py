"""The commands by name, each imported when it is asked for: a probe need not load the server."""

from __future__ import annotations

import difflib
import gc
from typing import Final

import click

NAMES = (
    "up", "serve", "check", "test", "eval", "explain", "diff", "snapshot", "health", "ready",
    "bundle", "flag", "override", "kill", "revive", "impact", "history", "rollback", "watch", "token",
    "audit",
)  # fmt: skip
"""In the order in which they are listed."""

_LONGEST: Final = 200
"""Characters of a sentence in a list of commands."""


class Group(click.Group):
    """A group that lists each of its commands with a whole sentence."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See click.Group, which cuts what is longer than the line."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, command.get_short_help_str(_LONGEST)) for name, command in commands if command]
            )


class Commands(Group):
    """The group of all commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See click.Group, which knows no names of commands that are not imported."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], NAMES, n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See click.Group."""
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See click.Group."""
        # Hundreds of modules at once: nothing of them is garbage, and looking costs a tenth of the start.
        gc.disable()
        try:
            return _imported(cmd_name)
        finally:
            gc.enable()


def _imported(name: str) -> click.Command | None:
    match name:
        case "up" | "serve":
            from burgeed.cli import serving

            return serving.up if name == "up" else serving.serve
        case "check":
            from burgeed.cli.checking import check

            return check
        case "test":
            from burgeed.cli.testing import test

            return test
        case "eval":
            from burgeed.cli.evaluating import evaluate_flag

            return evaluate_flag
        case "explain":
            from burgeed.cli.explaining import explain_flag

            return explain_flag
        case "diff":
            from burgeed.cli.diffing import diff

            return diff
        case "snapshot":
            from burgeed.cli.snapshots import snapshot

            return snapshot
        case "bundle":
            from burgeed.cli.bundle import bundle

            return bundle
        case "health" | "ready":
            from burgeed.cli import probing

            return probing.health if name == "health" else probing.ready
    return _of_control_plane(name)


def _of_control_plane(name: str) -> click.Command | None:
    """The commands that a running daemon's store is needed for."""
    match name:
        case "flag":
            from burgeed.cli.flags import flag

            return flag
        case "override":
            from burgeed.cli.overrides import override

            return override
        case "kill" | "revive":
            from burgeed.cli import kills

            return kills.kill if name == "kill" else kills.revive
        case "history" | "rollback":
            from burgeed.cli import history

            return history.history if name == "history" else history.rollback
        case "impact":
            from burgeed.cli.impacting import impact

            return impact
        case "watch":
            from burgeed.cli.watching import watch

            return watch
        case "token":
            from burgeed.cli.tokens import token

            return token
        case "audit":
            from burgeed.cli.audit import audit

            return audit
    return None
