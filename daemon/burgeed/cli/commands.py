"""The commands by name, each imported when it is asked for: a probe need not load the server."""

from __future__ import annotations

import click

NAMES = ("up", "serve", "check", "test", "eval", "explain", "snapshot", "health", "ready")
"""In the order in which they are listed."""


class Commands(click.Group):
    """The group of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See click.Group."""
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See click.Group."""
        match cmd_name:
            case "up" | "serve":
                from burgeed.cli import serving

                return serving.up if cmd_name == "up" else serving.serve
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
            case "snapshot":
                from burgeed.cli.snapshots import snapshot

                return snapshot
            case "health" | "ready":
                from burgeed.cli import probing

                return probing.health if cmd_name == "health" else probing.ready
        return None
