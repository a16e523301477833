"""Where things stand on a picture for a phone: its size, its type, and how panels share its height."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bot.commentary.lettering import drawable, length, wrap

#: the picture in pixels; at 72 dots an inch a point is a pixel
WIDTH, HEIGHT, DPI = 1080, 1350, 72
#: left of what has a scale, right of it, and left, right and above of everything
LEFT, RIGHT, TOP = 150, 75, 40
#: from margin to margin
INNER = WIDTH - 2 * TOP
#: of the footer, of the dates, and between panels
FOOT, DATES, GAP = 115, 50, 30
#: type sizes in pixels: 24 is the smallest that is read when a phone shows the picture 400 wide
TITLE, TITLE_SMALL, HEAD, SMALL, SMALLEST = 50, 40, 30, 26, 24
#: what a line takes of its type size
LINE = 1.5
#: no name or label has more characters
LABEL = 64

INK, GRID = "#1b1f24", "#d8dee4"

#: says a gettext key in the chart's language, with the chart's words
Say = Callable[[str], str]
#: writes a number in the panel's unit
Amount = Callable[[float], str]


@dataclass(frozen=True)
class Need:
    """How many pixels a panel's axes take: at least, at most, and its weight among others."""

    least: float
    most: float
    weight: float


def share_out(needs: Sequence[Need], room: float) -> list[float]:
    """Heights in proportion to the weights, within what each panel needs, that fill `room` where they can."""
    least, most, weight = np.array([(need.least, need.most, need.weight) for need in needs]).T
    low, high = 0.0, max(room, 1.0) / weight.min()
    for _ in range(40):
        scale = (low + high) / 2
        fits = np.clip(weight * scale, least, most).sum() <= room
        low, high = (scale, high) if fits else (low, scale)
    return [float(height) for height in np.clip(weight * low, least, most)]


def one_line(text: str, size: float, width: float) -> str:
    """`text` in letters the fonts have, cut where it would be wider than `width` pixels."""
    return wrap(drawable(text, LABEL), size, width, 1)[0][0]


def largest(text: str, sizes: Sequence[float], width: float) -> float:
    """The first of `sizes` in which `text` is not wider than `width` pixels, else the last."""
    return next((size for size in sizes if length(text, size) <= width), sizes[-1])


def put(axes: Axes, x: float, y: float, text: str, size: float, gid: str, **style: Any) -> None:
    """Write `text` on a sheet so that its capitals, whatever its other letters, stand around `y`."""
    axes.text(x, y - 0.36 * size, text, size=size, va="baseline", **style).set_gid(gid)


def sheet(figure: Figure, bottom: float, height: float) -> Axes:
    """Axes without a scale, whose units are pixels, from margin to margin."""
    axes = figure.add_axes((TOP / WIDTH, bottom / HEIGHT, INNER / WIDTH, height / HEIGHT))
    axes.set_axis_off()
    axes.set_xlim(0, INNER)
    axes.set_ylim(0, height)
    return axes
