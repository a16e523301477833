"""The figure before it becomes pixels, and what is written on it."""

from itertools import combinations

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from bot.commentary import Message
from bot.commentary.charts import paint
from bot.commentary.layout import DPI, HEIGHT, WIDTH
from bot.commentary.lettering import families

FOOTER = "as of 2025-03-14 16:45 ET · source option_trades · quality B (inferred) · n = 312"
WATERMARK_SIZE = 230


def painted(chart, language="en", sample=False, footer=FOOTER):
    """The figure of a chart, its letters placed."""
    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI)
    style = {"font.family": families(language), "text.parse_math": False, "font.size": 26}
    with mpl.rc_context(style):
        paint(figure, Message("", chart, footer, sample, language), chart)
        FigureCanvasAgg(figure).draw()
    return figure


def texts(figure):
    """Title, footer and watermark."""
    return [each.get_text().replace("\n", " ") for each in figure.texts]


def said(axes, gid):
    """What is written on a sheet in one role, in order."""
    return [each.get_text() for each in axes.texts if each.get_gid() == gid]


def written(figure):
    """Every text one sees, but for the watermark."""
    everything = figure.findobj(lambda each: isinstance(each, Text) and each.get_text().strip())
    ticks = {id(label) for axes in figure.axes for label in _unseen(axes)}
    return [
        each
        for each in everything
        if each.get_visible() and id(each) not in ticks and each.get_size() < WATERMARK_SIZE
    ]


def _unseen(axes):
    """Labels of steps that are off the scale, or of a scale that is off."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            if not axes.axison or not low <= tick.get_loc() <= high:
                yield from (tick.label1, tick.label2)


def overlapping(figure):
    """Pairs of texts that stand on each other."""
    boxes = [(each.get_text(), each.get_window_extent()) for each in written(figure)]
    return [
        (one, other)
        for (one, here), (other, there) in combinations(boxes, 2)
        if min(here.x1, there.x1) - max(here.x0, there.x0) > 1
        and min(here.y1, there.y1) - max(here.y0, there.y0) > 1
    ]


def outside(figure):
    """Texts that leave the picture."""
    boxes = [(each.get_text(), each.get_window_extent()) for each in written(figure)]
    return [text for text, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > WIDTH or box.y1 > HEIGHT]
