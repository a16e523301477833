"""Unusual Whales: totals of days, minutes and contracts, each of its session and known when it was out."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whales import TOTALS, only, read, recorded, why

from storage.tables import OptionContract, OptionDay, OptionMinute

MARKET_TOTALS = {
    "date": "2024-07-03", "call_premium": "27941805305.67", "put_premium": "12600643891.27",
    "call_volume": 52134725, "put_volume": 33737167,
}  # fmt: skip
TICK = {
    "date": "2024-03-04", "tape_time": "2024-03-04T14:30:00.000000Z", "call_volume": 9, "put_volume": 7,
    "net_call_premium": "10.5", "net_put_premium": "-4", "net_call_volume": 3, "net_put_volume": 1,
}  # fmt: skip
CHANGE = {
    "option_symbol": "ACME240315P00025000", "underlying_symbol": "ACME", "curr_date": "2024-03-05",
    "last_date": "2024-03-04", "curr_oi": 120, "last_oi": 100, "volume": 30, "prev_total_premium": "900.50",
}  # fmt: skip
SNAPSHOT = {
    "option_symbol": "ACME240315P00025000", "volume": 30, "open_interest": 100, "prev_oi": 90,
    "total_premium": "900.50", "last_price": "0.30",
}  # fmt: skip
#: New York closes at 16:00, 21:00 UTC in March
OPEN, AFTER = "2024-03-04T10:00:00", "2024-03-04T17:00:00"


def wrapped(rows: Any, endpoint: str, ticker: str | None = None, saved_at: str = AFTER) -> dict[str, Any]:
    metadata = {"endpoint": endpoint, "ticker": ticker, "saved_at": saved_at}
    return {"metadata": metadata, "data": {"data": rows}}


def point(minute: int, call: int, put: int = 0, volume: int | None = 0) -> dict[str, Any]:
    """A point of the market's tide, `minute` minutes after the opening."""
    return {
        "timestamp": f"2024-03-04T{9 + (30 + minute) // 60:02}:{(30 + minute) % 60:02}:00-05:00",
        "date": "2024-03-04", "net_call_premium": str(call), "net_put_premium": str(put),
        "net_volume": volume,
    }  # fmt: skip


def tide(points: list[dict[str, Any]], **about: Any) -> Any:
    return read(wrapped(points, "market_tide", **about))


def test_a_days_totals_are_known_when_the_session_is_settled() -> None:
    # a half day: closed at 13:00 New York, settled at 13:45
    for answer in (
        read({"metadata": {"ticker": "ACME"}, "data": {"data": [TOTALS]}}),
        read({"data": [TOTALS]}, name="options-volume ACME 2024-07-03T17:45:00Z"),
        read({"data": [TOTALS]}, name="files/options_volume__ACME_2024-07-04T19.json"),
    ):
        day = only(answer, OptionDay)
        assert (day["symbol"], day["call_premium_e4"], day["put_premium_e4"]) == (
            "ACME", 7_202_163_490_000, 8_012_715_110_000,
        )  # fmt: skip
        assert (day["net_call_premium_e4"], day["net_put_premium_e4"]) == (-10_2500, None)
        assert day["event_at"] == datetime(2024, 7, 3, 17, 0, tzinfo=UTC)
        assert day["known_at"] == datetime(2024, 7, 3, 17, 45, tzinfo=UTC)
    assert why({"data": [TOTALS]}) == ["not a kind this feed reads"]  # of whom?


def test_totals_without_a_ticker_and_without_a_side_are_the_markets() -> None:
    day = only(read([MARKET_TOTALS]), OptionDay)
    assert (day["symbol"], day["call_premium_e4"]) == ("MARKET", 279_418_053_056_700)
    assert day["bullish_premium_e4"] is day["net_put_premium_e4"] is None
    for look_alike in ({"strike": "5"}, {"expiry": "2024-07-05"}, {"bullish_premium": "1"}):
        assert why([MARKET_TOTALS | look_alike]) == ["not a kind this feed reads"]


def test_totals_from_before_the_session_was_settled_are_not_the_days() -> None:
    for name in ("options-volume ACME 2024-07-03T17:44:59Z", "total-options-volume 2024-07-03T17:44:59Z"):
        parsed = read([MARKET_TOTALS], name)
        assert [bad.reason for bad in parsed.bad] == ["the session was not over when it was asked for"]


def test_a_tick_is_known_a_minute_after_it_is_over() -> None:
    row = only(read([TICK], name="net-prem-ticks ACME 2024-03-04 2024-03-04T14:32:00Z"), OptionMinute)
    assert (row["kind"], row["symbol"], row["session"]) == ("ticker", "ACME", date(2024, 3, 4))
    assert (row["net_call_premium_e4"], row["net_put_premium_e4"]) == (10_5000, -4_0000)
    assert row["known_at"] == datetime(2024, 3, 4, 14, 32, tzinfo=UTC)
    early = read([TICK], name="net-prem-ticks ACME 2024-03-04 2024-03-04T14:31:59Z")
    assert [bad.reason for bad in early.bad] == ["was not over when it was asked for"]
    assert why([TICK]) == ["not a kind this feed reads"]  # of whom?


