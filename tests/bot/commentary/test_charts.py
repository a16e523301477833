"""The picture: what stands on its axes, its size, and what a stranger's text does to it."""

import io
import time
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from easel import FOOTER, overlapping, painted, texts, written
from matplotlib.collections import PolyCollection
from PIL import Image

from bot.commentary import Message
from bot.commentary.charts import ChartError, draw
from bot.commentary.layout import FOOT, HEIGHT, Need, share_out
from bot.commentary.lettering import drawable, length, wrap
from bot.commentary.marks import DOWN, UP
from indicators import Chart, Panel, Ring, Row, Series

DAYS = ["2025-03-12", "2025-03-13", "2025-03-14"]


def bars(axes):
    """Height and colour of each bar, by the day it stands on."""
    return {
        round(float(path.vertices[:, 0].min() + 0.4)): (
            float(path.vertices[np.abs(path.vertices[:, 1]).argmax(), 1]),
            mpl.colors.to_hex(collection.get_facecolor()[0]),
        )
        for collection in axes.collections
        if type(collection) is PolyCollection
        for path in collection.get_paths()
    }


def one(values, kind="line", unit="USD", title="What to see", days=DAYS):
    return Chart(title, days[: len(values)], [Panel("Panel", unit, [Series("label", kind, values)])])


def test_the_title_says_what_to_see_and_the_foot_where_it_comes_from(chart):
    said = texts(painted(replace(chart, title="{subject}: bullish premium {net:usd} above bearish")))
    assert said == ["GOOG: bullish premium $36.2M above bearish", FOOTER]


def test_panels_name_their_unit_and_legends_the_newest_value_of_a_line(chart):
    price, net = painted(chart).axes
    assert [axes.get_title("left") for axes in (price, net)] == ["Price (USD a share)", "Net premium (USD)"]
    assert [text.get_text() for text in price.get_legend().get_texts()] == [
        "Close: $172.25",
        "Insider buys (1)",
    ]
    assert [text.get_text() for text in net.get_legend().get_texts()] == [
        "Usual range", "Bullish − bearish",  # the last bar alone would pass for a total
    ]  # fmt: skip
    assert "$15M" in [tick.get_text() for tick in net.get_yticklabels()]


def test_the_data_on_the_axes_is_the_charts_and_a_gap_stays_a_gap(chart):
    price, net = painted(chart).axes
    drawn = price.lines[0].get_ydata()
    assert np.isnan(drawn[1])
    assert [drawn[0], drawn[2]] == [170.5, 172.25]
    assert bars(net) == {0: (4e6, UP), 1: (-2e6, DOWN), 2: (36.2e6, UP)}
    low, high = net.get_ylim()
    assert low < -9e6  # the whole of the usual range is seen
    assert high > 36.2e6


def test_a_day_known_between_unknown_ones_is_a_dot():
    (axes,) = painted(one([None, -3.0, None])).axes
    assert [tuple(place) for dots in axes.collections for place in dots.get_offsets()] == [(1, -3)]


def test_bars_that_point_the_same_way_stand_side_by_side_and_opposite_ones_share_a_place():
    def places(*heights):
        panel = Panel("p", "USD", [Series("s", "bars", [height]) for height in heights])
        (axes,) = painted(Chart("t", ["2025-03-14"], [panel])).axes
        return sorted(
            tuple(path.vertices[:, 0][[0, 2]].round(2)) for c in axes.collections for path in c.get_paths()
        )

    assert places(5, -3) == [(-0.4, 0.4), (-0.4, 0.4)]
    assert places(5, 3) == [(-0.4, 0.0), (0.0, 0.4)]


def test_weekends_leave_no_gap_and_the_newest_day_is_always_named():
    days = ["2025-03-10", "2025-03-11", "2025-03-12", "2025-03-13", "2025-03-14", "2025-03-17", "2025-03-18"]
    (axes,) = painted(one(range(7), days=days)).axes
    assert list(axes.lines[0].get_xdata()) == [0, 1, 2, 3, 4, 5, 6]
    named = {
        int(place): tick.get_text()
        for place, tick in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    }
    assert named == {0: "2025-03-10", 2: "2025-03-12", 4: "2025-03-14", 6: "2025-03-18"}


def test_the_sample_market_is_marked_across_the_picture_and_at_its_foot(chart):
    assert "SAMPLE" in texts(painted(chart, sample=True))
    assert f"SAMPLE — synthetic market, fictional ticker · {FOOTER}" in texts(painted(chart, sample=True))
    assert not any("SAMPLE" in text for text in texts(painted(chart)))


def test_a_picture_is_1080_by_1350_and_small(chart):
    picture = draw(Message("", chart, FOOTER, sample=True))
    assert Image.open(io.BytesIO(picture)).size == (1080, 1350)
    assert len(picture) < 150_000


def test_the_same_message_gives_the_same_picture_whatever_was_drawn_before(chart):
    first = draw(Message("", chart, FOOTER))
    draw(Message("", one([1, 2]), "", sample=True, language="zh-Hans"))
    assert draw(Message("", chart, FOOTER)) == first
    assert mpl.rcParams["text.parse_math"] is True  # nobody else's settings were touched


@pytest.mark.parametrize(
    "chart",
    [
        one([]),
        one([None, None, None]),
        one([float("nan")]),
        Chart("t", DAYS, []),
        Chart("t", DAYS, [Panel("p", "USD", [])]),
        Chart("t", DAYS, [Panel("p", "USD", [Series("s", "line", [1.0])])]),
        Chart("t", DAYS[:1], [Panel("p", "USD", [Series("s", "line", [1.0])])] * 4),
        Chart("t", (), [Panel("p", "USD", rings=[Ring("r", [("a", float("nan")), ("b", float("nan"))])])]),
        Chart("t", (), [Panel("p", "USD", rows=[Row("a", float("nan"), float("inf"))])]),
        None,
    ],
)
def test_there_is_no_blank_picture(chart):
    with pytest.raises(ChartError):
        draw(Message("", chart))


