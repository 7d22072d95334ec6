"""A chart of horizontal bars, several panels beside each other, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH, COLUMNS = 1_080, 2
LABELS, FIGURES, GAP = 190, 56, 24
BAR, PITCH, HEADING, BOTTOM = 13, 19, 30, 16
OWN, OTHER = "#0b6e4f", "#9aa5b1"


class Panel(NamedTuple):
    """One question.

    Attributes:
        rows: who, and microseconds above 0.
    """

    heading: str
    rows: Sequence[tuple[str, float]]


def bars(title: str, panels: Sequence[Panel]) -> str:
    """Draw the panels; lengths are logarithms, from the decade beneath each panel's least figure on."""
    column = (WIDTH - GAP * (COLUMNS + 1)) / COLUMNS
    tallest = max(len(panel.rows) for panel in panels)
    height = HEADING + tallest * PITCH + BOTTOM
    lines = [_text(GAP, 26, title, size=15, weight="bold")]
    for number, panel in enumerate(panels):
        left = GAP + number % COLUMNS * (column + GAP)
        top = 44 + number // COLUMNS * height
        lines += _panel(panel, left, top, column)
    total = 44 + math.ceil(len(panels) / COLUMNS) * height
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" '
        f'font-family="system-ui, sans-serif" role="img" aria-label="{escape(title)}">'
    )
    background = f'<rect width="{WIDTH}" height="{total}" fill="#ffffff"/>'
    return "\n".join([head, background, *lines, "</svg>", ""])


def _panel(panel: Panel, left: float, top: float, width: float) -> list[str]:
    figures = [figure for _, figure in panel.rows]
    low = math.floor(math.log10(min(figures)))
    high = math.log10(max(figures))
    if high <= low:
        high = low + 1
    lines = [_text(left, top + 18, panel.heading, size=13, weight="bold")]
    start, longest = left + LABELS, width - LABELS - FIGURES
    for number, (name, figure) in enumerate(panel.rows):
        y = top + HEADING + number * PITCH
        length = max(1.0, (math.log10(figure) - low) / (high - low) * longest)
        color = OWN if name.startswith("Burgee") else OTHER
        lines += [
            _text(start - 6, y + BAR - 2, name, size=11, anchor="end"),
            f'<rect x="{start:.1f}" y="{y:.1f}" width="{length:.1f}" height="{BAR}" fill="{color}"/>',
            _text(start + length + 5, y + BAR - 2, f"{figure:,.3g}" if figure < 1_000 else f"{figure:,.0f}"),
        ]
    return lines


def _text(
    x: float, y: float, text: str, *, size: int = 11, weight: str = "normal", anchor: str = "start"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" '
        f'fill="#1f2933">{escape(text)}</text>'
    )
