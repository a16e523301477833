"""Yahoo: daily bars of sessions that are over, split-adjusted, every row accounted for."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from chains import CLOSE, FRIDAY, FRIDAY_CLOSE, META, MONDAY, SETTLED, chart
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from feeds import Parsed, Raw
from feeds.yahoo import FEED, parse
from storage.intake import store
from storage.tables import Bar
from storage.tape import TapeStore

WINDOW = "bars ACME 2024-03-01 2024-03-04"


def read(document: Any, name: str = "chart.json") -> Parsed:
    return parse(Raw(name, json.dumps(document).encode()))


def closes(parsed: Parsed) -> dict[date, int]:
    rows = parsed.accepted[Bar].to_pylist() if parsed.accepted else []
    return {row["session"]: row["close_e4"] for row in rows}


def why(parsed: Parsed) -> list[str]:
    return [bad.reason for bad in parsed.bad]


def test_a_bar_is_known_at_the_close_with_prices_of_four_decimals() -> None:
    parsed = read(chart(FRIDAY, MONDAY))
    assert not parsed.bad
    assert parsed.accepted[Bar].to_pylist()[1] == {
        "event_at": datetime(2024, 3, 4, 21, tzinfo=UTC), "known_at": datetime(2024, 3, 4, 21, tzinfo=UTC),
        "source": "yahoo", "symbol": "ACME", "session": date(2024, 3, 4), "open_e4": 25_4000,
        "high_e4": 26_1000, "low_e4": 25_2500, "close_e4": 26_0875, "volume": 1_500,
    }  # fmt: skip
    assert closes(parsed) == {date(2024, 3, 1): 25_3500, date(2024, 3, 4): 26_0875}


def test_a_number_is_taken_as_it_is_written_not_as_a_float_holds_it() -> None:
    body = json.dumps(chart(MONDAY)).replace("26.087499618530273", "26.000050000000000000001")
    # a float would be 26.00005, a tie that goes to the even 26.0000
    assert closes(parse(Raw("x", body.encode()))) == {date(2024, 3, 4): 26_0001}


def test_a_half_day_is_known_at_its_own_close() -> None:
    # Friday, 2024-11-29: 9:30 to 13:00 New York
    parsed = read(chart(MONDAY | {"timestamp": 1732890600}, regularMarketTime=1732903201))
    assert parsed.accepted[Bar]["known_at"].to_pylist() == [datetime(2024, 11, 29, 18, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (dict.fromkeys(("open", "high", "low", "close", "volume")), "open is missing"),
        ({"close": None}, "close is missing"),
        ({"volume": None}, "volume is missing"),
        ({"volume": -1}, "volume is negative"),
        ({"open": 0}, "open is not positive"),
        ({"open": "NaN"}, "open is not a number"),
        ({"low": [1]}, "low is not a value"),
        ({"high": 25}, "high is below low"),
        ({"open": 27}, "open is outside low and high"),
        ({"close": 25.2}, "close is outside low and high"),
        ({"timestamp": None}, "timestamp is missing"),
        ({"timestamp": (CLOSE - 23_400) * 1000}, "timestamp is outside 2000 to 2034"),
        ({"timestamp": CLOSE - 2 * 86_400}, "not a session of the exchange"),
        ({"timestamp": CLOSE + 86_400}, "the session was still open"),
    ],
)
def test_a_bad_bar_says_why_and_spoils_no_other(change: dict[str, Any], reason: str) -> None:
    parsed = read(chart(FRIDAY, MONDAY | change))
    assert why(parsed) == [reason]
    assert closes(parsed) == {date(2024, 3, 1): 25_3500}
    assert parsed.received == 2


def test_a_close_a_hair_above_the_high_is_a_32_bit_float_not_a_mistake() -> None:
    assert not read(chart(MONDAY | {"close": 26.1009})).bad
    assert why(read(chart(MONDAY | {"close": 26.1039}))) == ["close is outside low and high"]


def test_the_bar_of_a_session_that_is_still_open_is_refused() -> None:
    live = MONDAY | {"timestamp": CLOSE - 60}
    parsed = read(chart(FRIDAY, live, regularMarketTime=CLOSE - 60))
    assert (why(parsed), list(closes(parsed))) == (["the session was still open"], [date(2024, 3, 1)])
    # asked once Friday was settled, answered on Monday: still no word on Monday
    assert why(read(chart(live, regularMarketTime=CLOSE - 60), "bars ACME 2024-03-01 2024-03-01"))
    assert why(read(chart(live, regularMarketTime=None)))


def test_a_share_that_last_traded_before_the_close_has_its_bar_once_that_is_settled() -> None:
    quiet = chart(MONDAY, regularMarketTime=CLOSE - 600)
    assert list(closes(read(quiet, WINDOW))) == [date(2024, 3, 4)]
    for said, accepted in (("21:44:59", 0), ("21:45:00", 1)):
        headers = {"date": f"Mon, 04 Mar 2024 {said} GMT"}
        wrapped = {"request": {}, "response": {"headers": headers, "bodyJson": quiet}}
        assert read(wrapped).accepted_rows == accepted


def test_of_a_session_that_comes_twice_the_later_bar_counts() -> None:
    parsed = read(chart(FRIDAY, MONDAY | {"volume": 1_400}, MONDAY | {"timestamp": CLOSE + 1}))
    assert why(parsed) == ["the session comes again in it"]
    assert parsed.accepted[Bar]["volume"].to_pylist() == [1_200, 1_500]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (chart(), "no bars in it"),
        (chart(MONDAY, currency="CAD"), "currency is not USD"),
        (chart(MONDAY, dataGranularity="1wk"), "not daily bars"),
        (chart(MONDAY, exchangeTimezoneName="Europe/London"), "not of an exchange in New York"),
        (chart(MONDAY, symbol=None), "symbol is missing"),
        (chart(MONDAY, symbol="OTHER"), "an answer about another symbol than was asked"),
        (chart(MONDAY, regularMarketTime="soon"), "regularMarketTime is not a number"),
        ({"chart": {"result": [{"meta": META, "timestamp": [CLOSE], "indicators": {"quote": [{}]}}]}},
         "not as many prices as times"),
        ({"chart": {"result": [{"meta": META, "timestamp": [CLOSE], "indicators": 7}]}},
         "not as many prices as times"),
        ({"chart": {"result": None, "error": {"code": "Not Found"}}}, "an error of Yahoo's, not data"),
        ({"chart": {"result": [], "error": None}}, "not a kind this feed reads"),
    ],
)  # fmt: skip
def test_an_answer_without_bars_of_ours_is_one_quarantined_row(document: Any, reason: str) -> None:
    parsed = read(document, WINDOW)
    assert (why(parsed), parsed.accepted_rows) == ([reason], 0)


def test_an_index_and_a_share_class_keep_the_names_they_are_watched_by() -> None:
    index = read(chart(MONDAY, symbol="^GSPC"), "bars ^GSPC 2y")
    share = read(chart(MONDAY, symbol="BRK-B"), "bars BRK.B 2y")
    assert [each.accepted[Bar]["symbol"].to_pylist() for each in (index, share)] == [["^GSPC"], ["BRK.B"]]


@pytest.mark.parametrize("name", ["bars ACME 2024-13-45 2024-99-99", "bars ACME 2024-03-02 2024-03-03"])
def test_a_name_that_tells_no_session_is_no_reason_to_fail(name: str) -> None:
    assert why(read(chart(MONDAY, regularMarketTime=CLOSE - 60), name)) == ["the session was still open"]


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=1),
)
BARS = st.fixed_dictionaries(dict.fromkeys(FRIDAY, CELLS))


@given(st.lists(st.one_of(BARS, st.sampled_from([FRIDAY, MONDAY])), min_size=1, max_size=5))
def test_whatever_the_cells_hold_every_bar_is_accounted_for(bars: list[dict[str, Any]]) -> None:
    parsed = read(chart(*bars))
    assert parsed.received == len(bars)
    if parsed.accepted:
        assert {row["event_at"].timestamp() for row in parsed.accepted[Bar].to_pylist()} <= {
            FRIDAY_CLOSE,
            CLOSE,
        }


def test_loading_bars_twice_stores_them_once(engine: Engine, tapes: TapeStore) -> None:
    for new in (2, 0):
        accepted = dict(read(chart(FRIDAY, MONDAY)).accepted)
        account = store(
            engine, tapes, feed=FEED.name, name="x", body=b"x", accepted=accepted, bad=[], now=SETTLED
        )
        assert account.new == new
