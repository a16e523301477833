"""Rings: arcs, the difference in the middle, the parts below, and that all of it can be read."""

import math
import time

import matplotlib as mpl
import pytest
from easel import FOOTER, outside, overlapping, painted, said, texts, written
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.patches import Wedge

from bot.commentary import Message
from bot.commentary.charts import ChartError, draw
from bot.commentary.marks import DOWN, NEITHER, UP
from indicators import Chart, Panel, Ring, Series

SIDES = [("Bullish", 1_430_000.0), ("Bearish", 1_250_000.0), ("Side unknown", 810_000.0)]
LEANING = Ring("Bullish − bearish", SIDES)
RIGHTS = Ring("Calls − puts", [("Calls", 980_000.0), ("Puts", 2_510_000.0)])
NOTHING = Ring("Nothing", [("A", 0.0), ("B", 0.0), ("C", 0.0)])


def of(*rings, unit="USD", title="What to see", words=None):
    return Chart(title, (), [Panel("Premium of the session", unit, rings=rings)], words or {})


def arcs(axes):
    """Colour and angle in degrees of each part, clockwise from the top."""
    return [
        (mpl.colors.to_hex(patch.get_facecolor()), round(patch.theta2 - patch.theta1, 6))
        for patch in axes.patches
        if isinstance(patch, Wedge)
    ]


def test_an_arc_is_its_parts_share_of_the_ring_in_green_orange_and_grey():
    (axes,) = painted(of(Ring("r", [("a", 30.0), ("b", 10.0), ("c", 20.0)]))).axes
    assert arcs(axes) == [(UP, 180), (DOWN, 60), (NEITHER, 120)]
    first, second, third = (patch for patch in axes.patches if isinstance(patch, Wedge))
    assert first.theta2 == 90  # at the top
    assert (first.theta1, second.theta1) == pytest.approx((second.theta2, third.theta2))


def test_two_rings_say_their_difference_title_and_parts():
    (axes,) = painted(of(LEANING, RIGHTS)).axes
    assert axes.get_title("left") == "Premium of the session (USD)"
    assert said(axes, "middle") == ["+$180K", "−$1.53M"]
    assert said(axes, "ring") == ["Bullish − bearish", "Calls − puts"]
    assert said(axes, "part") == ["Bullish", "Bearish", "Side unknown", "Calls", "Puts"]
    assert said(axes, "value") == ["$1.43M", "$1.25M", "$810K", "$980K", "$2.51M"]


def test_the_middle_is_green_above_nought_orange_below_and_signed_only_if_it_is_seen():
    equal = Ring("r", [("a", 5.0), ("b", 5.0)])
    hardly = Ring("r", [("a", 5.001), ("b", 5.0)])
    (axes,) = painted(of(equal, hardly, unit="USD")).axes
    assert said(axes, "middle") == ["$0", "$0"]
    (axes,) = painted(of(LEANING, RIGHTS)).axes
    assert [each.get_color() for each in axes.texts if each.get_gid() == "middle"] == [UP, DOWN]


@pytest.mark.parametrize(
    ("unit", "middle"), [("USD", "+$180K"), ("contracts", "+180K"), ("%", "+180K %"), ("×", "+180,000×")]
)
def test_the_difference_is_in_the_unit_of_the_panel(unit, middle):
    (axes,) = painted(of(LEANING, unit=unit)).axes
    assert said(axes, "middle") == [middle]


def test_a_ring_of_nothing_is_grey_and_says_not_known():
    (axes,) = painted(of(LEANING, NOTHING)).axes
    assert arcs(axes)[3:] == [(NEITHER, 360)]
    assert said(axes, "middle") == ["+$180K", "not known"]
    assert said(axes, "value") == ["$1.43M", "$1.25M", "$810K", "", "", ""]


def test_without_one_of_the_two_there_is_no_difference_and_no_arc():
    half = Ring("r", [("a", 7.0), ("b", math.nan), ("c", 1.0)])
    (axes,) = painted(of(half)).axes
    assert arcs(axes) == [(NEITHER, 360)]
    assert said(axes, "middle") == ["not known"]
    assert said(axes, "value") == ["$7", "not known", "$1"]


def test_what_is_neither_may_be_unknown_beside_two_that_are_known():
    (axes,) = painted(of(Ring("r", [("a", 3.0), ("b", 1.0), ("c", math.nan)]))).axes
    assert arcs(axes) == [(UP, 270), (DOWN, 90)]
    assert said(axes, "value") == ["$3", "$1", "not known"]


def test_a_part_of_everything_is_a_whole_ring_without_a_seam():
    (axes,) = painted(of(Ring("r", [("a", 0.0), ("b", 9.0)]))).axes
    assert arcs(axes) == [(DOWN, 360)]
    assert axes.patches[0].get_linewidth() == 0


def test_words_fill_titles_and_labels():
    ring = Ring("{first} − puts", [("{first}", 2.0), ("Puts", 1.0)])
    (axes,) = painted(of(ring, words={"first": "Calls"})).axes
    assert said(axes, "ring") == ["Calls − puts"]
    assert said(axes, "part") == ["Calls", "Puts"]