@pytest.mark.parametrize("values", [[5.0], [0.0], [None, -3.0, None], [1e12, 1e-3], [float("inf"), 2.0]])
@pytest.mark.parametrize("kind", ["line", "bars", "up"])
def test_one_point_or_extreme_values_are_drawn(values, kind):
    draw(Message("", one(values, kind)))


def test_a_panel_of_which_nothing_is_known_says_so_and_shows_no_scale():
    panels = [
        Panel("p", "USD", [Series("s", "line", [1.0])]),
        Panel("q", "USD", [Series("r", "line", [None])]),
    ]
    _, empty = painted(Chart("t", ["2025-03-14"], panels)).axes
    assert [text.get_text() for text in empty.texts] == ["not known"]
    assert list(empty.get_yticks()) == []
    assert empty.get_legend().get_texts()[0].get_text() == "r: not known"


HOSTILE = [
    r"$\frac{1}{$",
    "$" + r"\frac{" * 200 + "1" + "}" * 200 + "$",
    "$x^{2}$ " * 2500,
    r"\input{/etc/passwd}",
    "AT&T $5 - $10",
    "one\n" * 2000,
    "שלום مرحبا \u202eGOOG",
    "公司（股）有限公司，" * 30,
    "🟢 \x00 \ue000",
    "A" * 20_000,
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_strangers_text_is_drawn_literally_and_at_once(hostile):
    panel = Panel(hostile, hostile, [Series(hostile, "line", [1.0, 2.0])])
    chart = Chart(hostile, DAYS[:2], [panel, panel])
    began = time.process_time()
    draw(Message("", chart, hostile))
    assert time.process_time() - began < 2
    title = texts(painted(chart))[0]
    assert title.rstrip("…").replace(" ", "") in drawable(hostile, 200).replace(" ", "")


def test_a_dollar_sign_is_a_dollar_sign():
    assert texts(painted(one([1.0], title="AT&T $5 - $10")))[0] == "AT&T $5 - $10"
    assert not painted(one([1.0], title="AT&T $5 - $10")).texts[0].get_parse_math()


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("zh-Hant", "大額委託看多，權利金淨額為平日的五倍"),
        ("zh-Hans", "大额委托看多，权利金净额为平日的五倍"),
    ],
)
def test_chinese_is_drawn_with_every_glyph(language, title):
    """A missing glyph is a warning, and a warning fails a test."""
    chart = one([8.3e11, -2e7], kind="bars", title=title)
    draw(Message("", chart, title, sample=True, language=language))
    (axes,) = painted(chart, language).axes
    assert any(tick.get_text()[-1] in "億亿" for tick in axes.get_yticklabels())
    assert texts(painted(chart, language))[0] == title


def test_a_line_is_broken_where_a_reader_would_and_never_wider_than_its_room():
    lines, fits = wrap("GOOG：大額委託看多，權利金淨額", 50, 500, 2)
    assert (lines, fits) == (["GOOG：大額委託看", "多，權利金淨額"], True)
    lines, fits = wrap("word " * 100, 50, 500, 2)
    assert not fits
    assert lines[1].endswith("…")
    assert all(length(line, 50) <= 500 for line in lines)


def test_panels_share_the_height_by_their_weights_within_what_each_needs():
    assert share_out([Need(0, 900, 2), Need(0, 900, 1)], 600) == pytest.approx([400, 200])
    assert share_out([Need(0, 300, 2), Need(0, 900, 1)], 600) == pytest.approx([300, 300])
    assert share_out([Need(0, 900, 2), Need(250, 900, 1)], 600) == pytest.approx([350, 250])
    # what nobody can use is left
    assert share_out([Need(0, 100, 2), Need(0, 100, 1)], 600) == pytest.approx([100, 100])


def test_an_empty_panel_beside_a_known_one_says_not_known():
    panels = [Panel("p", "USD", [Series("s", "line", [1.0])]), Panel("nobody leads", "USD", rows=())]
    _, empty = painted(Chart("t", ["2025-03-14"], panels)).axes
    assert [text.get_text() for text in empty.texts] == ["not known"]


def test_a_long_name_of_a_panel_takes_two_lines():
    about = "Calls bought and puts sold against puts bought and calls sold; sides are inferred"
    figure = painted(Chart("t", (), [Panel(about, "USD", rows=[Row("A", 1.0)])]))
    assert figure.axes[0].get_title("left").replace("\n", " ") == f"{about} (USD)"
    assert overlapping(figure) == []


def test_low_panels_have_fewer_steps_so_that_their_figures_do_not_touch():
    bars = [Series(f"a longer name of a series, {name}", "bars", [1e6, -2e6, 3e6]) for name in "abc"]
    figure = painted(Chart("t " * 60, DAYS, [Panel("p", "USD", bars)] * 3))
    assert overlapping(figure) == []
    assert min(text.get_size() for text in written(figure)) >= 24
    assert all(axes.get_window_extent().y0 > FOOT for axes in figure.axes)
    assert all(axes.get_window_extent().y1 < HEIGHT for axes in figure.axes)


def test_a_number_beyond_words_is_written_with_its_power():
    panel = Panel("p", "×", [Series("s", "line", [1e22, -1e22])])
    (axes,) = painted(Chart("t", DAYS[:2], [panel])).axes
    assert axes.get_legend().get_texts()[0].get_text() == "s: −1.00e+22"
