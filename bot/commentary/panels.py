"""One panel of a chart, whichever its kind: the room it needs, its head with a legend, and what it shows.

The numbers of a panel are written in its unit, on axes and beside bars without the country of a currency:
the head names it, and it would leave no room for the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.ticker import MaxNLocator

from bot.commentary import boards, rings
from bot.commentary.languages import paired, translator
from bot.commentary.layout import (
    GRID,
    HEAD,
    HEIGHT,
    INNER,
    LABEL,
    LEFT,
    LINE,
    RIGHT,
    SMALL,
    TOP,
    WIDTH,
    Amount,
    Need,
    Say,
    one_line,
    share_out,
    sheet,
)
from bot.commentary.lettering import drawable, length, wrap
from bot.commentary.marks import MARKERS, draw_series, numbers
from bot.commentary.numbers import compact, format_value, percent
from bot.commentary.phrases import NOT_KNOWN
from indicators import Panel

#: the colour sample beside a label, with its spaces
KEY = 3 * SMALL
#: between the title, the legend and what it belongs to
SPACE = 18
#: a panel with series is not lower than this; the first on a chart is higher than the others
LEAST, FIRST = 70, 1.5
#: from here on no language has short words for a number
WORDLESS = 1e15
#: steps of a scale are this many pixels apart
STEP = 1.3 * SMALL
#: a board that makes room for others keeps this many rows
FEWEST = 2


class ChartError(Exception):
    """There is nothing to draw, or no room for it; the text goes out alone."""


@dataclass(frozen=True)
class Head:
    """What stands above a panel: lines of its name with its unit, and in `rows` rows what colours mean."""

    title: Sequence[str]
    labels: Sequence[str]
    rows: int

    @property
    def height(self) -> float:
        """In pixels, with the space to the panel."""
        return HEAD * LINE * len(self.title) + SMALL * LINE * self.rows + SPACE


def over_days(panel: Panel) -> bool:
    """Whether the panel has a date axis."""
    return not (panel.rings or panel.rows)


def head(panel: Panel, language: str, say: Say, left_out: int = 0) -> Head:
    """The panel's head: labels of lines with their newest value, of markers with their count.

    Of bars none is named: beside them the last would pass for their sum.
    A board of which rows were `left_out` says which of how many it shows.
    """
    amount = amounts(panel.unit, language)
    labels = [say(key) for _, key in boards.sides(panel)]
    for series in panel.series:
        values, label = numbers(series.values), say(series.label)
        if series.kind in ("line", "step"):
            newest = amount(values[-1]) if np.isfinite(values[-1]) else say(NOT_KNOWN)
            label = paired(label, newest, translator(language))
        elif series.kind in MARKERS:
            label = f"{label} ({np.isfinite(values).sum()})"
        labels.append(label)
    labels = [one_line(label, SMALL, INNER - KEY) for label in labels]
    in_a_row = sum(length(label, SMALL) + KEY for label in labels) <= INNER
    title = say(panel.title) + (f" ({say(panel.unit)})" if panel.unit else "")
    if left_out:
        title += f" · 1–{len(panel.rows)} / {len(panel.rows) + left_out}"
    lines, _ = wrap(drawable(title, 2 * LABEL), HEAD, INNER, 2)
    return Head(lines, labels, min(1, len(labels)) if in_a_row else len(labels))


def amounts(unit: str, language: str) -> Amount:
    """How numbers of this unit are written."""

    def amount(value: float) -> str:
        if abs(value) >= WORDLESS:
            return f"{value:.2e}".replace("-", "−")
        if unit.startswith("USD"):
            text = format_value(value, "usd", language)
        elif unit in ("×", "x"):
            text = format_value(value, "x", language)
        else:
            text = (percent if unit == "%" else compact)(value, language)
        return text.replace("-", "−")

    return amount


def fit(panels: Sequence[Panel], room: float) -> tuple[list[Panel], list[float]]:
    """The panels and their heights within `room`, the longest boards without their last rows if need be.

    Raises ChartError where even so they do not fit.
    """
    panels = list(panels)
    while sum(need.least for need in _needs(panels)) > room:
        longest = max(range(len(panels)), key=lambda place: len(panels[place].rows))
        if len(panels[longest].rows) <= FEWEST:
            raise ChartError("the panels do not fit on one picture")
        panels[longest] = replace(panels[longest], rows=panels[longest].rows[:-1])
    return panels, share_out(_needs(panels), room)


def _needs(panels: Sequence[Panel]) -> list[Need]:
    return [
        rings.need(panel) if panel.rings
        else boards.need(panel) if panel.rows
        else Need(LEAST, HEIGHT, 1 if place else FIRST)
        for place, panel in enumerate(panels)
    ]  # fmt: skip


def draw_panel(
    figure: Figure, panel: Panel, head: Head, place: tuple[float, float], language: str, say: Say, days: Any
) -> Axes:
    """Draw the panel and its head at `place`, its lower end and its height in pixels; returns its axes.

    `days` are the axes whose days it shares, or None.
    """
    bottom, height = place
    amount = amounts(panel.unit, language)

    def brief(value: float) -> str:
        return amount(value).replace("US$", "$")

    if over_days(panel):
        corner = (LEFT / WIDTH, bottom / HEIGHT, (WIDTH - LEFT - RIGHT) / WIDTH, height / HEIGHT)
        axes = figure.add_axes(corner, sharex=days)
        handles = draw_series(axes, panel)
        _scale(axes, panel, brief, say(NOT_KNOWN))
    else:
        axes = sheet(figure, bottom, height)
        handles = [handle for handle, _ in boards.sides(panel)]
        (rings.draw_rings if panel.rings else boards.draw_board)(axes, panel, say, brief)
    _head(axes, head, handles)
    return axes


def _scale(axes: Axes, panel: Panel, amount: Amount, not_known: str) -> None:
    """Limits that hold every value, zero where bars stand on it; a few round steps between."""
    values = numbers([value for series in panel.series for value in (*series.values, *series.upper)])
    values = values[np.isfinite(values)]
    if len(values):
        from_zero = [0.0] if any(series.kind == "bars" for series in panel.series) else []
        low, high = min([*values, *from_zero]), max([*values, *from_zero])
        spare = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
        axes.set_ylim(low - spare * (low != 0), high + spare * (high != 0 or low == 0))
        steps = axes.get_window_extent().height / STEP
        axes.yaxis.set_major_locator(MaxNLocator(int(np.clip(steps, 1, 5))))
    else:
        axes.set_yticks([])
        axes.text(0.5, 0.5, not_known, transform=axes.transAxes, ha="center", va="center", size=HEAD)
    axes.yaxis.set_major_formatter(lambda value, _: amount(value))
    axes.tick_params(labelsize=SMALL, length=0, pad=10)
    axes.tick_params(axis="x", labelbottom=False)
    axes.grid(color=GRID, lw=1.5, zorder=0)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _head(axes: Axes, head: Head, handles: Sequence[Any]) -> None:
    """The panel's name with its unit, and under it what each colour is."""
    size = axes.get_window_extent()
    left = (TOP - size.x0) / size.width
    axes.set_title(
        "\n".join(head.title), loc="left", size=HEAD, pad=0, linespacing=1.25,
        x=left, y=1 + (SMALL * LINE * head.rows + SPACE + 4) / size.height,
    )  # fmt: skip
    if not head.labels:
        return
    axes.legend(
        handles, head.labels, ncols=len(head.labels) if head.rows == 1 else 1, frameon=False, fontsize=SMALL,
        loc="lower left", bbox_to_anchor=(left, 1 + 14 / size.height),
        borderpad=0, borderaxespad=0, handlelength=1.2, handletextpad=0.5, columnspacing=1.2,
        labelspacing=0.3, handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
    )  # fmt: skip
