"""A signal's picture for a phone: 1080 × 1350 pixels that are understood in five seconds.

A `Chart` says what to draw; here it gets its letters, its colours and its small print. One Figure is
drawn again and again, which costs half of what a new one does, so one thread draws at a time.
"""

import io
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.ticker import MaxNLocator
from PIL import Image

from bot.commentary import Message
from bot.commentary.languages import N_, translator
from bot.commentary.lettering import drawable, families, length, wrap
from bot.commentary.marks import GREY, MARKERS, draw_series, numbers
from bot.commentary.numbers import compact, format_value, write
from bot.commentary.phrases import NOT_KNOWN, SAMPLE
from indicators import Chart, Panel

#: the picture in pixels; at 72 dots an inch a point is a pixel
WIDTH, HEIGHT, DPI = 1080, 1350, 72
LEFT, RIGHT, TOP, BOTTOM, GAP = 150, 75, 40, 165, 30
#: type sizes in pixels: 24 is the smallest that is read when a phone shows the picture 400 wide
TITLE, TITLE_SMALL, HEAD, SMALL = 50, 40, 30, 26
LABEL = 64
#: the colour sample beside a label, with its spaces
KEY = 3 * SMALL

INK, GRID = "#1b1f24", "#d8dee4"

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

Say = Callable[[str], str]

_easel = threading.Lock()
_figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI)
_canvas = FigureCanvasAgg(_figure)


class ChartError(Exception):
    """There is nothing to draw; the text goes out alone."""


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

    def say(key: str) -> str:
        return write(key, chart.words, _, language) or ""

    top = HEIGHT - TOP - _title(figure, drawable(say(chart.title), 200)) - 25
    lowest = _panels(figure, chart, language, say, top)
    _dates(lowest, chart.days)
    _small_print(figure, message, _(SAMPLE))
    if message.sample:
        figure.text(
            0.5, 0.5, _(WATERMARK), size=230, rotation=50, ha="center", va="center",
            color=GREY, alpha=0.14, zorder=10,
        )  # fmt: skip


def _check(chart: Chart) -> None:
    if not 1 <= len(chart.panels) <= 3:
        raise ChartError(f"a chart has one to three panels, not {len(chart.panels)}")
    series = [each for panel in chart.panels for each in panel.series]
    for each in series:
        if len(each.values) != len(chart.days) or len(each.upper) not in (0, len(chart.days)):
            raise ChartError(f"{len(each.values)} values of {each.label[:40]!r} for {len(chart.days)} days")
    if not any(np.isfinite(numbers(each.values)).any() for each in series):
        raise ChartError("no value is known on any day")


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


def _panels(figure: Figure, chart: Chart, language: str, say: Say, top: float) -> Axes:
    """Stack the panels, the first one taller, all over the same days; returns the lowest."""
    legends = [_legend(panel, language, say) for panel in chart.panels]
    heads = [HEAD * 1.5 + SMALL * 1.5 * rows + 18 for _, rows in legends]
    shares = np.array([1.5, 1, 1][: len(chart.panels)])
    room = top - BOTTOM - sum(heads) - GAP * (len(heads) - 1)
    axes: Axes | None = None
    for panel, (labels, rows), head, height in zip(
        chart.panels, legends, heads, shares / shares.sum() * room, strict=True
    ):
        top -= head + height
        place = (LEFT / WIDTH, top / HEIGHT, (WIDTH - LEFT - RIGHT) / WIDTH, height / HEIGHT)
        axes = figure.add_axes(place, sharex=axes)
        handles = draw_series(axes, panel)
        _scale(axes, panel, _amount(panel.unit, language), translator(language)(NOT_KNOWN))
        _head(axes, (say(panel.title), say(panel.unit)), handles, labels, rows)
        top -= GAP
    assert axes is not None
    return axes


