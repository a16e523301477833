"""/compare: a line and a bar for each mark, a reason where there is none, and no company twice."""

import pytest
from desk_stage import Desk

from bot.commentary.charts import draw
from bot.commentary.languages import LOCALES
from bot.commentary.lengths import visible


def test_two_stand_side_by_side_with_the_kind_of_each_mark(reader: Desk) -> None:
    (message,) = reader.say("/compare SpaceX OpenAI")
    head, *lines = message.text.splitlines()
    assert head == "<b>What companies cost by what they sell</b>"
    starts = [line.partition(" — ")[0] for line in lines[:4]]
    assert starts == [
        "<b>SpaceX</b> 53.3× P/S 2025E", "<b>SpaceX</b> 100× P/S 2025E",
        "<b>OpenAI</b> 65.4× P/S 2025E", "<b>OpenAI</b> 39.4× P/S 2025E",
    ]  # fmt: skip
    assert "$1.5T: target for an IPO, rumoured, 2025-12" in lines[1]
    assert message.chart is not None
    # 1500 ÷ 15, 830 ÷ 12.7, 800 ÷ 15, 500 ÷ 12.7: the dearest first
    (panel,) = message.chart.panels
    assert [round(row.right, 1) for row in panel.rows] == [100.0, 65.4, 53.3, 39.4]


def test_up_to_six_have_room_beside_one_picture(reader: Desk) -> None:
    names = ("SpaceX", "OpenAI", "Tesla", "Rocket Lab", "Saudi Aramco", "Planet Labs")
    for language in LOCALES:
        (message,) = reader.say(f"/compare {', '.join(names)}", language)
        assert visible(message.text) <= 1024
        assert all(f"<b>{name}</b>" in message.text for name in names)
        assert draw(message).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "words", ["Rocket Lab, SpaceX", " rocket  lab ,SPACEX, ", "RKLB SpaceX", "火箭實驗室 太空探索技術公司"]
)
def test_a_name_of_several_words_stands_between_commas(words: str, reader: Desk) -> None:
    answer = reader.told(f"/compare {words}")
    # RKLB: 2 billion by its close ÷ 1 billion as filed
    assert "<b>Rocket Lab</b> 2× — $2B (2026-01-14), last twelve months 2025-12-31" in answer
    assert "<b>SpaceX</b> 53.3× P/S 2025E" in answer
    assert "Sales are of different years and kinds: compare with care." in answer


def test_one_without_sales_says_so_and_has_no_bar(reader: Desk) -> None:
    (message,) = reader.say("/compare Saudi Aramco, SpaceX")
    assert "<b>Saudi Aramco</b>: no sales known, so no multiple" in message.text
    assert message.chart is not None
    assert {row.name for row in message.chart.panels[0].rows} == {"SpaceX"}


def test_names_of_one_company_are_one_company(reader: Desk) -> None:
    for words in ("SpaceX spacex", "SpaceX, Space X", "TSLA Tesla 特斯拉"):
        assert "Those are names of one company." in reader.told(f"/compare {words}")
    assert reader.told("/compare SpaceX OpenAI SPACEX") == reader.told("/compare SpaceX OpenAI")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "Which companies? At least two."),
        ("SpaceX", "Which companies? At least two."),
        ("SpaceX SpaceX", "Which companies? At least two."),
        (", ,,", "Which companies? At least two."),
        ("A B C D E F G", "That is 7 companies; at most 6 fit."),
        ("A, B, C, D, E, F, G", "That is 7 companies; at most 6 fit."),
        ("SpaceX spacx", "No company “spacx” is known; near: SpaceX"),
        ("SpaceX qqqqqq", "No company “qqqqqq” is known; near: SpaceX, OpenAI."),
        ("SpaceX Starlink", "No valuation of Starlink is known."),
        ("SpaceX, " + "x" * 600, "That is too long for the names of companies."),
        ("SpaceX <b>x</b>", "No company “&lt;b&gt;x&lt;/b&gt;” is known"),
        ("SpaceX '; DROP TABLE fact;--", "No company “';” is known"),
        ("SpaceX \u202e\x00", "is known; near: "),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(words: str, says: str, reader: Desk) -> None:
    answer = reader.told(f"/compare {words}")
    assert says in answer
    assert len(answer) <= 400
    assert "Usage: /compare" in answer
