"""A signal's picture for a phone: 1080 × 1350 pixels that are understood in five seconds.

A `Chart` says what to draw; here it gets its letters, its colours and its small print. One Figure is
drawn again and again, which costs half of what a new one does, so one thread draws at a time.
"""

import io
import math
import threading
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from bot.commentary import Message
from bot.commentary.languages import N_, translator
from bot.commentary.layout import (
    DATES,
    DPI,
    FOOT,
    GAP,
    HEIGHT,
    INK,
    SMALL,
    TITLE,
    TITLE_SMALL,
    TOP,
    WIDTH,
    Say,
)
from bot.commentary.lettering import drawable, families, wrap
from bot.commentary.marks import GREY, numbers
from bot.commentary.numbers import write
from bot.commentary.panels import ChartError as ChartError
from bot.commentary.panels import draw_panel, fit, head, over_days
from bot.commentary.phrases import SAMPLE, US_MARKET
from indicators import MARKET, Chart, Panel

WATERMARK = N_("SAMPLE")

_STYLE: dict[Any, Any] = {
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "path.simplify": True,
}

_easel = threading.Lock()
_figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI)
_canvas = FigureCanvasAgg(_figure)


def draw(message: Message) -> bytes:
    """The message's chart as a PNG of 1080 × 1350 pixels; raises ChartError where it would be empty."""
    if message.chart is None:
        raise ChartError("the message has no chart")
    style = _STYLE | {"font.family": families(message.language), "font.size": SMALL}
    with _easel, mpl.rc_context(style):
        try:
            paint(_figure, message, message.chart)
            _canvas.draw()  # type: ignore[no-untyped-call]
            return _png(_canvas)
        finally:
            _figure.clear()


def _png(canvas: FigureCanvasAgg) -> bytes:
    """A picture of few colours needs only a palette: a third of the bytes and of the time."""
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    picture = Image.fromarray(pixels).convert("RGB")
    out = io.BytesIO()
    picture.quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, "PNG")
    return out.getvalue()


def paint(figure: Figure, message: Message, chart: Chart) -> None:
    """Put title, panels and small print on `figure`; raises ChartError where there is nothing to see."""
    _check(chart)
    language = message.language
    _ = translator(language)

    words = {name: _(US_MARKET) if word == MARKET else word for name, word in chart.words.items()}

    def say(key: str) -> str:
        return write(key, words, _, language) or ""

    top = HEIGHT - TOP - _title(figure, drawable(say(chart.title), 200)) - 25
    _panels(figure, chart, language, say, top)
    _small_print(figure, message, _(SAMPLE))
    if message.sample:
        figure.text(
            0.5, 0.5, _(WATERMARK), size=230, rotation=50, ha="center", va="center",
            color=GREY, alpha=0.14, zorder=10,
        )  # fmt: skip


def _check(chart: Chart) -> None:
    if not 1 <= len(chart.panels) <= 3:
        raise ChartError(f"a chart has one to three panels, not {len(chart.panels)}")
    for panel in chart.panels:
        _check_panel(panel, len(chart.days))
    values = [each.values for panel in chart.panels for each in panel.series]
    if not any(np.isfinite(numbers(each)).any() for each in [*values, *map(_lengths, chart.panels)]):
        raise ChartError("no value is known")


def _check_panel(panel: Panel, days: int) -> None:
    if sum(map(bool, (panel.series, panel.rings, panel.rows))) > 1:
        raise ChartError("a panel has series, rings or rows, not two of them")
    for each in panel.series:
        if len(each.values) != days or len(each.upper) not in (0, days):
            raise ChartError(f"{len(each.values)} values of {each.label[:40]!r} for {days} days")
    if len(panel.rings) > 3 or any(len(ring.parts) not in (2, 3) for ring in panel.rings):
        raise ChartError("a panel has one to three rings, each of two or three parts")
    if (numbers(_lengths(panel)) < 0).any():
        raise ChartError("a part of a ring or a bar of a row is below 0")


def _lengths(panel: Panel) -> list[float]:
    """What is drawn as an arc or as the bar of a row."""
    arcs = [value for ring in panel.rings for _, value in ring.parts]
    return arcs + [value for row in panel.rows for value in (row.right, row.left)]


def _title(figure: Figure, title: str) -> float:
    """Write what there is to see; returns its height in pixels."""
    for size in (TITLE, TITLE_SMALL):
        lines, fits = wrap(title, size, WIDTH - 2 * TOP, 2)
        if fits:
            break
    figure.text(
        TOP / WIDTH, 1 - TOP / HEIGHT, "\n".join(lines), size=size, va="top", linespacing=1.2
    ).set_gid("title")
    return size * 1.3 * len(lines)


def _panels(figure: Figure, chart: Chart, language: str, say: Say, top: float) -> None:
    """Stack the panels; those over days share them, and the lowest of those names them."""
    # a board that has to make room will say so in its head: as if one row were left out
    heads = [head(panel, language, say, len(panel.rows) and 1) for panel in chart.panels]
    below = [GAP] * len(heads)
    dated = [place for place, panel in enumerate(chart.panels) if over_days(panel)]
    if dated:
        below[dated[-1]] += DATES
    room = top - FOOT + GAP - sum(each.height for each in heads) - sum(below)
    panels, heights = fit(chart.panels, room)
    days = None
    for place, (panel, whole) in enumerate(zip(panels, chart.panels, strict=True)):
        # what no panel can use stands evenly around them
        top -= (room - sum(heights)) / (len(heights) + 1) + heads[place].height + heights[place]
        above = head(panel, language, say, len(whole.rows) - len(panel.rows))
        axes = draw_panel(figure, panel, above, (top, heights[place]), language, say, days)
        if place in dated:
            days = axes
        top -= below[place]
    if days is not None:
        _dates(days, chart.days)


def _dates(axes: Axes, days: Sequence[str]) -> None:
    """Sessions stand side by side, so that weekends leave no gaps; a few are named, the last one always."""
    places = range(len(days) - 1, -1, -math.ceil(len(days) / 5))
    axes.set_xticks(list(places), [drawable(days[place], 10) for place in places])
    axes.set_xlim(-0.7, len(days) - 0.3)
    axes.tick_params(axis="x", labelbottom=True)


def _small_print(figure: Figure, message: Message, sample: str) -> None:
    """Source, moment and quality at the foot, in at most two lines; before it, that a sample is one, unless
    the message says in its own words what of it is.
    """
    own = message.sample and not message.footer.startswith(sample.split()[0])
    text = drawable(" · ".join(filter(None, [sample if own else "", message.footer])), 300)
    lines, _ = wrap(text, SMALL, WIDTH - 2 * TOP, 2)
    figure.text(
        TOP / WIDTH, 25 / HEIGHT, "\n".join(lines), size=SMALL, color=GREY, va="bottom", linespacing=1.25
    ).set_gid("footer")
