"""Numbers, dates and sentences as people read them."""

from datetime import UTC, date, datetime

import pytest

from bot.commentary.languages import translator
from bot.commentary.numbers import clean, fill, format_value, write

EN = translator("en")


@pytest.mark.parametrize(
    ("value", "kind", "language", "said"),
    [
        (1_234_567, "usd", "en", "$1.23M"),
        (-1_234_567, "usd", "en", "-$1.23M"),
        (999_999, "usd", "en", "$1M"),  # not $1000K
        (830e9, "usd", "en", "$830B"),
        (830e9, "usd", "zh-Hant", "US$8300億"),
        (830e9, "usd", "zh-Hans", "US$8300亿"),
        (1_234_567, "usd", "zh-Hant", "US$123萬"),
        (9_999, "usd", "en", "$9,999"),
        (12.5, "usd", "en", "$12.50"),
        (-0.0, "usd", "en", "$0"),
        (2.448, "x", "en", "2.45×"),
        (2.4, "x", "en", "2.4×"),
        (1510, "x", "en", "1,510×"),
        (0.71, "pct", "en", "71 %"),
        (0.004, "pct", "en", "0.4 %"),
        (1234, "int", "en", "1,234"),
        ("2025-03-14", "date", "en", "2025-03-14"),
        (date(2025, 3, 14), "date", "en", "2025-03-14"),
        ("2025-03-15T01:00:00+00:00", "date", "en", "2025-03-14"),  # still the 14th in New York
        (datetime(2025, 3, 14, 20, 45, tzinfo=UTC), "time", "en", "2025-03-14 16:45 ET"),
        (datetime(2025, 1, 14, 21, 45, tzinfo=UTC), "time", "en", "2025-01-14 16:45 ET"),  # winter time
        ("2025-03-14T20:45:00+00:00", "time", "zh-Hant", "2025-03-14 16:45 ET"),
        (["NVDA", "AMD"], None, "en", "NVDA, AMD"),
        (True, None, "en", "yes"),
        (27.16, None, "en", "27.2"),
        (0.71, "pct", "zh-Hant", "71%"),
        (2.448, "x", "zh-Hans", "2.45 倍"),
        (True, None, "zh-Hant", "是"),
        ("buy", None, "zh-Hant", "買進"),
        ("off_exchange", None, "zh-Hans", "场外"),
        ("some_feed", None, "zh-Hant", "some_feed"),
        ("USD", None, "zh-Hant", "USD"),  # a ticker, though there is a word like it
        ([{"side": "sell", "premium_usd": 2000.0}], None, "zh-Hant", "方向 賣出, 權利金 US$2,000"),
    ],
)
def test_a_value_is_written_as_people_read_it(value, kind, language, said):
    assert format_value(value, kind, language) == said


@pytest.mark.parametrize("unknown", [None, float("nan"), float("inf")])
def test_a_sentence_with_an_unknown_fact_is_left_out_and_never_says_zero(unknown):
    assert fill("Ratio {ratio:x}", {"ratio": unknown}, EN, "en") is None
    with pytest.raises(ValueError, match="leave its sentence out"):
        format_value(unknown, "x", "en")


def test_a_fact_an_earlier_version_did_not_store_is_left_out_and_a_wrong_kind_is_a_mistake():
    assert fill("Ratio {ratios:x}", {"ratio": 2.0}, EN, "en") is None
    with pytest.raises(ValueError, match="no kind 'times'"):
        fill("Ratio {ratio:times}", {"ratio": 2.0}, EN, "en")


def test_a_strangers_words_are_shown_literally_and_filled_in_only_once():
    facts = {"name": "AT&T <b>{ratio}</b> {0.__class__}", "ratio": 2.0}
    assert fill("By {name}", facts, EN, "en") == "By AT&amp;T &lt;b&gt;{ratio}&lt;/b&gt; {0.__class__}"
    assert write("By {name}", facts, EN, "en") == "By AT&T <b>{ratio}</b> {0.__class__}"


def test_control_and_direction_characters_do_not_reach_a_reader():
    assert clean("GOOG\u202eLPAA\x00\n\nInc\u200b") == "GOOG LPAA Inc"
    assert clean("x" * 1_000_000, 10) == "x" * 9 + "…"


def test_a_list_of_orders_is_read_by_people_not_by_programs() -> None:
    orders = [{"contract": "ACME 100 C", "premium_usd": 2000.0, "side": None}, {"contract": "ACME 90 P"}]
    assert format_value(orders, None, "en") == "contract ACME 100 C, premium $2,000; contract ACME 90 P"
    assert format_value({"swap": 2, "not listed": 1}, None, "en") == "swap 2, not listed 1"