def _legend(panel: Panel, language: str, say: Say) -> tuple[list[str], int]:
    """The labels, each with its newest value or its count, and how many rows they take."""
    amount = _amount(panel.unit, language)
    labels = []
    for series in panel.series:
        values, label = numbers(series.values), say(series.label)
        if series.kind in ("line", "bars"):
            now = amount(values[-1]) if np.isfinite(values[-1]) else translator(language)(NOT_KNOWN)
            label = f"{label}: {now}"
        elif series.kind in MARKERS:
            label = f"{label} ({np.isfinite(values).sum()})"
        labels.append(_one_line(label, SMALL))
    in_a_row = sum(length(label, SMALL) + KEY for label in labels) <= WIDTH - 2 * TOP
    return labels, 1 if in_a_row else len(labels)


def _one_line(text: str, size: float) -> str:
    return wrap(drawable(text, LABEL), size, WIDTH - 2 * TOP - KEY, 1)[0][0]


def _amount(unit: str, language: str) -> Callable[[float], str]:
    """How this panel's numbers are written, on the axis and beside the labels."""

    def amount(value: float) -> str:
        if unit.startswith("USD"):
            text = format_value(value, "usd", language)
        elif unit in ("×", "x"):
            text = format_value(value, "x", language)
        else:
            text = compact(value, language) + (" %" if unit == "%" else "")
        return text.replace("-", "−")

    return amount


def _scale(axes: Axes, panel: Panel, amount: Callable[[float], str], not_known: str) -> None:
    """Limits that hold every value, zero where bars stand on it; a few round steps between."""
    values = np.concatenate([numbers([*series.values, *series.upper]) for series in panel.series])
    values = values[np.isfinite(values)]
    if len(values):
        from_zero = [0.0] if any(series.kind == "bars" for series in panel.series) else []
        low, high = min([*values, *from_zero]), max([*values, *from_zero])
        spare = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
        axes.set_ylim(low - spare * (low != 0), high + spare * (high != 0 or low == 0))
        axes.yaxis.set_major_locator(MaxNLocator(5))
    else:
        axes.set_yticks([])
        axes.text(0.5, 0.5, not_known, transform=axes.transAxes, ha="center", va="center", size=HEAD)
    # the panel's title names the currency; beside each step it would leave no room for the figures
    axes.yaxis.set_major_formatter(lambda value, _: amount(value).replace("US$", "$"))
    axes.tick_params(labelsize=SMALL, length=0, pad=10)
    axes.tick_params(axis="x", labelbottom=False)
    axes.grid(color=GRID, lw=1.5, zorder=0)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _head(
    axes: Axes, titles: tuple[str, str], handles: Sequence[Any], labels: Sequence[str], rows: int
) -> None:
    """The panel's name with its unit, and under it what each colour is."""
    size = axes.get_window_extent()
    legend_height = SMALL * 1.5 * rows
    axes.set_title(
        _one_line(titles[0] + (f" ({titles[1]})" if titles[1] else ""), HEAD), loc="left", size=HEAD, pad=0,
        x=(TOP - LEFT) / size.width, y=1 + (legend_height + 22) / size.height,
    )  # fmt: skip
    axes.legend(
        handles, labels, ncols=len(labels) if rows == 1 else 1, frameon=False, fontsize=SMALL,
        loc="lower left", bbox_to_anchor=((TOP - LEFT) / size.width, 1 + 14 / size.height),
        borderpad=0, borderaxespad=0, handlelength=1.2, handletextpad=0.5, columnspacing=1.2,
        labelspacing=0.3, handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
    )  # fmt: skip


def _dates(axes: Axes, days: Sequence[str]) -> None:
    """Sessions stand side by side, so that weekends leave no gaps; a few are named, the last one always."""
    places = range(len(days) - 1, -1, -math.ceil(len(days) / 5))
    axes.set_xticks(list(places), [drawable(days[place], 10) for place in places])
    axes.set_xlim(-0.7, len(days) - 0.3)
    axes.tick_params(axis="x", labelbottom=True)


def _small_print(figure: Figure, message: Message, sample: str) -> None:
    """Source, moment and quality at the foot, in at most two lines; before it, that a sample is one."""
    text = drawable(" · ".join(filter(None, [sample if message.sample else "", message.footer])), 300)
    lines, _ = wrap(text, SMALL, WIDTH - 2 * TOP, 2)
    figure.text(
        TOP / WIDTH, 25 / HEIGHT, "\n".join(lines), size=SMALL, color=GREY, va="bottom", linespacing=1.25
    ).set_gid("footer")
