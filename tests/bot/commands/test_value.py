"""/value: one card under any name, what stands behind each button, and no number that is not in the card."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from desk_stage import NOW, Desk

from bot import desk
from bot.commentary.charts import draw
from bot.commentary.desk import commentary
from bot.commentary.desk_card import VIEWS, alert, view, whats_new
from bot.commentary.languages import LOCALES
from bot.commentary.lengths import visible
from bot.commentary.numbers import KINDS, format_value
from bot.fact_orders import read_order, store_order
from feeds._fact_basis import VALUATIONS
from indicators import Signal

LANGUAGES = [*LOCALES]
SPACEX = (
    "SpaceX", "spacex", "SPACEX", "Space X", "space  x", "Space Exploration Technologies",
    "space exploration technologies CORP", "太空探索技術公司", "太空探索技术公司",
)  # fmt: skip
#: what no sentence of ours says to anybody
ADVICE = re.compile(
    r"\b(buy|sell|hold|should|ought|recommend\w*|advi[sc]e\w*|cheap\w*|bargain|(under|over)valued|attractive)\b"
    "|買入|賣出|買進|建議|應該|推薦|便宜|低估|高估|值得|买入|卖出|买进|建议|应该|推荐|值得",
    re.IGNORECASE,
)
#: a date, or a number with the sign and the scale it is written with
NUMBER = re.compile(
    r"\d{4}-\d\d(?:-\d\d)?|(?:US)?\$?\d[\d,]*(?:\.\d+)?(?:[KMBT](?![A-Za-z])|[兆億亿萬万]+|\s?[×%倍])?"
)


@pytest.fixture(scope="module")
def cards(reader: Desk) -> list[Signal]:
    """Every card there is."""
    return desk.cards(reader.rooms, NOW)


@pytest.mark.parametrize("name", SPACEX)
def test_a_company_is_found_by_any_of_its_names_however_it_is_spelled(name: str, reader: Desk) -> None:
    assert reader.told(f"/value {name}") == reader.told("/value SpaceX")


@pytest.mark.parametrize(
    ("names", "company"),
    [
        (("TSLA", "tsla", "Tesla Motors", "特斯拉"), "Tesla"),
        (("RKLB", "rklb", "火箭實驗室", "火箭实验室"), "Rocket Lab"),
        (("Open AI", "CHATGPT"), "OpenAI"),
        (("aramco", "沙特阿美"), "Saudi Aramco"),
    ],
)
def test_a_listed_company_is_found_by_its_ticker_too(
    names: tuple[str, ...], company: str, reader: Desk
) -> None:
    card = reader.told(f"/value {company}")
    assert card.startswith(f"<b>{company} · ")
    assert {reader.told(f"/value {name}") for name in names} == {card}


def test_what_was_traded_and_what_is_hoped_for_are_two_lines_and_never_one_range(reader: Desk) -> None:
    lines = reader.told("/value SpaceX").splitlines()
    assert re.match(r"💵 <b>\$800B</b> — secondary sale of shares, reported, 2025-12-12 \(", lines[1])
    assert re.match(r"🎯 <b>\$1.5T</b> — target for an IPO, rumoured, 2025-12 \(", lines[2])
    assert not any("$800B" in line and "$1.5T" in line for line in lines)
    assert not any("–" in line for line in lines[1:3])


def test_a_run_rate_is_not_divided_beside_a_years_sales_and_a_sentence_says_so(reader: Desk) -> None:
    card = reader.told("/value OpenAI")
    assert "65.4× its sales of $12.7B in 2025 (forecast)" in card
    assert "20B" not in card
    sources = reader.told("/value OpenAI sources")
    assert "Not divided" in sources
    assert (
        "20,000,000,000 USD is an annualised run-rate of 2025-11-06, not the revenue of a fiscal year"
        in sources
    )
    assert "≥ $20B</b> — annualised run-rate" in sources
    (signal,) = desk.cards(reader.rooms, NOW, ["OpenAI"])
    assert "V002" not in {each["denominator"] for each in signal.facts["multiples"]}


def test_money_is_written_as_the_language_does(reader: Desk) -> None:
    assert "US$8000億" in reader.told("/value SpaceX", "zh-Hant")
    assert "US$1.5兆" in reader.told("/value SpaceX", "zh-Hant")
    assert "US$8000亿" in reader.told("/value SpaceX", "zh-Hans")
    assert "US$1.5万亿" in reader.told("/value SpaceX", "zh-Hans")


def test_behind_the_buttons_stand_peers_what_must_be_true_sources_and_history(reader: Desk) -> None:
    peers = reader.told("/value SpaceX peers").splitlines()
    assert peers[1:8] == [
        f"{symbol}: {multiple}× — ${multiple}B (2026-01-14) ÷ $1B (2025-12-31)"
        for symbol, multiple in (
            ("HWM", 30), ("RTX", 12), ("LHX", 10), ("NOC", 8), ("PL", 6), ("LUNR", 4), ("RKLB", 2)
        )
    ]  # fmt: skip
    assert peers[8].startswith("Median 8×, middle half 5× to 11×, nine in ten below 19.2×; n = 7")
    must = reader.told("/value SpaceX MUST")
    # 800 × 1.15^5 ÷ 10 = 160.9, and (160.9 ÷ 15)^(1/5) − 1 = 0.607
    (ten,) = [line for line in must.splitlines() if "sold at 10× sales in 2030" in line]
    assert "15 %: $161B (61 % a year)" in ten
    assert "25,000,000,000 ÷ 1,500,000,000,000 = 1.7 %" in must
    sources = reader.told("/value Space X sources")
    assert "2025-12-12 <b>$800B</b> — secondary sale of shares, reported; Bloomberg" in sources
    assert "[V005]" in sources
    history = reader.told("/value 太空探索技術公司 history").splitlines()
    assert re.match(r"[●○] 2025-12-21 ", history[1])
    days = [line.split()[1] for line in history[1:]]
    assert days == sorted(days, reverse=True)
    assert any(line.startswith("● 2024-06 <b>$210B</b>") for line in history)


def test_each_claim_stands_once_with_who_makes_it_and_why_it_is_not_computed_with(reader: Desk) -> None:
    sources = reader.told("/value SpaceX sources")
    claims = [block for block in sources.split("• ") if "[S025]" in block]
    assert [block.splitlines()[0] for block in claims] == ["valuation, not computed with:"]
    (apart,) = [block for block in sources.split("• ") if "never one range" in block and "[V005]" in block]
    lines = [line.strip() for line in apart.splitlines()[1:]]
    assert lines[0].startswith("◦ $1.5T target for an IPO: ")
    assert lines[1].startswith("◦ $800B secondary sale of shares: ")
    assert "[V005]" in lines[1]


def test_a_fact_is_read_by_its_reference_with_what_it_replaced(reader: Desk) -> None:
    fact = reader.told("/value v005")
    assert fact.startswith("<b>SpaceX</b> valuation")
    assert "<b>$800B</b> · secondary sale of shares, reported, as of 2025-12-12" in fact
    assert "Bloomberg, company memo, 2025-12-12 [V005]" in fact
    newer = reader.told("/value V004").splitlines()
    assert "[V004]" in newer[0]
    assert newer[1].startswith("Replaces: <b>OpenAI</b> valuation")
    assert "[S040]" in newer[1]
    older = reader.told("/value S040").splitlines()
    assert "[S040]" in older[0]
    assert older[1].startswith("Replaced by: ")
    assert "[V004]" in older[1]
    assert "⚠️ its source makes one figure of two" in reader.told("/value S025")


def test_the_list_has_a_line_for_each_company_with_a_valuation(reader: Desk, cards: list[Signal]) -> None:
    head, *lines = reader.told("/value LIST").splitlines()
    assert head == "<b>Companies with a valuation</b>"
    names = sorted((signal.subject for signal in cards), key=str.casefold)
    assert [line[3:].partition("</b>")[0] for line in lines] == names
    assert {"OpenAI", "Rocket Lab", "SpaceX", "Tesla"} <= {*names}
    assert re.match(r"<b>SpaceX</b> \$800B \(2025-12-12\), 53.3× P/S 2025E", lines[names.index("SpaceX")])


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("spacx", "No company “spacx” is known; near: SpaceX"),
        ("OpenIA", "near: OpenAI"),
        ("rocketlab", "near: Rocket Lab"),
        ("特斯", "near: Tesla"),
        ("qqqqqq", "No company “qqqqqq” is known; near: SpaceX, OpenAI."),
        ("Starlink", "No valuation of Starlink is known. /value list shows the companies that have one."),
        ("V999", "No company “V999” is known"),
        ("peers", "No company “peers” is known"),
        ("", "Which company? For example: /value SpaceX"),
    ],
)
def test_a_name_that_is_not_known_brings_the_nearest(typed: str, says: str, reader: Desk) -> None:
    answer = reader.told(f"/value {typed}")
    assert says in answer
    assert len(answer) <= 400


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_room_and_every_button_is_a_command_that_answers(
    language: str, reader: Desk, cards: list[Signal]
) -> None:
    for signal in cards:
        (card,) = reader.say(f"/value {signal.subject}", language)
        assert visible(card.text) <= 1024
        assert card.chart is not None
        made = [button for row in card.buttons for button in row]
        assert len(made) == len(VIEWS)
        for button in made:
            assert 1 <= len(button.data.encode()) <= 64
            answer = reader.told(button.data, language)
            assert answer == view(signal.facts, button.data.rpartition(" ")[2], language)
            assert visible(answer) <= 4096
    assert visible(reader.told("/value list", language)) <= 4096


def test_beside_a_synthetic_market_a_card_says_that_its_facts_are_real(reader: Desk) -> None:
    (card,) = reader.say("/value SpaceX", sample=True)
    assert card.sample
    assert "🧪 SAMPLE market, but these facts are real" in card.text
    assert card.footer.startswith("SAMPLE market, but these facts are real")
    assert visible(card.text) <= 1024
    assert "SAMPLE" not in reader.told("/value SpaceX")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("company", ["SpaceX", "OpenAI", "Rocket Lab", "Saudi Aramco"])
def test_the_picture_can_be_drawn(company: str, language: str, reader: Desk) -> None:
    (card,) = reader.say(f"/value {company}", language)
    assert draw(card).startswith(b"\x89PNG")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_commentary_is_three_to_six_points_and_advises_nobody(language: str, cards: list[Signal]) -> None:
    for signal in cards:
        said = commentary(signal.facts, language)
        assert 3 <= len(said) <= 6
        assert not ADVICE.search(" ".join(said))
        assert all(each.strip() and not re.search(r"[{}]|None|nan", each) for each in said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_that_is_said_is_in_the_card(language: str, cards: list[Signal]) -> None:
    for signal in cards:
        known = {*_numbers(signal.facts, language), format_value(0.05, "pct", language)}
        for sentence in commentary(signal.facts, language):
            assert {*NUMBER.findall(sentence)} <= known, sentence


def _numbers(told: Any, language: str) -> Iterator[str]:
    """Every number of a card in every way it may be written; those in words, such as dates, as they are."""
    if isinstance(told, dict | list):
        for each in told.values() if isinstance(told, dict) else told:
            yield from _numbers(each, language)
    elif isinstance(told, str):
        yield from NUMBER.findall(told)
    elif isinstance(told, int | float) and not isinstance(told, bool):
        yield str(told)
        for kind in (*KINDS, None):
            yield from NUMBER.findall(format_value(told, kind, language))


def test_the_past_is_read_as_it_was_known(reader: Desk) -> None:
    before = desk.cards(reader.rooms, NOW.replace(year=2025, month=11), ["SpaceX"])[0]
    assert [mark["ref"] for mark in before.facts["marks"] if mark["headline"]] == ["V007"]
    assert not any(mark["as_of"] >= "2025-12" for mark in before.facts["marks"])
    assert date.fromisoformat("2025-12-12") > before.as_of.date()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_company_with_a_mark_of_every_basis_has_room_all_the_same(language: str, writer: Desk) -> None:
    at = NOW
    for basis in VALUATIONS:
        at += timedelta(seconds=1)
        words = f"fact SpaceX valuation $900.1B-$950.2B as_of=2026-01-08 basis={basis} from={'P' * 120}"
        store_order(writer.rooms, read_order(writer.rooms, words, "en", at, at), at)
    (before,) = desk.cards(writer.rooms, NOW, ["SpaceX"])
    (after,) = desk.cards(writer.rooms, at, ["SpaceX"])
    news = [*whats_new(after, before, language)]
    assert len(news) >= 6
    for sample in (False, True):
        (card,) = writer.say("/value SpaceX", language, now=at, sample=sample)
        told = alert(after, news, "you watch {subject}", language, None, sample=sample)
        for text in (card.text, told.text):
            assert visible(text) <= 1024
            assert "💵 <b>" in text
        assert "🔔" in told.text
    for name in VIEWS:
        assert visible(view(after.facts, name, language)) <= 4096
    assert visible(writer.told("/compare SpaceX OpenAI", language, now=at)) <= 1024
