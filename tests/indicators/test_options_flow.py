"""What option premium says of a direction: worked numbers, bounds, surges, and nothing from later."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indicators import MARKET, Signal
from indicators._option_past import monthly_expiry
from indicators.options_flow import INDICATOR, chart, compute
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar, OptionContract, OptionDay, OptionMinute
from storage.tape import OPTION_QUOTES, OPTION_TRADES, TapeStore

MONDAY = date(2024, 3, 4)
TAPE_COLUMNS = pa.schema([column for column in OPTION_TRADES.schema if column.name != "row_id"])
MILLION = 10_000_000_000  # in ten-thousandths


def at(day: date, minutes: int = 60) -> datetime:
    return calendar.opening(day) + timedelta(minutes=minutes)


def prints(day: date, *rows: dict[str, Any]) -> pa.Table:
    """One print a row: side by the quote around 2.50 USD, `usd` its premium."""
    quotes = {"buy": (23_000, 25_000), "sell": (25_000, 27_000), "mid": (24_000, 26_000), None: (None, None)}
    table = []
    for number, row in enumerate(rows):
        row = {"side": "buy", "is_call": True, "usd": 250, **row}
        bid, ask = quotes[row.pop("side")]
        when = at(day) + timedelta(microseconds=number)
        plain = {
            "event_at": when, "known_at": when, "underlying": "ACME", "expiry": date(2024, 4, 19),
            "strike_e4": 1_000_000, "price_e4": 25_000, "size": row.pop("usd") // 250, "multiplier": 100,
            "bid_e4": bid, "ask_e4": ask, "condition": "I", "exchange": "C", "vendor_side": None,
            "underlying_price_e4": None, "open_interest": None, "source": "test",
        }  # fmt: skip
        table.append(plain | row)
    return pa.Table.from_pylist(table, schema=TAPE_COLUMNS)


def frames(
    tapes: TapeStore,
    as_of: datetime,
    days: Sequence[dict[str, Any]] = (),
    bars: pd.DataFrame | None = None,
    **more: Sequence[dict[str, Any]],
) -> Frames:
    rows = {OptionDay: days, OptionMinute: more.get("minutes", ()), OptionContract: more.get("chain", ())}
    tables = {
        kind: pd.DataFrame(list(told), columns=list(kind.__table__.columns.keys()))
        for kind, told in (*rows.items(), (Bar, ()))
    }
    if bars is not None:
        tables[Bar] = bars
    views = {
        tape.name: tapes.view(tape, as_of, as_of - INDICATOR.lookback)
        for tape in (OPTION_TRADES, OPTION_QUOTES)
    }
    return Frames(as_of, views, tables.__getitem__)


def read(tapes: TapeStore, day: date, subject: str = "ACME") -> Signal:
    (signal,) = compute(frames(tapes, calendar.settled(day)), [subject])
    return signal


def facts(tapes: TapeStore, day: date = MONDAY, subject: str = "ACME") -> dict[str, Any]:
    return dict(read(tapes, day, subject).facts)


def many(total: int, **cells: Any) -> list[dict[str, Any]]:
    """Twenty-five equal prints of together `total` USD."""
    return [{"usd": total // 25, **cells}] * 25


def test_bullish_is_calls_bought_and_puts_sold(tapes: TapeStore) -> None:
    rows = [
        {"usd": 1_000}, {"usd": 2_000, "side": "sell"}, {"usd": 4_000, "is_call": False},
        {"usd": 8_000, "is_call": False, "side": "sell"}, {"usd": 16_000, "side": "mid"},
        {"usd": 32_000, "side": None}, {"usd": 64_000, "condition": "f"}, {"usd": 128_000, "condition": "J"},
        {"usd": 256_000, "condition": "t"},
    ]  # fmt: skip
    tapes.append(OPTION_TRADES, prints(MONDAY, *rows))
    told = facts(tapes)
    expected = {
        "buy_call_usd": 1_000, "sell_call_usd": 2_000, "buy_put_usd": 4_000, "sell_put_usd": 8_000,
        "bull_usd": 9_000, "bear_usd": 6_000, "net_usd": 3_000, "unknown_usd": 176_000,
        "complex_usd": 64_000, "call_usd": 243_000, "put_usd": 12_000, "call_put_net_usd": 231_000,
        "ratio": 1.5, "ratio_low": round(9 / 182, 6), "ratio_high": round(185 / 6, 6),
        "coverage": round(15 / 255, 6), "call_put_ratio": 20.25, "put_call_volume": round(12 / 243, 6),
        "trades": 8, "signed_trades": 4, "excluded_trades": 1, "mid_usd": 16_000, "unquoted_usd": 32_000,
        "unsignable_usd": 128_000, "surge": None, "surge_z": None, "session": "2024-03-04",
        "top_order_usd": 128_000, "top_order_share": round(128 / 255, 6),
    }  # fmt: skip
    assert {name: told[name] for name in expected} == expected
    assert told["call_usd"] + told["put_usd"] == sum(
        told[name] for name in ("bull_usd", "bear_usd", "unknown_usd", "complex_usd")
    )


def test_the_soft_ratio_weighs_each_print_by_how_often_its_place_in_the_quote_is_right(
    tapes: TapeStore,
) -> None:
    tapes.append(OPTION_TRADES, prints(MONDAY, {"usd": 1_000}, {"usd": 500, "side": "mid"}))
    # at the ask: right in 49 of 100
    assert facts(tapes)["ratio_soft"] == pytest.approx((490 + 250) / (510 + 250), abs=1e-6)


def test_a_ratio_without_bearish_premium_is_unknown_and_not_a_number(tapes: TapeStore) -> None:
    tapes.append(OPTION_TRADES, prints(MONDAY, {"usd": 1_000}))
    told = facts(tapes)
    assert [told[name] for name in ("ratio", "ratio_low", "ratio_high", "call_put_ratio")] == [None] * 4
    assert told["put_call_volume"] == 0


def test_28_against_2_with_30_unknown_is_a_direction_not_identified(tapes: TapeStore) -> None:
    rows = many(28_000_000) + many(2_000_000, side="sell") + many(30_000_000, side="mid")
    tapes.append(OPTION_TRADES, prints(MONDAY, *rows))
    signal = read(tapes, MONDAY)
    assert signal.facts["ratio_low"] == 0.875
    assert signal.facts["ratio_high"] == 29
    assert signal.state == "unclear"
    assert signal.strength == 0  # no direction is claimed
    assert signal.quality == "B"


def test_a_direction_needs_coverage_money_and_prints(tapes: TapeStore) -> None:
    days = calendar.sessions(MONDAY, MONDAY + timedelta(days=10))
    bodies = [
        many(3_000_000),
        many(3_000_000, is_call=False),
        many(3_000_000) + many(3_025_000, condition="f"),
        many(990_000),
        many(3_000_000)[:24],
        [*many(3_000_000)[:24], {"usd": 250}],
    ]
    for day, body in zip(days, bodies, strict=False):
        tapes.append(OPTION_TRADES, prints(day, *body))
    states = [read(tapes, day).state for day, _ in zip(days, bodies, strict=False)]
    assert states == ["bullish", "bearish", "thin", "thin", "thin", "bullish"]
    strengths = [read(tapes, day).strength for day, _ in zip(days, bodies, strict=False)]
    # bull / (bull + 2k), k = 100,000
    assert strengths[:3] == [0.9375, -0.9375, 0.0]


def test_a_surge_is_judged_by_the_subjects_own_past_sessions(tapes: TapeStore) -> None:
    days = calendar.sessions(MONDAY, date(2024, 4, 12))[:24]
    for number, day in enumerate(days):
        usual = 1_500_000 + 75_000 * (number % 5)
        body = many(6_000_000, side="mid") if day == days[22] else many(usual, side="mid")
        body = many(6_600_000) if day == days[23] else body
        tapes.append(OPTION_TRADES, prints(day, *body))
    # one of the sessions, the monthly expiry, is no measure for the others
    assert facts(tapes, days[20])["surge"] is None
    told = facts(tapes, days[21])
    assert told["surge"] == round(1_575 / 1_650, 6)
    surge, bullish = read(tapes, days[22]), read(tapes, days[23])
    assert (surge.state, surge.facts["history_sessions"]) == ("surge", 21)
    assert surge.facts["surge"] == round(6_000 / 1_650, 6)
    assert surge.facts["surge_z"] > 4
    assert bullish.state == "surge_bullish"
    assert INDICATOR.states[bullish.state].loud


def test_the_market_is_all_subjects_and_only_those_of_the_newest_session_are_told(tapes: TapeStore) -> None:
    tuesday = MONDAY + timedelta(days=1)
    tapes.append(OPTION_TRADES, prints(MONDAY, {"underlying": "OLD"}, {"underlying": "BETA"}))
    tapes.append(OPTION_TRADES, prints(tuesday, {"usd": 1_000}, {"underlying": "BETA", "side": "sell"}))
    seen = frames(tapes, calendar.settled(tuesday))
    signals = {signal.subject: signal for signal in compute(seen, None)}
    assert set(signals) == {"ACME", "BETA", MARKET}
    assert (signals[MARKET].facts["bull_usd"], signals[MARKET].facts["bear_usd"]) == (1_000, 250)
    assert [order["contract"] for order in signals[MARKET].facts["top_orders"]] == [
        "ACME 2024-04-19 100 C", "BETA 2024-04-19 100 C",
    ]  # fmt: skip
    (old,) = compute(seen, ["OLD", "NEVER"])
    assert (old.subject, old.facts["session"]) == ("OLD", "2024-03-04")
    asked = {signal.subject: signal for signal in compute(seen, ["ACME", MARKET])}
    assert asked == {name: signals[name] for name in asked}


def vendor_day(symbol: str, day: date, call: int, put: int, bull: int | None, bear: int | None) -> dict:
    return {
        "id": 1, "event_at": calendar.close(day), "known_at": calendar.settled(day), "source": "vendor",
        "symbol": symbol, "session": day, "call_premium_e4": call, "put_premium_e4": put,
        "bullish_premium_e4": bull, "bearish_premium_e4": bear, "net_call_premium_e4": None,
        "net_put_premium_e4": None, "call_volume": 30, "put_volume": 60,
    }  # fmt: skip


def test_a_vendors_day_totals_stand_in_where_no_print_is_known(tapes: TapeStore) -> None:
    day = date(2025, 10, 3)
    totals = [vendor_day("SPY", day, 720 * MILLION, 801 * MILLION, 680 * MILLION, 695 * MILLION)]
    (signal,) = compute(frames(tapes, calendar.settled(day), totals), None)
    assert (signal.subject, signal.state, signal.quality, signal.n) == ("SPY", "unclear", "B", 1)
    assert "vendor" in signal.source
    told = signal.facts
    assert told["call_put_ratio"] == pytest.approx(0.8989, abs=1e-4)
    assert told["bull_usd"] < told["bear_usd"]
    assert told["unknown_usd"] == (720 + 801 - 680 - 695) * 1e6
    assert told["put_call_volume"] == 2
    assert {told[name] for name in ("buy_call_usd", "complex_usd", "trades", "ratio_soft")} == {None}


def test_day_totals_without_a_split_claim_nothing(tapes: TapeStore) -> None:
    totals = [vendor_day("SPY", MONDAY, 720 * MILLION, 801 * MILLION, None, None)]
    (signal,) = compute(frames(tapes, calendar.settled(MONDAY), totals), ["SPY"])
    assert (signal.state, signal.strength, signal.quality) == ("thin", 0, "C")
    assert {signal.facts[name] for name in ("bull_usd", "net_usd", "unknown_usd", "coverage")} == {None}


def test_prints_come_before_day_totals_of_the_same_session(tapes: TapeStore) -> None:
    tapes.append(OPTION_TRADES, prints(MONDAY, {"usd": 1_000}))
    totals = [vendor_day(name, MONDAY, 1, 1, 1, 1) for name in ("ACME", "SPY")]
    signals = compute(frames(tapes, calendar.settled(MONDAY), totals), None)
    assert {signal.subject: signal.facts["trades"] for signal in signals} == {
        "ACME": 1, MARKET: 1, "SPY": None,
    }  # fmt: skip


def test_nothing_known_is_nothing_said(tapes: TapeStore) -> None:
    assert list(compute(frames(tapes, calendar.settled(MONDAY)), None)) == []
    assert list(compute(frames(tapes, calendar.settled(MONDAY)), ["ACME", MARKET])) == []


def test_the_chart_draws_price_and_net_premium_in_a_band_of_the_sessions_before(tapes: TapeStore) -> None:
    days = calendar.sessions(MONDAY, date(2024, 4, 12))[:23]
    for number, day in enumerate(days):
        tapes.append(OPTION_TRADES, prints(day, {"usd": 250 * (number + 1)}))
    bars = pd.DataFrame({"symbol": "ACME", "session": days[5:], "close_e4": 1_230_000})
    seen = frames(tapes, calendar.settled(days[-1]), bars=bars)
    (signal,) = compute(seen, ["ACME"])
    drawn = chart(seen, signal)
    rings, price, flow = drawn.panels
    # 250 × 23 USD of calls bought on the last session
    assert [(ring.title, [value for _, value in ring.parts]) for ring in rings.rings] == [
        ("Bullish − bearish", [5_750.0, 0.0, 0.0]), ("Calls − puts", [5_750.0, 0.0]),
    ]  # fmt: skip
    assert drawn.days == [day.isoformat() for day in days]
    assert price.series[0].values == [None] * 5 + [123.0] * 18
    band, net = flow.series
    assert net.values == [250.0 * (number + 1) for number in range(23)]
    assert band.values[:20] == [None] * 20
    # sessions 1…20: median 2,625, MAD 1,250
    assert (band.values[20], band.upper[20]) == (
        pytest.approx(2_625 - 2 * 1.4826 * 1_250), pytest.approx(2_625 + 2 * 1.4826 * 1_250),
    )  # fmt: skip
    (market,) = compute(seen, [MARKET])
    assert [panel.title for panel in chart(seen, market).panels] == [
        "Premium of the session", "Net directional premium",
    ]  # fmt: skip


def test_the_chart_of_day_totals_is_drawn_from_day_totals(tapes: TapeStore) -> None:
    tapes.append(OPTION_TRADES, prints(MONDAY - timedelta(days=3), {}))
    totals = [vendor_day("ACME", MONDAY, 2 * MILLION, MILLION, 2 * MILLION, MILLION)]
    seen = frames(tapes, calendar.settled(MONDAY), totals)
    (signal,) = compute(seen, ["ACME"])
    assert chart(seen, signal).days == ["2024-03-04"]
    assert chart(seen, signal).panels[-1].series[0].values == [1e6]


def test_a_session_in_progress_says_so_and_how_far_its_prints_go(tapes: TapeStore) -> None:
    tapes.append(OPTION_TRADES, prints(MONDAY, {}))
    (early,) = compute(frames(tapes, at(MONDAY, 65)), ["ACME"])
    assert (early.facts["so_far"], early.facts["newest_at"]) == (True, at(MONDAY).isoformat())
    assert not facts(tapes)["so_far"]


def month(name: str, bull: int, bear: int, ratio: float, **sessions: int) -> dict[str, Any]:
    return {"month": name, "bull_usd": bull, "bear_usd": bear, "ratio": ratio, **sessions}


def test_a_month_is_the_sum_of_its_sessions_and_says_how_many_it_has(tapes: TapeStore) -> None:
    days = [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), MONDAY]
    for day, bull, bear in zip(days, (1_000, 2_000, 4_000, 9_000), (500, 0, 8_000, 1_000), strict=True):
        tapes.append(OPTION_TRADES, prints(day, {"usd": bull}, {"usd": bear or 250, "side": "sell"}))
    told = facts(tapes)
    assert told["months"] == [
        # the ratio of the sums, 13,000 / 9,000; the mean of the ratios would be 4.75
        month("2024-03", 13_000, 9_000, 1.444444, sessions=2, of=20),
        month("2024-02", 3_000, 750, 4.0, sessions=2, of=20),
    ]
    assert (told["month_sessions"], told["month_of"], told["month_bull_usd"]) == (2, 20, 13_000)


def test_a_monthly_expiry_is_judged_against_fridays_and_no_measure_for_other_days(
    tapes: TapeStore,
) -> None:
    days = calendar.sessions(date(2023, 10, 2), date(2024, 3, 15))
    for day in days:
        usual = 9_000 if monthly_expiry(day) else 3_000 if day.weekday() == 4 else 1_000
        tapes.append(OPTION_TRADES, prints(day, {"usd": usual}))
    expiry, before = facts(tapes, date(2024, 3, 15)), facts(tapes, date(2024, 3, 14))
    assert monthly_expiry(date(2024, 3, 15))
    # 23 earlier Fridays, of which most are no monthly expiry
    assert (expiry["history_sessions"], expiry["surge"]) == (23, 3.0)
    assert before["surge"] == 1.0


def test_the_third_friday_is_the_monthly_expiry_or_the_session_before_a_holiday() -> None:
    assert [monthly_expiry(date(2024, 3, day)) for day in (8, 14, 15, 22)] == [False, False, True, False]
    assert monthly_expiry(date(2014, 4, 17))  # the third Friday was Good Friday
    assert not monthly_expiry(date(2014, 4, 18))


def leading(tapes: TapeStore) -> dict[str, list[dict[str, Any]]]:
    (signal,) = compute(frames(tapes, calendar.settled(MONDAY)), [MARKET])
    return dict(signal.facts["boards"])


def test_thirty_millions_resting_on_one_order_do_not_lead_and_a_hundred_orders_do(tapes: TapeStore) -> None:
    amounts = {"MRKX": [28_000_000, 2_180_000], "MANY": [300_000] * 100}
    rows = [
        {"underlying": name, "usd": usd, "event_at": at(MONDAY) + timedelta(seconds=2 * number)}
        for name, orders in amounts.items()
        for number, usd in enumerate(orders)  # two seconds apart: each is an order of its own
    ]
    rows += [{"underlying": name, "usd": 20_000, "is_call": False, "side": "buy"} for name in amounts]
    tapes.append(OPTION_TRADES, prints(MONDAY, *rows))
    for board, legs in (("calls", ("call_usd", "put_usd")), ("bullish", ("bull_usd", "bear_usd"))):
        first, second = leading(tapes)[board]
        assert (first["subject"], second["subject"]) == ("MANY", "MRKX")
        assert [first[leg] for leg in legs] == [30_000_000, 20_000]
        assert [second[leg] for leg in legs] == [30_180_000, 20_000]
        # the prior is flat, Beta(4, 4): 5 % quantiles of the method's worked example
        assert (first["share_low"], second["share_low"]) == (
            pytest.approx(0.9284, abs=1e-4), pytest.approx(0.2984, abs=1e-4),
        )  # fmt: skip
        assert (first["orders"], first["orders_worth"]) == (101, 100.1)
        assert (second["orders"], second["orders_worth"]) == (3, 1.2)
        assert second["ratio"] == 1509.0
        assert second["top_order_share"] == pytest.approx(28 / 30.2, abs=1e-6)


def test_bought_puts_lead_among_the_bearish_and_are_no_matter_of_calls_and_puts(tapes: TapeStore) -> None:
    rows = many(3_000_000, is_call=False, side="sell", underlying="BULL") + many(
        2_000_000, underlying="SOLD", side="sell"
    )
    tapes.append(OPTION_TRADES, prints(MONDAY, *rows, *many(500_000, underlying="TINY")))
    told = {board: [row["subject"] for row in rows] for board, rows in leading(tapes).items()}
    assert told == {"bullish": ["BULL"], "bearish": ["SOLD"], "calls": ["SOLD"], "puts": ["BULL"]}


def test_a_print_without_its_quote_gets_the_best_one_before_it(tapes: TapeStore) -> None:
    def quote(second: int, bid: int, ask: int, exchange: str) -> dict[str, Any]:
        when = at(MONDAY) - timedelta(seconds=second)
        return {
            "event_at": when, "known_at": when, "symbol": "ACME240419C00100000", "exchange": exchange,
            "bid_e4": bid, "bid_size": 10, "ask_e4": ask, "ask_size": 10, "source": "test",
        }  # fmt: skip

    kept = pa.schema([column for column in OPTION_QUOTES.schema if column.name != "row_id"])
    quotes = [quote(9, 24_000, 27_000, "C"), quote(5, 23_000, 25_000, "X"), quote(0, 10_000, 90_000, "C")]
    tapes.append(OPTION_QUOTES, pa.Table.from_pylist(quotes, schema=kept))
    tapes.append(OPTION_TRADES, prints(MONDAY, {"usd": 1_000, "side": None}, {"usd": 500, "side": "sell"}))
    told = facts(tapes)
    assert (told["buy_call_usd"], told["sell_call_usd"], told["unquoted_usd"]) == (1_000, 500, 0)


def test_indices_and_contracts_of_more_than_a_year_are_signed_with_less_trust(tapes: TapeStore) -> None:
    outside = {"usd": 1_000, "bid_e4": 23_000, "ask_e4": 24_000}
    far = outside | {"expiry": date(2025, 6, 20)}
    tapes.append(
        OPTION_TRADES, prints(MONDAY, outside, outside | {"underlying": "SPX"}, far | {"underlying": "FARX"})
    )
    ratios = [facts(tapes, subject=name)["ratio_soft"] for name in ("ACME", "SPX", "FARX", MARKET)]
    assert ratios == [
        pytest.approx(0.70 / 0.30, abs=1e-6), pytest.approx(0.56 / 0.44, abs=1e-6), 1.0,
        pytest.approx((0.70 + 0.56 + 0.5) / (0.30 + 0.44 + 0.5), abs=1e-6),
    ]  # fmt: skip


def test_minutes_are_summed_beside_the_vendors_own_net_premium(tapes: TapeStore) -> None:
    totals = [
        vendor_day("SPY", MONDAY, 2, 1, 2, 1) | {"net_call_premium_e4": -30_000, "net_put_premium_e4": 50_000}
    ]
    minute = {"symbol": "SPY", "kind": "ticker", "session": MONDAY, "net_put_premium_e4": 25_000}
    minutes = [minute | {"net_call_premium_e4": usd} for usd in (-40_000, 10_000)]
    minutes.append(minute | {"kind": "tide", "net_call_premium_e4": 999})
    (signal,) = compute(frames(tapes, calendar.settled(MONDAY), totals, minutes=minutes), ["SPY"])
    told = signal.facts
    assert (told["net_call_usd"], told["minutes_net_call_usd"]) == (-3.0, -3.0)
    assert (told["net_put_usd"], told["minutes_net_put_usd"], told["minutes"]) == (5.0, 5.0, 2)


def contract(name: str, call: bool, volume: int | None, premium: int | None, **cells: Any) -> dict[str, Any]:
    return {
        "id": 1, "event_at": at(MONDAY), "known_at": at(MONDAY), "source": "chain", "symbol": "ACME",
        "contract": name, "session": MONDAY, "expiry": MONDAY, "strike_e4": 1, "is_call": call,
        "volume": volume, "open_interest": 1, "premium_e4": premium, "estimated": True, **cells,
    }  # fmt: skip


def test_a_chain_is_an_estimate_and_claims_no_direction(tapes: TapeStore) -> None:
    chain = [
        contract("A", True, 30, 30_000_000),
        contract("B", True, 10, 5_000_000),
        contract("C", False, 20, 10_000_000),
        contract("D", False, None, None),
        contract("E", True, 9, 9_000, estimated=False),
    ]
    (signal,) = compute(frames(tapes, calendar.settled(MONDAY), chain=chain), None)
    assert (signal.subject, signal.state, signal.quality, signal.strength) == ("ACME", "thin", "C", 0)
    assert signal.source == "day totals of chain, volume × last price"
    assert (signal.facts["call_usd"], signal.facts["put_usd"], signal.facts["put_call_volume"]) == (
        3_500,
        1_000,
        0.5,
    )
    assert {signal.facts[name] for name in ("bull_usd", "ratio", "coverage", "trades")} == {None}
    totals = [vendor_day("ACME", MONDAY, 2, 1, 2, 1)]
    (signal,) = compute(frames(tapes, calendar.settled(MONDAY), totals, chain=chain), None)
    assert signal.source == "day totals of vendor"


MOMENTS = st.integers(0, 4 * 390)
ROWS = st.fixed_dictionaries(
    {
        "underlying": st.sampled_from(["ACME", "BETA"]),
        "minute": MOMENTS,
        "delay": st.sampled_from([0, 15, 600]),
        "is_call": st.booleans(),
        "side": st.sampled_from(["buy", "sell", "mid", None]),
        "condition": st.sampled_from(["I", "f", "A"]),
        "usd": st.sampled_from([250, 500]),
    }
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, max_size=12), cut=MOMENTS)
def test_what_is_read_at_a_moment_does_not_change_when_later_prints_arrive(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], cut: int
) -> None:
    days = calendar.sessions(MONDAY, MONDAY + timedelta(days=3))

    def moment(minute: int) -> datetime:
        return at(days[min(minute // 390, 3)], minute % 390)

    tables = []
    for number, row in enumerate(rows):
        row = dict(row)
        event = moment(row.pop("minute")) + timedelta(microseconds=number)
        known = event + timedelta(minutes=row.pop("delay"))
        tables.append(prints(MONDAY, row | {"event_at": event, "known_at": known}))
    now = moment(cut)
    everything = TapeStore(tmp_path_factory.mktemp("all"))
    until_now = TapeStore(tmp_path_factory.mktemp("until"))
    for table in tables:
        everything.append(OPTION_TRADES, table)
        if table["known_at"][0].as_py() <= now:
            until_now.append(OPTION_TRADES, table)
    later, then = (list(compute(frames(store, now), None)) for store in (everything, until_now))
    assert later == then


def recorded(recordings: Path, name: str, quotes: bool = True) -> pa.Table:
    """The recorded minute bars as prints: the close of a minute, with the quote before that minute."""
    rows = pd.read_parquet(recordings / "options_tape" / name)
    when = rows["ts_et"].dt.tz_localize("America/New_York").dt.tz_convert("UTC").astype("datetime64[us, UTC]")
    e4 = lambda column: (rows[column] * 10_000).round().astype("Int64")  # noqa: E731
    frame = pd.DataFrame(
        {
            "event_at": when, "known_at": when + pd.Timedelta(minutes=1), "underlying": rows["underlying"],
            "expiry": rows["expiry"].dt.date, "strike_e4": e4("strike"),
            "is_call": rows["right"].str.upper().str[0] == "C", "price_e4": e4("c"), "size": rows["size"],
            "multiplier": 100, "bid_e4": e4("bid_prev") if quotes else None,
            "ask_e4": e4("ask_prev") if quotes else None, "source": "lean",
        }
    )  # fmt: skip
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for column in TAPE_COLUMNS:
        if column.name not in table.column_names:
            table = table.append_column(column.name, pa.nulls(len(frame), column.type))
    return table.select(TAPE_COLUMNS.names).cast(TAPE_COLUMNS)


#: README of the recordings: buy, mid, sell, unquoted, locked or crossed, USD
SIDES = {
    ("GOOG", date(2015, 12, 24), "call"): (1_031_990, 260_620, 965_340, 339_512, 40),
    ("GOOG", date(2015, 12, 24), "put"): (287_230, 55_845, 264_196, 158_017, 0),
    ("TWX", date(2014, 6, 5), "call"): (1_503_894, 202, 1_557_802, 39_766, 0),
    ("TWX", date(2014, 6, 5), "put"): (2_337, 7_778, 29_957, 2_261, 0),
    ("SPY", date(2023, 8, 3), "call"): (17_560, 1_211, 51_013, 858, 0),
    ("SPY", date(2023, 8, 3), "put"): (268_206, 9_378, 516_870, 1_344, 0),
    ("SPXW", date(2021, 1, 4), "call"): (8_757_173, 513_215, 12_375_049, 11_888, 116_633),
    ("SPXW", date(2021, 1, 4), "put"): (30_859_901, 726_260, 35_680_240, 6_619, 0),
    ("SPXW", date(2021, 1, 6), "call"): (16_784_277, 360_720, 14_267_742, 170_827, 60_703),
    ("SPXW", date(2021, 1, 6), "put"): (5_888_476, 238_880, 10_725_592, 192_510, 85_435),
    ("AAPL", date(2014, 6, 6), "call"): (0, 0, 0, 254_489_228, 0),
    ("AAPL", date(2014, 6, 6), "put"): (0, 0, 0, 49_144_961, 0),
}


def test_the_recorded_sessions_give_their_published_sides_to_the_dollar(
    tapes: TapeStore, recordings: Path
) -> None:
    tapes.append(OPTION_TRADES, recorded(recordings, "lean_minute_tape.parquet"))
    for symbol, day in dict.fromkeys(key[:2] for key in SIDES):
        told = facts(tapes, day, symbol)
        call, put = (SIDES[symbol, day, right] for right in ("call", "put"))
        bought = (told["buy_call_usd"], told["buy_put_usd"], told["sell_call_usd"], told["sell_put_usd"])
        assert bought == pytest.approx((call[0], put[0], call[2], put[2]), abs=0.5)
        unknown = (told["mid_usd"], told["unquoted_usd"], told["locked_crossed_usd"])
        assert unknown == pytest.approx([call[i] + put[i] for i in (1, 3, 4)], abs=1)
        assert told["unknown_usd"] == pytest.approx(sum(unknown))
        assert (told["call_usd"], told["put_usd"]) == pytest.approx((sum(call), sum(put)), abs=3)


def test_the_recorded_day_of_spy_is_the_vendors_own_split(tapes: TapeStore, recordings: Path) -> None:
    from feeds import Raw
    from feeds.unusual_whales import FEED

    (file,) = (recordings / "api_json/unusual_whales_rest").glob("options_volume__SPY_*.json")
    rows = FEED.parse(Raw(file.name, file.read_bytes())).accepted[OptionDay].to_pylist()
    day = date(2025, 10, 3)
    (signal,) = compute(
        frames(tapes, calendar.settled(day), [row for row in rows if row["session"] == day]), None
    )
    assert signal.facts["call_put_ratio"] == pytest.approx(0.899, abs=5e-4)
    assert signal.facts["bull_usd"] == pytest.approx(679.8e6, abs=0.1e6)
    assert signal.facts["bear_usd"] == pytest.approx(694.9e6, abs=0.1e6)
    assert UTC is signal.as_of.tzinfo
