"""What stands on axes over the days: bars, lines, bands and markers, each with the handle of its legend."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Patch
from matplotlib.transforms import offset_copy

from indicators import Panel

Numbers = npt.NDArray[np.float64]

GREY = "#57606a"
#: told apart by every kind of colour blindness (Okabe and Ito)
UP, DOWN = "#009e73", "#d55e00"
#: what is neither, paler than both
NEITHER = "#b4bcc4"
LINES = ("#0072b2", "#e69f00", "#cc79a7", "#000000")
#: shape, colours within and around, and how many pixels above its height
MARKERS = {
    "up": ("^", UP, "white", -20), "down": ("v", DOWN, "white", 20),
    "dot": ("o", "#0072b2", "white", 0), "hollow": ("o", "white", "#d55e00", 0),
}  # fmt: skip
BARS = ((UP, DOWN), ("#0072b2", "#e69f00"))


def numbers(values: Sequence[float | None]) -> Numbers:
    """The values of a series, NaN where one is not known."""
    array = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    array[np.isinf(array)] = np.nan
    return array


def draw_series(axes: Axes, panel: Panel) -> list[Any]:
    """Draw every series of the panel; returns their legend handles in order."""
    bars = [numbers(series.values) for series in panel.series if series.kind == "bars"]
    slots = _slots(bars)
    handles: list[Any] = []
    lines = iter(LINES * len(panel.series))
    for series in panel.series:
        values = numbers(series.values)
        if series.kind == "bars":
            handles.append(_bars(axes, values, *next(slots)))
        elif series.kind == "band":
            days = np.arange(len(values))
            upper = numbers(series.upper) if series.upper else np.zeros(len(values))
            handles.append(axes.fill_between(days, values, upper, color=GREY, alpha=0.22, lw=0, zorder=1))
        elif series.kind in ("line", "step"):
            handles.append(_line(axes, values, next(lines), series.kind == "step"))
        else:
            handles.append(_markers(axes, values, *MARKERS[series.kind]))
    return handles


def _slots(bars: Sequence[Numbers]) -> Iterator[tuple[float, float, tuple[str, str]]]:
    """Where each set of bars stands on its day: offset, width, colours above and below zero.

    Sets that never point the same way on one day share the place, others stand side by side.
    """
    signs = np.sign(np.array(bars)) if bars else np.zeros((1, 1))
    collide = max((signs > 0).sum(axis=0).max(), (signs < 0).sum(axis=0).max()) > 1
    width = 0.8 / len(bars) if collide else 0.8
    for place in range(len(bars)):
        offset = (place - (len(bars) - 1) / 2) * width if collide else 0.0
        yield offset, width, BARS[place % len(BARS)] if collide else BARS[0]


def _bars(
    axes: Axes, values: Numbers, offset: float, width: float, colours: tuple[str, str]
) -> tuple[Patch, ...]:
    """Bars from zero, each sign one collection: hundreds of rectangles in a fifth of the time."""
    handles = []
    for colour, chosen in zip(colours, (values > 0, values < 0), strict=True):
        days = np.flatnonzero(chosen)
        if not len(days):
            continue
        left, right, nought = days + offset - width / 2, days + offset + width / 2, np.zeros(len(days))
        corners = np.array([[left, nought], [left, values[chosen]], [right, values[chosen]], [right, nought]])
        axes.add_collection(PolyCollection(list(corners.transpose(2, 0, 1)), color=colour, lw=0, zorder=2))
        handles.append(Patch(color=colour))
    axes.axhline(0, color=GREY, lw=2, zorder=3)
    return tuple(handles) or (Patch(color=colours[0]),)


def _line(axes: Axes, values: Numbers, colour: str, steps: bool) -> Artist:
    """A line with gaps where nothing is known; a day without neighbours is a dot."""
    known = np.concatenate([[False], np.isfinite(values), [False]])
    alone = known[1:-1] & ~known[:-2] & ~known[2:]
    axes.scatter(np.flatnonzero(alone), values[alone], 160, colour, zorder=4)
    style = "steps-post" if steps else "default"
    (line,) = axes.plot(np.arange(len(values)), values, color=colour, lw=4, zorder=4, drawstyle=style)
    return line


def _markers(axes: Axes, values: Numbers, shape: str, colour: str, edge: str, shift: int) -> Artist:
    """Markers beside their height, so that the line and a marker of the other kind stay in sight."""
    beside = offset_copy(axes.transData, axes.get_figure(root=True), 0, shift, units="dots")
    return axes.scatter(
        np.arange(len(values)), values, s=260, c=colour, marker=shape, edgecolor=edge,
        lw=1.5 if edge == "white" else 4,
        zorder=5, transform=beside,
    )  # fmt: skip
