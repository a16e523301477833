"""Boards: bars, what is written beside them, and that all of it can be read."""

import math
import time

import matplotlib as mpl
import pytest
from easel import FOOTER, outside, overlapping, painted, said, texts, written
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from bot.commentary import Message
from bot.commentary.charts import ChartError, draw
from bot.commentary.layout import GAP
from bot.commentary.marks import DOWN, NEITHER, UP
from indicators import Chart, Panel, Ring, Row, Series

LEADERS = [
    Row("MRK", 30_200_000.0, 20_000.0, "1,510× · 1 order, 92 % of it"),
    Row("GILD", 24_000_000.0, 67_200.0, "357× · 12 orders, largest 31 %"),
    Row("PDD", 10_000_000.0, 15_100_000.0, "0.66× · 40 orders, largest 39 %"),
]
SIDES = ("Calls", "Puts")


def of(*rows, unit="USD", sides=SIDES, title="What to see", others=(), days=()):
    return Chart(title, days, [Panel("Calls against puts", unit, rows=rows, sides=sides), *others])


def bars(axes):
    """Left end, right end, height and colour of each bar, from the top down, right ones first."""
    found = [patch for patch in axes.patches if type(patch) is Rectangle and patch.get_width() > 0]
    return [
        (patch.get_x(), patch.get_x() + patch.get_width(), patch.get_y(), colour)
        for patch in found
        if (colour := mpl.colors.to_hex(patch.get_facecolor())) in (UP, DOWN)
    ]


def lengths(axes, wanted):
    return [end - start for start, end, _, colour in bars(axes) if colour == wanted]


def test_bars_of_both_sides_start_from_one_line_on_one_scale():
    (axes,) = painted(of(*LEADERS)).axes
    right, left = lengths(axes, UP), lengths(axes, DOWN)
    scale = right[0] / 30_200_000
    assert right == pytest.approx([30_200_000 * scale, 24_000_000 * scale, 10_000_000 * scale])
    assert left == pytest.approx([20_000 * scale, 67_200 * scale, 15_100_000 * scale])
    zeros = {round(start if colour == UP else end, 3) for start, end, _, colour in bars(axes)}
    assert len(zeros) == 1


def test_rows_stand_in_rank_order_the_first_on_top():
    (axes,) = painted(of(*LEADERS)).axes
    names = [each for each in axes.texts if each.get_gid() == "name"]
    assert [each.get_text() for each in names] == ["MRK", "GILD", "PDD"]
    heights = [each.get_position()[1] for each in names]
    assert heights == sorted(heights, reverse=True)
    tops = [y for _, _, y, colour in bars(axes) if colour == UP]
    assert tops == sorted(tops, reverse=True)


def test_a_name_that_is_a_word_of_ours_is_translated_and_a_ticker_is_not():
    rows = [Row(name, 2.0) for name in ("Option premium", "USD", "Space", "{x}")]
    (axes,) = painted(of(*rows), "zh-Hant").axes
    assert said(axes, "name") == ["選擇權權利金", "USD", "Space", "{x}"]


def test_values_stand_at_the_ends_of_their_bars_and_notes_below():
    (axes,) = painted(of(*LEADERS)).axes
    assert axes.get_title("left") == "Calls against puts (USD)"
    assert said(axes, "right") == ["$30.2M", "$24M", "$10M"]
    assert said(axes, "left") == ["$20K", "$67.2K", "$15.1M"]
    assert said(axes, "note") == [row.note for row in LEADERS]
    ends = [end for _, end, _, colour in bars(axes) if colour == UP]
    starts = [start for start, _, _, colour in bars(axes) if colour == DOWN]
    for gid, places in (("right", ends), ("left", starts)):
        written_at = [each.get_position()[0] for each in axes.texts if each.get_gid() == gid]
        assert [abs(at - end) for at, end in zip(written_at, places, strict=True)] == pytest.approx([14] * 3)


def test_a_name_and_its_values_stand_on_the_middle_of_their_bar():
    (axes,) = painted(of(*LEADERS)).axes
    middles = [rectangle.get_y() + rectangle.get_height() / 2 for rectangle in axes.patches[:3]]
    for gid in ("name", "right", "left"):
        boxes = [each.get_window_extent() for each in axes.texts if each.get_gid() == gid]
        centres = [axes.transData.inverted().transform((0, (box.y0 + box.y1) / 2))[1] for box in boxes]
        assert centres == pytest.approx(middles, abs=6)


