"""Unusual orders: what makes one, which criteria it meets, and when a larger one is news."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indicators import MARKET, Signal
from indicators.unusual_orders import INDICATOR, chart, compute
from storage import calendar
from storage.frames import Frames
from storage.tables import OptionContract
from storage.tape import OPTION_QUOTES, OPTION_TRADES, TapeStore

MONDAY = date(2024, 3, 4)
OPENS = calendar.opening(MONDAY)
COLUMNS = pa.schema([column for column in OPTION_TRADES.schema if column.name != "row_id"])
#: a sweep at the ask for 1,040,000 USD that expires in 18 days, 1 % out of the money
SWEEP = {
    "underlying": "ACME", "expiry": date(2024, 3, 22), "strike_e4": 1_010_000, "is_call": True,
    "price_e4": 26_000, "size": 4_000, "multiplier": 100, "bid_e4": 24_000, "ask_e4": 26_000,
    "condition": "S", "exchange": "C", "underlying_price_e4": 1_000_000, "open_interest": 500,
    "source": "test",
}  # fmt: skip


def store(tapes: TapeStore, *rows: dict[str, Any]) -> None:
    """Store prints like SWEEP, `second` seconds after the opening, known at once."""
    table = []
    for row in rows:
        when = OPENS + timedelta(seconds=row.get("second", 0))
        row = SWEEP | {name: cell for name, cell in row.items() if name != "second"}
        table.append({"event_at": when, "known_at": when, **row})
    tapes.append(OPTION_TRADES, pa.Table.from_pylist(table, schema=COLUMNS))


def frames(tapes: TapeStore, as_of: datetime, contracts: Sequence[dict[str, Any]] = ()) -> Frames:
    rows = pd.DataFrame(list(contracts), columns=list(OptionContract.__table__.columns.keys()))
    since = as_of - INDICATOR.lookback
    views = {tape.name: tapes.view(tape, as_of, since) for tape in (OPTION_TRADES, OPTION_QUOTES)}
    return Frames(as_of, views, {OptionContract: rows}.__getitem__)


def read(tapes: TapeStore, subject: str = "ACME", as_of: datetime | None = None) -> Signal:
    (signal,) = compute(frames(tapes, as_of or calendar.settled(MONDAY)), [subject])
    return signal


def test_an_order_says_which_criteria_it_meets(tapes: TapeStore) -> None:
    store(tapes, {"exchange": "C", "size": 1_000}, {"exchange": "X", "size": 3_000})
    signal = read(tapes)
    (order,) = signal.facts["orders"]
    assert order == {
        "contract": "ACME 2024-03-22 101 C", "side": "buy", "premium_usd": 1_040_000.0, "price": 2.6,
        "size": 4_000, "prints": 2, "days": 18, "met": ["premium", "soon", "otm", "opening", "sweep"],
        "not_known": [], "at": OPENS.isoformat(), "opened": None,
    }  # fmt: skip
    assert (signal.state, signal.quality, signal.strength) == ("unusual_bullish", "B", 1.0)
    assert signal.facts["top_met"] == 5
    assert (signal.facts["unusual"], signal.facts["bullish_usd"], signal.facts["bearish_usd"]) == (
        1, 1_040_000.0, 0.0,
    )  # fmt: skip


def test_a_million_that_expires_late_and_opens_nothing_is_not_unusual(tapes: TapeStore) -> None:
    late = {"expiry": date(2024, 9, 20), "open_interest": 9_000, "condition": "I"}
    store(tapes, late | {"strike_e4": 900_000})
    signal = read(tapes)
    assert (signal.state, signal.event, signal.facts["unusual"]) == ("usual", None, 0)
    assert signal.facts["orders"][0]["met"] == ["premium"]  # the largest is told all the same


def test_what_is_not_known_is_neither_met_nor_missed(tapes: TapeStore) -> None:
    store(tapes, {"underlying_price_e4": None, "open_interest": None})
    (order,) = read(tapes).facts["orders"]
    assert (order["met"], order["not_known"]) == (["premium", "soon", "sweep"], ["otm", "opening"])


def test_a_put_bought_is_bearish_and_a_print_at_the_midpoint_has_no_side(tapes: TapeStore) -> None:
    put = {"is_call": False, "strike_e4": 990_000}
    store(tapes, put, put | {"underlying": "MIDX", "price_e4": 25_000, "size": 5_000})
    assert [read(tapes, name).state for name in ("ACME", "MIDX")] == ["unusual_bearish", "unusual"]
    assert [read(tapes, name).strength for name in ("ACME", "MIDX")] == [-1.0, 0.0]
    market = read(tapes, MARKET)
    assert [order["contract"].split()[0] for order in market.facts["orders"]] == ["MIDX", "ACME"]
    assert market.facts["side_not_known_usd"] == 1_250_000.0


def test_only_a_larger_order_is_a_new_event(tapes: TapeStore) -> None:
    moments = [OPENS + timedelta(minutes=minutes) for minutes in (5, 10, 15)]
    store(tapes, {})
    store(tapes, {"second": 400, "size": 3_900, "strike_e4": 1_020_000})
    store(tapes, {"second": 700, "size": 4_100, "strike_e4": 1_030_000})
    first, second, third = (read(tapes, as_of=moment) for moment in moments)
    assert first.event == second.event == f"ACME 2024-03-22 101 C buy {OPENS.isoformat()}"
    assert third.event is not None
    assert third.event.startswith("ACME 2024-03-22 103 C buy")
    assert (first.facts["so_far"], read(tapes).facts["so_far"]) == (True, False)


def test_open_interest_of_the_next_morning_says_whether_it_opened(tapes: TapeStore) -> None:
    store(tapes, {})
    row = {
        "contract": "ACME240322C00101000", "session": MONDAY, "open_interest_before": 500, "symbol": "ACME",
    }  # fmt: skip
    tuesday = calendar.opening(date(2024, 3, 5))
    for after, opened in ((500 + 2_800, True), (500 + 2_799, False)):
        (signal,) = compute(frames(tapes, tuesday, [row | {"open_interest": after}]), ["ACME"])
        assert signal.facts["orders"][0]["opened"] is opened


def test_everybody_of_the_newest_session_is_told_and_nobody_of_an_empty_one(tapes: TapeStore) -> None:
    assert list(compute(frames(tapes, calendar.settled(MONDAY)), None)) == []
    store(tapes, {}, {"underlying": "BETA", "size": 1})
    seen = frames(tapes, calendar.settled(MONDAY))
    assert {signal.subject: signal.state for signal in compute(seen, None)} == {
        "ACME": "unusual_bullish", "BETA": "usual", MARKET: "unusual_bullish",
    }  # fmt: skip
    assert list(compute(seen, ["NEVER"])) == []


def test_the_chart_lists_the_orders_largest_first(tapes: TapeStore) -> None:
    store(tapes, {}, {"second": 60, "size": 5_000, "is_call": False, "strike_e4": 990_000})
    signal = read(tapes)
    (panel,) = chart(frames(tapes, signal.as_of), signal).panels
    assert [(row.name, row.right, row.left) for row in panel.rows] == [
        ("ACME 2024-03-22 99 P", 0.0, 1_300_000.0), ("ACME 2024-03-22 101 C", 1_040_000.0, 0.0),
    ]  # fmt: skip


ROWS = st.fixed_dictionaries(
    {
        "second": st.integers(0, 30),
        "size": st.sampled_from([40, 3_000, 5_000]),
        "price_e4": st.sampled_from([24_000, 25_000, 26_000]),
        "condition": st.sampled_from(["S", "I", "A"]),
    }
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, max_size=12), cut=st.integers(0, 31))
def test_orders_read_at_a_moment_do_not_change_when_later_prints_arrive(
    tmp_path_factory: Any, rows: list[dict[str, Any]], cut: int
) -> None:
    everything, until_now = (TapeStore(Path(tmp_path_factory.mktemp("tape"))) for _ in range(2))
    for row in rows:
        store(everything, row)
        if row["second"] <= cut:
            store(until_now, row)
    now = OPENS + timedelta(seconds=cut)
    later, then = (list(compute(frames(tapes, now), None)) for tapes in (everything, until_now))
    assert later == then