def test_a_tide_counts_up_from_the_opening_and_is_stored_as_what_each_stretch_added() -> None:
    parsed = tide([point(0, -5, 1, -3), point(5, 7, 1, 4), point(10, 4, -2, None), point(15, 5, 0, 9)])
    rows = parsed.accepted[OptionMinute].to_pylist()
    assert [row["net_call_premium_e4"] // 10_000 for row in rows] == [-5, 12, -3, 1]
    assert [row["net_put_premium_e4"] // 10_000 for row in rows] == [1, 0, -3, 2]
    assert [row["net_volume"] for row in rows] == [-3, 7, None, None]
    assert {(row["kind"], row["symbol"]) for row in rows} == {("tide", "MARKET")}
    # five minutes long, and the vendor gets one more to finish
    assert rows[0]["known_at"] == datetime(2024, 3, 4, 14, 36, tzinfo=UTC)


def test_a_stretch_that_was_not_over_waits_for_the_next_answer() -> None:
    parsed = tide([point(0, 1), point(5, 2), point(10, 3)], saved_at="2024-03-04T09:41:30")
    assert [bad.reason for bad in parsed.bad] == ["was not over when it was asked for"]
    assert parsed.accepted[OptionMinute]["net_call_premium_e4"].to_pylist() == [1_0000, 1_0000]
    later = tide([point(0, 1), point(5, 2), point(10, 4), point(15, 5)], saved_at="2024-03-04T09:47:30")
    # whatever the minute, it is one row in quarantine
    assert {bad.row for bad in parsed.bad} == {bad.row for bad in later.bad} == {"a minute of MARKET"}


def test_a_tide_without_its_beginning_loses_one_point_and_a_repeated_moment_counts_once() -> None:
    parsed = tide([point(6, 9), point(5, 4), point(5, 400), point(7, 10)])
    assert sorted(bad.reason for bad in parsed.bad) == [
        "a running total whose beginning is missing", "the same moment twice",
    ]  # fmt: skip
    assert parsed.accepted[OptionMinute]["net_call_premium_e4"].to_pylist() == [5_0000, 1_0000]


@given(st.lists(st.integers(-(10**8), 10**8), min_size=1, max_size=60), st.data())
def test_the_stretches_sum_to_the_last_total_in_whatever_order_the_points_come(
    totals: list[int], data: st.DataObject
) -> None:
    points = data.draw(st.permutations([point(minute, total) for minute, total in enumerate(totals)]))
    parsed = tide(points)
    assert not parsed.bad
    assert pc.sum(parsed.accepted[OptionMinute]["net_call_premium_e4"]).as_py() == totals[-1] * 10_000


def test_a_tide_that_does_not_say_of_what_is_not_taken_for_the_markets() -> None:
    for endpoint in ("sector_tide", "x"):
        assert why(wrapped([point(0, 1)], endpoint)) == ["not a kind this feed reads"]
    fund = point(0, 1) | {"underlying_price": "670.5"}
    assert why(wrapped([fund], "market_tide")) == ["not a kind this feed reads"]
    row = only(read(wrapped([fund], "etf_tide", "XLK")), OptionMinute)
    assert (row["symbol"], row["kind"]) == ("XLK", "tide")


def test_open_interest_belongs_to_the_session_that_changed_it_and_is_known_the_next_morning() -> None:
    assert only(read([CHANGE]), OptionContract) == {
        "event_at": datetime(2024, 3, 4, 21, tzinfo=UTC), "known_at": datetime(2024, 3, 5, 14, tzinfo=UTC),
        "source": "unusual_whales", "symbol": "ACME", "contract": "ACME240315P00025000",
        "session": date(2024, 3, 4), "expiry": date(2024, 3, 15), "strike_e4": 25_0000, "is_call": False,
        "volume": 30, "open_interest": 120, "open_interest_before": 100, "premium_e4": 900_5000,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"option_symbol": "ACME"}, "option_symbol is not an OPRA symbol"),
        ({"option_symbol": "ACME240301P00025000"}, "the contract expired before the session"),
        ({"last_date": "2024-03-03"}, "not a session of the exchange"),
        ({"curr_date": "2024-03-04"}, "curr_date is not after last_date"),
        ({"curr_oi": None}, "curr_oi is missing"),
        ({"volume": -1}, "volume is negative"),
    ],
)
def test_a_bad_contract_says_why(change: dict[str, Any], reason: str) -> None:
    parsed = read([CHANGE | change, CHANGE])
    assert ([bad.reason for bad in parsed.bad], parsed.accepted_rows) == ([reason], 1)


def test_a_snapshot_after_the_close_gives_the_sessions_trades_and_what_it_began_with() -> None:
    row = only(read(wrapped([SNAPSHOT], "option_contracts", "ACME")), OptionContract)
    assert (row["session"], row["volume"], row["premium_e4"]) == (date(2024, 3, 4), 30, 900_5000)
    # open interest of this evening is not out before tomorrow
    assert row["open_interest_before"] == 100
    assert "open_interest" not in row
    assert row["known_at"] == datetime(2024, 3, 4, 21, 45, tzinfo=UTC)
    # next morning's figures of the same contract and session are another row
    assert row["source"] == "unusual_whales, live"