def test_the_legend_says_what_the_sides_are():
    (axes,) = painted(of(*LEADERS)).axes
    legend = axes.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["Calls", "Puts"]
    assert [mpl.colors.to_hex(patch.get_facecolor()) for patch in legend.get_patches()] == [UP, DOWN]


def test_where_no_row_has_a_left_leg_bars_begin_beside_the_names():
    (axes,) = painted(of(Row("AB", 3.0), Row("C", 1.0), sides=("Premium", ""))).axes
    assert lengths(axes, DOWN) == []
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["Premium"]
    names = max(each.get_window_extent().x1 for each in axes.texts if each.get_gid() == "name")
    (zero,) = {start for start, *_ in bars(axes)}
    assert axes.transData.transform((zero, 0))[0] - names < 20
    longest, shorter = lengths(axes, UP)
    assert longest == pytest.approx(3 * shorter)


def test_without_names_of_the_sides_there_is_no_legend():
    (axes,) = painted(of(Row("AB", 3.0), Row("C", 1.0, 2.0), sides=("", ""))).axes
    assert axes.get_legend() is None


def test_a_row_that_is_neither_is_grey_and_the_legend_names_what_is_seen():
    rows, sides = [Row("A", 5.0), Row("B", 3.0, neither=True)], ("Bullish", "Bearish", "Side not known")
    (axes,) = painted(of(*rows, sides=sides)).axes
    shown = [patch for patch in axes.patches if patch.get_width() > 0]
    assert [mpl.colors.to_hex(patch.get_facecolor()) for patch in shown] == [UP, NEITHER]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["Bullish", "Side not known"]
    (axes,) = painted(of(rows[1], sides=sides)).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["Side not known"]


def test_nought_is_written_only_where_a_row_has_nothing_else_and_the_unknown_is_said():
    rows = [Row("IN", 5.0), Row("OUT", 0.0, 4.0), Row("NONE", 0.0), Row("WHO", math.nan, 1.0)]
    (axes,) = painted(of(*rows)).axes
    assert said(axes, "right") == ["$5", "", "$0", "not known"]
    assert said(axes, "left") == ["", "$4", "", "$1"]
    assert lengths(axes, UP)[0] / lengths(axes, DOWN)[0] == pytest.approx(5 / 4)


@pytest.mark.parametrize(
    ("unit", "value"), [("USD", "$42"), ("×", "42×"), ("contracts", "42"), ("%", "42 %")]
)
def test_values_are_in_the_unit_of_the_panel(unit, value):
    (axes,) = painted(of(Row("PDD", 42.0), unit=unit)).axes
    assert said(axes, "right") == [value]


TEN = [
    Row(f"TICK{place}", 30e6 * 0.7**place, 20e3 * 2.2**place, "1,510× · 1 order, 92 % of it, " * 3)
    for place in range(10)
]
LONG = [
    Row(f"{place} Communication Services and Information Technology", 9.0 - place, place)
    for place in range(9)
]
DAYS = [f"2025-03-{day:02d}" for day in range(1, 29)]
FLOW = Panel("Net", "USD", [Series("s", "bars", [1e6, -1e6] * 14)])
RINGS = Panel("Premium", "USD", rings=[Ring("r", [("a", 2e6), ("b", 1e6), ("c", 3e5)])] * 2)


@pytest.mark.parametrize("rows", [LEADERS[:1], LEADERS, TEN, LONG])
@pytest.mark.parametrize("others", [(), (FLOW,), (RINGS,), (FLOW, FLOW), (RINGS, FLOW)])
def test_a_board_is_read_on_a_phone(rows, others):
    """Smallest type 24 pixels of 1080, nothing on top of anything, everything on the picture."""
    title = "MRK: calls worth 1,510 times its puts, most of it in one order shortly before the close"
    figure = painted(of(*rows, title=title, others=others, days=DAYS), sample=True, footer=FOOTER * 2)
    assert min(text.get_size() for text in written(figure)) >= 24
    assert overlapping(figure) == []
    assert outside(figure) == []
    assert "SAMPLE" in texts(figure)


