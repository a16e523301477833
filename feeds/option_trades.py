"""Option prints in our own columns, or in LEAN's minute and hour bars: CSV or Parquet."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from feeds import Feed, Parsed, Raw
from feeds._columns import Layout, Rows, by_day, open_rows, session_days
from feeds._values import (
    LARGEST_E4,
    contracts,
    count,
    day,
    is_call,
    moment,
    new_york_clock,
    not_negative,
    price,
    side,
    ticker,
    words,
)
from storage import calendar
from storage.tape import MOMENT, OPTION_TRADES

NAME = "option_trades"


@dataclass(frozen=True)
class _Tape(Layout):
    """A layout with the clock its times are written by and how long after them a row is known."""

    clock: Callable[[str], datetime] = moment
    known_after: timedelta = timedelta()


_CONTRACT = ("executed_at", "underlying", "expiry", "strike", "right", "price", "size")
#: A bar is one print at its close, stamped with the bar's start and known when the bar is over.
_LAYOUTS = (
    _Tape((*_CONTRACT, "bid", "ask")),
    _Tape(
        (*_CONTRACT, "bid", "ask"),
        {"executed_at": "ts_et", "price": "c", "bid": "bid_prev", "ask": "ask_prev"},
        new_york_clock,
        timedelta(minutes=1),
    ),
    # an hour bar's quotes are of the same hour, after its trades: signing by them would look ahead
    _Tape(_CONTRACT, {"executed_at": "hour_et", "price": "c"}, new_york_clock, timedelta(hours=1)),
)


def parse(raw: Raw) -> Parsed:
    """Prints of `raw` as OPTION_TRADES. Raises FeedError where the columns are none we know."""
    rows = open_rows(raw, _LAYOUTS)
    layout = rows.layout
    assert isinstance(layout, _Tape)
    event_at = rows.read("executed_at", layout.clock, MOMENT)
    # a bar's sizes are those at its end, after its trades
    before = layout is _LAYOUTS[0]
    columns = {
        "event_at": event_at,
        "known_at": pc.add(event_at, pa.scalar(layout.known_after, pa.duration("us"))),
        "underlying": rows.read("underlying", ticker, pa.string()),
        "expiry": rows.read("expiry", day, pa.date32()),
        "strike_e4": rows.read("strike", not_negative, pa.int64()),
        "is_call": rows.read("right", is_call, pa.bool_()),
        "price_e4": rows.read("price", price, pa.int64()),
        "size": rows.read("size", contracts, pa.int64()),
        "multiplier": rows.read("multiplier", contracts, pa.int64(), missing=100),
        "bid_e4": rows.read("bid", not_negative, pa.int64(), missing=None),
        "ask_e4": rows.read("ask", not_negative, pa.int64(), missing=None),
        "bid_size": rows.read("bid_size", count, pa.int64(), missing=None) if before else None,
        "ask_size": rows.read("ask_size", count, pa.int64(), missing=None) if before else None,
        "condition": rows.read("condition", words, pa.string(), missing=None),
        "exchange": rows.read("exchange", words, pa.string(), missing=None),
        "underlying_price_e4": rows.read("underlying_price", price, pa.int64(), missing=None),
        "open_interest": rows.read("open_interest", count, pa.int64(), missing=None),
        "vendor_side": rows.read("side", side, pa.string(), missing=None),
        "source": NAME,
    }
    _refuse_impossible(rows, columns)
    return rows.parsed(OPTION_TRADES, columns)


def _refuse_impossible(rows: Rows, columns: dict[str, pa.Array]) -> None:
    sessions = session_days(columns["event_at"])
    opened = by_day(sessions, calendar.is_session, pa.bool_())
    rows.refuse(pc.invert(opened), "not on a session of the exchange")
    rows.refuse(pc.less(columns["expiry"], sessions), "the contract expired before the trade")
    dollars = np.ones(rows.size)
    for name in ("price_e4", "size", "multiplier"):
        dollars *= pc.fill_null(columns[name], 0).to_numpy(zero_copy_only=False)
    rows.refuse(dollars >= LARGEST_E4, "premium is beyond a hundred billion dollars")


FEED = Feed(
    name=NAME,
    about="Option prints with the quote before each, as CSV or Parquet files of ours or LEAN's bars.",
    gives=(OPTION_TRADES,),
    parse=parse,
)