def test_a_snapshot_from_within_a_session_or_from_nobody_knows_when_is_one_refused_document() -> None:
    rows = [SNAPSHOT, SNAPSHOT]
    assert why(wrapped(rows, "x", saved_at=OPEN)) == ["the session was not over when it was asked for"]
    assert why({"data": rows}) == ["does not say of which session it is"]
    assert why(["ACME240315P00025000", "ACME240315C00025000"]) == ["does not say of which session it is"]


def test_a_list_of_contracts_says_no_more_than_that_they_exist() -> None:
    listed = ["ACME240315P00025000", "ACME240301P00025000", "ACME1240315P00025000", 7]
    parsed = read(wrapped(listed, "option_chains", "ACME", saved_at=OPEN))
    (row,) = parsed.accepted[OptionContract].to_pylist()
    assert (row["session"], row["source"]) == (date(2024, 3, 4), "unusual_whales, listed")
    assert not {"volume", "open_interest", "premium_e4"} & row.keys()
    assert row["event_at"] == datetime(2024, 3, 4, 14, 30, tzinfo=UTC)
    assert row["known_at"] == datetime(2024, 3, 4, 15, tzinfo=UTC)  # a clock without a zone is New York's
    assert len(parsed.bad) == 3


def test_a_list_from_a_saturday_is_of_fridays_session() -> None:
    listed = read(wrapped(["ACME240315P00025000"], "x", "ACME", saved_at="2024-03-09T19:45:38.788191"))
    assert only(listed, OptionContract)["session"] == date(2024, 3, 8)


REST = "api_json/unusual_whales_rest/"


def test_the_recorded_day_gives_the_vendors_totals(recordings: Path) -> None:
    day = only(recorded(recordings, REST + "options_volume__SPY_*"), OptionDay)
    dollars = [day[f"{name}_premium_e4"] // 10_000 for name in ("call", "put", "bullish", "bearish")]
    assert dollars == [720_216_349, 801_271_511, 679_784_414, 694_928_109]
    assert (day["net_call_premium_e4"], day["net_put_premium_e4"]) == (-10_561_037_0000, 21_666_827_0000)
    assert (day["symbol"], day["session"]) == ("SPY", date(2025, 10, 3))


def test_the_recorded_minutes_sum_to_the_recorded_day(recordings: Path) -> None:
    minutes = recorded(recordings, REST + "net_prem_ticks__SPY_*").accepted[OptionMinute]
    day = only(recorded(recordings, REST + "options_volume__SPY_*"), OptionDay)
    for name in ("net_call_premium_e4", "net_put_premium_e4", "call_volume", "put_volume"):
        assert pc.sum(minutes[name]).as_py() == day[name]
    assert pc.sum(minutes["net_call_premium_e4"]).as_py() == -10_561_037_0000
    assert pc.sum(minutes["net_put_premium_e4"]).as_py() == 21_666_827_0000


def test_the_recorded_tides_sum_to_their_last_totals(recordings: Path) -> None:
    for file, symbol, call, put in (
        ("market_tide__*", "MARKET", -262_170_107_0000, 106_332_735_0000),
        ("etf_tide__*", "SPY", -292_696_551_0000, 28_016_258_0000),
    ):
        stretches = recorded(recordings, REST + file).accepted[OptionMinute]
        assert set(stretches["symbol"].to_pylist()) == {symbol}
        assert pc.sum(stretches["net_call_premium_e4"]).as_py() == call
        assert pc.sum(stretches["net_put_premium_e4"]).as_py() == put


def test_the_recorded_market_days_are_a_hundred_sessions(recordings: Path) -> None:
    days = recorded(recordings, REST + "market_total_options_volume__*").accepted[OptionDay]
    assert set(days["symbol"].to_pylist()) == {"MARKET"}
    assert (min(days["session"].to_pylist()), max(days["session"].to_pylist())) == (
        date(2025, 5, 13), date(2025, 10, 3),
    )  # fmt: skip
    assert days["call_premium_e4"][0].as_py() == 279_418_053_056_700


def test_the_recorded_open_interest_is_what_alerts_of_the_next_session_name(recordings: Path) -> None:
    from storage.tables import FlowAlert

    contracts = recorded(recordings, REST + "oi_change__SPY_*").accepted[OptionContract].to_pylist()
    alerts = recorded(recordings, REST + "flow_alerts__SPY_*").accepted[FlowAlert].to_pylist()
    after = {row["contract"]: row["open_interest"] for row in contracts}
    both = [alert for alert in alerts if alert["option_symbol"] in after]
    assert len(both) == 14
    assert all(alert["open_interest"] == after[alert["option_symbol"]] for alert in both)
    assert {row["session"] for row in contracts} == {date(2025, 10, 2)}
    assert min(alert["event_at"] for alert in both) > max(row["known_at"] for row in contracts)