def test_ten_rows_have_room_alone_and_beside_others_a_board_says_how_many_it_shows():
    (axes,) = painted(of(*TEN)).axes
    assert len(said(axes, "name")) == 10
    assert axes.get_title("left") == "Calls against puts (USD)"
    axes = painted(of(*TEN, others=(FLOW, RINGS), days=DAYS)).axes[0]
    shown = said(axes, "name")
    assert 2 <= len(shown) < 10
    assert shown == [row.name for row in TEN[: len(shown)]]
    assert axes.get_title("left") == f"Calls against puts (USD) · 1–{len(shown)} / 10"


def test_saying_how_many_it_shows_may_take_a_second_line():
    title = "premium " * 6 + "now"  # one line of its own
    board = Panel(title, "USD", rows=TEN, sides=SIDES)
    assert "\n" not in painted(Chart("t", (), [board])).axes[0].get_title("left")
    above, below = painted(Chart("t", (), [RINGS, board])).axes
    assert "\n" in below.get_title("left")
    (title,) = (each for each in below.findobj(Text) if each.get_text() == below.get_title("left"))
    assert above.get_window_extent().y0 - title.get_window_extent().y1 >= GAP


def test_what_does_not_fit_even_with_two_rows_is_not_drawn():
    with pytest.raises(ChartError, match="fit"):
        painted(of(*TEN, others=(RINGS, RINGS)))


def test_a_long_name_is_cut_and_leaves_room_for_the_bars():
    (axes,) = painted(of(*LONG)).axes
    names = [each for each in axes.texts if each.get_gid() == "name"]
    assert all(each.get_text().endswith("…") for each in names)
    assert max(each.get_window_extent().width for each in names) <= 330


def test_chinese_boards_have_every_glyph():
    """A missing glyph is a warning, and a warning fails a test."""
    row = Row("MRK", 30.2e8, 2e5, "1,510 倍 · 1 筆委託，佔 92 %")
    chart = of(row, sides=("看漲期權", "看跌期權"), title="看漲期權為看跌的 1,510 倍")
    draw(Message("", chart, "截至 2025-03-14", sample=True, language="zh-Hant"))
    (axes,) = painted(chart, "zh-Hant").axes
    assert said(axes, "right") == ["$30.2億"]
    assert said(axes, "left") == ["$20萬"]
    assert said(axes, "note") == [row.note]


@pytest.mark.parametrize(
    "panel",
    [
        Panel("p", "USD", rows=[Row("a", -1.0)]),
        Panel("p", "USD", rows=[Row("a", 1.0, -1.0)]),
        Panel("p", "USD", rows=[Row("a", math.nan, math.inf)]),
        Panel("p", "USD", rows=[Row("a", 1.0)], rings=RINGS.rings),
    ],
)
def test_what_is_no_board_is_not_drawn(panel):
    with pytest.raises(ChartError):
        draw(Message("", Chart("t", (), [panel])))


@given(
    st.lists(
        st.tuples(st.floats(0, allow_infinity=False), st.floats(0, allow_infinity=False) | st.just(0.0)),
        min_size=1,
        max_size=10,
    ),
    st.sampled_from(["USD", "×", "%", "contracts"]),
    st.sampled_from(["en", "zh-Hant", "zh-Hans"]),
    st.booleans(),
)
@example([(1.7e308, 1.7e308), (5e-324, 0.0)], "×", "en", True)
@settings(max_examples=25, deadline=None)
def test_any_values_are_drawn(values, unit, language, noted):
    rows = [Row("NAME", right, left, "note" if noted else "") for right, left in values]
    figure = painted(of(*rows, unit=unit), language)
    (axes,) = figure.axes
    assert all(0 <= start <= end <= 1000 for start, end, *_ in bars(axes))
    assert overlapping(figure) == []
    assert outside(figure) == []


@pytest.mark.parametrize("hostile", ["A" * 20_000, r"$\frac{1}{$", "\u202e\x00", "_x", "公司（股）" * 90])
def test_a_strangers_text_on_a_board_is_drawn_literally_and_fits(hostile):
    rows = [Row(hostile, 1.0, 2.0, hostile)] * 10
    began = time.process_time()
    figure = painted(of(*rows, sides=(hostile, hostile)))
    assert time.process_time() - began < 2
    assert overlapping(figure) == []
    assert outside(figure) == []
