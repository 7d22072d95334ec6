"""Puts what the benchmark measured into the documentation: ``python -m engines.publish FIGURES DOCS``.

FIGURES is what ``engines.py --json`` wrote. DOCS/engines.md keeps its words, and gets the tables between its
two markers; DOCS/engines.svg is made anew.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engines.chart import Panel, bars
from engines.workloads import WORKLOADS

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def tables(content: Mapping[str, Any]) -> str:
    """Every table, in Markdown."""
    lines = [f"{content['date']}: {content['machine']}; {content['rounds']} rounds."]
    for table in content["tables"]:
        lines += ["", f"### {table['heading']}", ""]
        alignment = ["---", *("---:" for _ in table["columns"][1:])]
        lines += [_row(each) for each in (table["columns"], alignment, *table["rows"])]
    control = content["figures"]["control"]
    return "\n".join([*lines, "", f"Control, the same over the same: {control}.", ""])


def chart(content: Mapping[str, Any]) -> str:
    """The native calls as bars."""
    measured = content["figures"]["median microseconds of each round"]
    panels = [
        Panel(
            f"{workload.name} {workload.says}",
            [
                (name, statistics.median(measured[f"{workload.name} {name}"]))
                for name in content["figures"]["engines"]
            ],
        )
        for workload in WORKLOADS
    ]
    return bars("Microseconds of one native call (W7: of 200 flags), logarithmic; shorter is faster", panels)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main(figures: Path, docs: Path) -> None:
    """Write both."""
    content = json.loads(figures.read_text(encoding="utf-8"))
    page = docs / "engines.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{tables(content)}\n{END}{after}", encoding="utf-8")
    (docs / "engines.svg").write_text(chart(content), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