def test_rings_stand_above_days_and_only_the_days_have_dates():
    days = ["2025-03-13", "2025-03-14"]
    flow = Panel("Net", "USD", [Series("s", "bars", [1.0, -2.0])])
    rings = Panel("Premium", "USD", rings=[LEANING, RIGHTS])
    for panels in ([rings, flow], [flow, rings]):
        figure = painted(Chart("t", days, panels))
        axes = figure.axes[panels.index(flow)]
        assert [label.get_text() for label in axes.get_xticklabels()] == days[::-1]
        other = figure.axes[panels.index(rings)]
        assert not other.axison
        assert not other.get_shared_x_axes().joined(axes, other)
        assert overlapping(figure) == []


@pytest.mark.parametrize("rings", [[LEANING], [LEANING, RIGHTS], [LEANING, RIGHTS, NOTHING]])
@pytest.mark.parametrize("beside", [0, 1, 2])
def test_rings_are_read_on_a_phone(rings, beside):
    """Smallest type 24 pixels of 1080, nothing on top of anything, everything on the picture."""
    days = [f"2025-03-{day:02d}" for day in range(1, 29)]
    flow = Panel(
        "Net", "USD", [Series("Usual", "band", [-1e6] * 28, [1e6] * 28), Series("s", "bars", [1] * 28)]
    )
    title = "GOOG: premium of calls and puts, and what was bought and sold at their quotes on that day"
    chart = Chart(title, days, [Panel("Premium", "USD", rings=rings), *[flow] * beside])
    figure = painted(chart, sample=True, footer=FOOTER * 2)
    assert min(text.get_size() for text in written(figure)) >= 24
    assert overlapping(figure) == []
    assert outside(figure) == []
    for wedge in (patch for axes in figure.axes for patch in axes.patches if isinstance(patch, Wedge)):
        assert wedge.r >= 120
    assert not any("…" in each for axes in figure.axes for each in said(axes, "part"))
    assert "SAMPLE" in texts(figure)


def test_the_number_stands_inside_its_ring():
    millions = [Ring("r", [("a", 0.0), ("b", 831_000_000_000.0)])] * 3
    for rings in ([LEANING], [LEANING, RIGHTS], millions):
        (axes,) = painted(of(*rings), language="zh-Hant").axes
        wedges = {patch.center: patch for patch in axes.patches if isinstance(patch, Wedge)}
        numbers = [each for each in axes.texts if each.get_gid() == "middle"]
        for wedge, number in zip(wedges.values(), numbers, strict=True):
            assert "…" not in number.get_text()
            box = number.get_window_extent()
            centre = axes.transData.inverted().transform(((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2))
            assert tuple(centre) == pytest.approx(wedge.center, abs=6)
            assert math.hypot(box.width, number.get_size()) / 2 < wedge.r - wedge.width


def test_chinese_rings_have_every_glyph_and_no_country_before_the_currency():
    """A missing glyph is a warning, and a warning fails a test."""
    ring = Ring("看多 − 看空", [("看多", 1.43e8), ("看空", 1.25e6), ("方向不明", 8.1e7)])
    chart = of(ring, title="大額委託看多")
    draw(Message("", chart, "截至 2025-03-14", sample=True, language="zh-Hant"))
    (axes,) = painted(chart, "zh-Hant").axes
    assert said(axes, "middle") == ["+$1.42億"]
    assert said(axes, "value") == ["$1.43億", "$125萬", "$8100萬"]


@pytest.mark.parametrize(
    "panel",
    [
        Panel("p", "USD", rings=[LEANING] * 4),
        Panel("p", "USD", rings=[Ring("r", [("a", 1.0)])]),
        Panel("p", "USD", rings=[Ring("r", [("a", 1.0)] * 4)]),
        Panel("p", "USD", rings=[Ring("r", [("a", 1.0), ("b", -1.0)])]),
        Panel("p", "USD", rings=[Ring("r", [("a", math.nan), ("b", math.inf)])]),
        Panel("p", "USD", [Series("s", "line", ())], rings=[LEANING]),
    ],
)
def test_what_is_no_ring_is_not_drawn(panel):
    with pytest.raises(ChartError):
        draw(Message("", Chart("t", (), [panel])))


@given(
    st.lists(st.lists(st.floats(0, allow_infinity=False), min_size=2, max_size=3), min_size=1, max_size=3),
    st.sampled_from(["USD", "×", "%", "contracts"]),
    st.sampled_from(["en", "zh-Hant", "zh-Hans"]),
)
@example([[1.7e308] * 3, [5e-324, 0.0]], "×", "en")
@settings(max_examples=25, deadline=None)
def test_any_parts_are_drawn(rings, unit, language):
    rings = [Ring("ring", [("part", value) for value in values]) for values in rings]
    figure = painted(of(*rings, unit=unit), language)
    (axes,) = figure.axes
    turns = sum(degrees for _, degrees in arcs(axes))
    assert turns == pytest.approx(360 * len(rings))
    assert overlapping(figure) == []


@pytest.mark.parametrize("hostile", ["A" * 20_000, r"$\frac{1}{$", "\u202e\x00", "_x", "公司（股）" * 90])
def test_a_strangers_text_in_a_ring_is_drawn_literally_and_fits(hostile):
    ring = Ring(hostile, [(hostile, 1.0), (hostile, 2.0), (hostile, 3.0)])
    began = time.process_time()
    figure = painted(of(ring, ring, ring, unit=hostile))
    assert time.process_time() - began < 2
    assert overlapping(figure) == []
    assert outside(figure) == []
