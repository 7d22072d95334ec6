"""The command line that all benchmarks have, and what they print: tables for a person, JSON for a program."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from harness import machine

FEWEST_ROUNDS = 5
"""With fewer, an interval says little, and a word of warning is printed."""


class Options(NamedTuple):
    """What every benchmark is told.

    Attributes:
        rounds: how many.
        json: where to write the figures too.
        quick: do hardly anything, only to see that it runs.
        beside: another tree whose daemon is measured in the same rounds; None where there is none.
    """

    rounds: int
    json: Path | None
    quick: bool
    beside: Path | None = None


def options(description: str | None, *, rounds: int = 9, beside: bool = False) -> Options:
    """Read the command line; SIGTERM ends the benchmark as Ctrl-C does, its servers with it.

    Args:
        rounds: how many where none are asked for.
        beside: whether another tree can be named.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds, help="how many rounds (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    parser.add_argument(
        "--quick", action="store_true", help="hardly any work a round: only shows that it runs"
    )
    if beside:
        parser.add_argument("--beside", type=Path, metavar="TREE", help="measure the daemon of TREE as well")
    given = parser.parse_args()
    if given.rounds < 1:
        parser.error("--rounds has to be at least 1")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return Options(given.rounds, given.json, given.quick, given.beside if beside else None)


class Report:
    """Collects what is printed, so that it can also be written as JSON.

    Args:
        title: of the benchmark.
        options: as told.
    """

    def __init__(self, title: str, options: Options) -> None:
        self._options = options
        self._content: dict[str, Any] = {
            "benchmark": title,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine.description(),
            "rounds": options.rounds,
            "quick": options.quick,
            "tables": [],
            "figures": {},
        }
        print(f"{title}\n{self._content['machine']}\n{options.rounds} rounds; {machine.load()}")
        if options.rounds < FEWEST_ROUNDS or options.quick:
            print(f"(too little for a judgement: take {FEWEST_ROUNDS} rounds or more, without --quick)")

    def table(self, heading: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table; the first column is text, the others are aligned to the right."""
        cells = [[str(cell) for cell in row] for row in (columns, *rows)]
        widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
        lines = ["| " + " | ".join(_padded(row, widths)) + " |" for row in cells]
        rule = "|" + "|".join(
            ("-" * (width + 1) + ("-" if index == 0 else ":")) for index, width in enumerate(widths)
        )
        print("\n".join(["", f"{heading}:" if heading else "", lines[0], rule + "|", *lines[1:]]))
        self._content["tables"].append({"heading": heading, "columns": list(columns), "rows": cells[1:]})

    def note(self, text: str) -> None:
        """Print a sentence beneath a table."""
        print(f"\n{text}")

    def figures(self, name: str, figures: object) -> None:
        """Keep raw figures for the JSON."""
        self._content["figures"][name] = figures

    def finish(self) -> None:
        """Write the JSON where it is wanted."""
        self._content["load afterwards"] = machine.load()
        if self._options.json is not None:
            self._options.json.write_text(json.dumps(self._content, indent=1) + "\n", encoding="utf-8")


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.ljust(width) if index == 0 else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
