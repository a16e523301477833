"""How two opposite sums compare: rings side by side, the difference in the middle, the parts below.

A part's arc is its share of the ring. A ring of nothing, or of which one of the two is not known, is an
empty one that says so: there is no difference to show.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle, Wedge

from bot.commentary.layout import (
    HEAD,
    INK,
    INNER,
    LABEL,
    LINE,
    SMALL,
    SMALLEST,
    Amount,
    Need,
    Say,
    largest,
    one_line,
    put,
)
from bot.commentary.lettering import drawable, length
from bot.commentary.marks import DOWN, GREY, NEITHER, UP, Numbers, numbers
from bot.commentary.phrases import NOT_KNOWN
from indicators import Panel, Ring

#: green, orange, grey, in the order of the parts
COLOURS = (UP, DOWN, NEITHER)
#: diameters in pixels: in the smaller the middle still holds a number
LEAST, MOST = 240, 440
#: among panels: what is said first takes more room than what explains it
WEIGHT = 2
#: of the diameter: how thick a ring is, how wide a text in the middle may be, and how high its letters
THICK, HOLE, HIGH = 0.17, 0.57, 0.15
#: sizes of the number in the middle
MIDDLE = (64, 56, 48, 42, 36, 32, 28, SMALLEST)
#: type sizes of a ring's title and of its parts: larger below one or two rings of this diameter
LARGER, FROM, SMALLER = (34, 30), 320, (HEAD, SMALL)
#: in pixels: between rings, below a ring, a sample of its colour with its space, and beside a value
APART, BELOW, KEY, KEYED, BESIDE = 24, 14, 20, 30, 18


def need(panel: Panel) -> Need:
    """The height of a panel of rings."""
    cell = _cell(panel)
    return Need(min(LEAST, cell) + _lines(panel, SMALLER), min(MOST, cell) + _lines(panel, LARGER), WEIGHT)


def _cell(panel: Panel) -> float:
    """The width of one ring's place."""
    return INNER / len(panel.rings) - APART


def _lines(panel: Panel, sizes: tuple[int, int]) -> float:
    """The height of what stands under the rings: title and parts."""
    title, part = sizes
    return BELOW + LINE * (title + part * max(len(ring.parts) for ring in panel.rings))


def draw_rings(axes: Axes, panel: Panel, say: Say, amount: Amount) -> None:
    """Draw the rings of `panel` on axes in pixels."""
    top, cell = axes.get_ylim()[1], _cell(panel)
    sizes = LARGER if cell >= FROM and top - _lines(panel, LARGER) >= FROM else SMALLER
    diameter = min(cell, top - _lines(panel, sizes))
    for place, ring in enumerate(panel.rings):
        x = (place + 0.5) * (cell + APART)
        values = numbers([value for _, value in ring.parts])
        _ring(axes, (x, top - diameter / 2), diameter, values)
        _middle(axes, (x, top - diameter / 2), diameter, values, say, amount)
        written = [amount(value) if np.isfinite(value) else say(NOT_KNOWN) for value in values.tolist()]
        if not (values > 0).any():
            # nought of everything is no measurement
            written = [""] * len(written)
        _legend(axes, (x, top - diameter - BELOW), cell, sizes, ring, written, say)


def compares(values: Numbers) -> bool:
    """Whether both opposite parts are known and there is something in the ring."""
    return bool(np.isfinite(values[:2]).all() and (values > 0).any())


def _ring(axes: Axes, centre: tuple[float, float], diameter: float, values: Numbers) -> None:
    """The parts clockwise from the top, parted by a white line."""
    thick = diameter * THICK
    if not compares(values):
        axes.add_patch(Wedge(centre, diameter / 2, 0, 360, width=thick, color=NEITHER, alpha=0.45, lw=0))
        return
    # by the largest first: a sum of the largest floats would overflow
    shares = np.nan_to_num(values) / np.nanmax(values)
    ends = 90 - 360 * np.concatenate([[0.0], np.cumsum(shares / shares.sum())])
    for colour, start, end in zip(COLOURS, ends[:-1], ends[1:], strict=False):
        if end < start:
            line = 4 if (shares > 0).sum() > 1 else 0
            axes.add_patch(
                Wedge(centre, diameter / 2, end, start, width=thick, fc=colour, ec="white", lw=line)
            )


def _middle(
    axes: Axes, centre: tuple[float, float], diameter: float, values: Numbers, say: Say, amount: Amount
) -> None:
    """First minus second, with its sign."""
    known, net = compares(values), float(values[0] - values[1])
    text = drawable(signed(net, amount) if known else say(NOT_KNOWN), LABEL)
    size = largest(text, [each for each in MIDDLE if each <= HIGH * diameter], HOLE * diameter)
    text = one_line(text, size, HOLE * diameter)
    colour = GREY if not known else UP if net > 0 else DOWN if net < 0 else INK
    put(axes, *centre, text, size, "middle", color=colour, ha="center")


def signed(value: float, amount: Amount) -> str:
    """The number with its sign, + too; what is written as nought has none."""
    text = amount(value)
    return text if value <= 0 or text == amount(0.0) else "+" + text


def _legend(
    axes: Axes,
    top: tuple[float, float],
    width: float,
    sizes: tuple[int, int],
    ring: Ring,
    written: Sequence[str],
    say: Say,
) -> None:
    """The ring's title and, like a table, what each colour is and how much of it there is."""
    (x, y), (size, part) = top, sizes
    title = one_line(say(ring.title), size, width)
    put(axes, x, y - size * LINE / 2, title, size, "ring", ha="center")
    written = [one_line(each, part, width / 2) for each in written]
    taken = KEYED + BESIDE + max(length(each, part) for each in written)
    labels = [one_line(say(label), part, width - taken) for label, _ in ring.parts]
    taken += max(length(label, part) for label in labels)
    left, right = x - taken / 2, x + taken / 2
    y -= LINE * (size + part / 2)
    for colour, label, value in zip(COLOURS, labels, written, strict=False):
        axes.add_patch(Rectangle((left, y - KEY / 2), KEY, KEY, color=colour, lw=0))
        put(axes, left + KEYED, y, label, part, "part")
        put(axes, right, y, value, part, "value", ha="right")
        y -= LINE * part
