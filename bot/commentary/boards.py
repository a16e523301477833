"""Who leads: a board of names in rank order, each with a bar to the right and, where asked, to the left.

All bars of a board have one scale and start from one line, so lengths compare; the note stands below.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from bot.commentary.layout import GRID, INK, INNER, LINE, SMALL, Amount, Need, Say, largest, one_line, put
from bot.commentary.lettering import length
from bot.commentary.marks import DOWN, GREY, NEITHER, UP, Numbers, numbers
from bot.commentary.phrases import NOT_KNOWN
from indicators import Panel

#: type sizes of names, the smaller where a name is long, and of numbers
NAMES, NUMBER = (34, 30, 28), 28
#: the widest name, the widest number, and between things beside each other, in pixels
NAME_WIDTH, NUMBER_WIDTH, APART = 330, 190, 14
#: the height of a row's bar with its texts, least and most; a note adds its own line
LEAST, MOST = 44, 110
#: the thickest bar
THICK = 52


def need(panel: Panel) -> Need:
    """The height of a board."""
    note = _note(panel)
    return Need(len(panel.rows) * (LEAST + note), len(panel.rows) * (MOST + note), 1.5)


def _note(panel: Panel) -> float:
    """What a row is higher by for its note."""
    return SMALL * 1.3 if any(row.note for row in panel.rows) else 0.0


def sides(panel: Panel) -> list[tuple[Patch, str]]:
    """The colours in use that have a name: handle and gettext key."""
    grey = [row.neither for row in panel.rows]
    used = (not all(grey), _two_sided(panel), any(grey))
    named = zip((UP, DOWN, NEITHER), panel.sides, used, strict=False)
    return [(Patch(color=colour), key) for colour, key, is_used in named if key and is_used]


def _two_sided(panel: Panel) -> bool:
    return bool((numbers([row.left for row in panel.rows]) != 0).any())


def draw_board(axes: Axes, panel: Panel, say: Say, amount: Amount) -> None:
    """Draw the rows of `panel`, the first on top, on axes in pixels."""
    height, note = axes.get_ylim()[1] / len(panel.rows), _note(panel)
    tops = height * np.arange(len(panel.rows), 0, -1, dtype=np.float64)
    # the pair of bar and note stands in the middle of its row
    bar = min(THICK, (height - note) * 0.7)
    middles = tops - (height - note) / 2
    # a ticker is no word, though there may be one spelled like it
    whole = [row.name if row.name.isupper() else say(row.name) or row.name for row in panel.rows]
    size = min(largest(name, NAMES, NAME_WIDTH) for name in whole)
    names = [one_line(name, size, NAME_WIDTH) for name in whole]
    start = max(length(name, size) for name in names) + APART
    for row, name, middle in zip(panel.rows, names, middles, strict=True):
        put(axes, 0, middle, name, size, "name")
        if row.note:
            said = one_line(row.note, SMALL, INNER - start)
            below = middle - bar / 2 - SMALL * LINE / 2
            put(axes, start, below, said, SMALL, "note", color=GREY)
    for top in tops[1:]:
        axes.axhline(top, color=GRID, lw=1.5, zorder=0)
    _bars(axes, panel, start, middles, bar, say, amount)


def _bars(
    axes: Axes, panel: Panel, start: float, middles: Numbers, bar: float, say: Say, amount: Amount
) -> None:
    """Bars from their common line, each with its number at its end."""
    right = numbers([row.right for row in panel.rows])
    left = numbers([row.left for row in panel.rows])
    # nought is written only where a row has nothing else
    after = [
        _number(value, say, amount) if value or not other else ""
        for value, other in zip(right.tolist(), left.tolist(), strict=True)
    ]
    before = [_number(value, say, amount) if value else "" for value in left.tolist()]
    spare = [max(length(text, NUMBER) for text in texts) + APART for texts in (before, after)]
    spare[0] *= _two_sided(panel)
    right, left = _scaled(right, left, INNER - start - sum(spare))
    zero = start + spare[0] + left.max()
    axes.barh(middles, right, bar, zero, color=[NEITHER if row.neither else UP for row in panel.rows])
    axes.barh(middles, left, bar, zero - left, color=DOWN)
    axes.vlines(np.full(len(middles), zero), middles - bar / 2 - 4, middles + bar / 2 + 4, color=GREY, lw=2)
    for i, middle in enumerate(middles):
        put(axes, zero + right[i] + APART, middle, after[i], NUMBER, "right", color=INK)
        put(axes, zero - left[i] - APART, middle, before[i], NUMBER, "left", color=INK, ha="right")


def _scaled(right: Numbers, left: Numbers, room: float) -> tuple[Numbers, Numbers]:
    """Lengths in pixels on one scale; the longest of both sides together take `room`."""
    right, left = np.nan_to_num(right), np.nan_to_num(left)
    # by the longest first: a sum of the largest floats would overflow
    longest = max(right.max(), left.max()) or 1.0
    right, left = right / longest, left / longest
    scale = room / ((right.max() + left.max()) or 1.0)
    return right * scale, left * scale


def _number(value: float, say: Say, amount: Amount) -> str:
    return one_line(amount(value) if np.isfinite(value) else say(NOT_KNOWN), NUMBER, NUMBER_WIDTH)
