"""Stock prints and quotes in our own columns (CSV or Parquet), or LEAN's tick files (zip)."""

import pyarrow as pa
import pyarrow.compute as pc

from feeds import Feed, Parsed, Raw
from feeds._columns import Layout, Rows, by_day, open_rows, session_days
from feeds._lean_ticks import read_zip
from feeds._sale_conditions import from_text
from feeds._values import LARGEST_E4, count, moment, not_negative, price, shares, ticker, words
from storage import calendar
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, MOMENT

NAME = "equity_trades"

_TRADES = Layout(("executed_at", "symbol", "price", "size", "venue"))
_QUOTES = Layout(("quoted_at", "symbol", "bid", "bid_size", "ask", "ask_size"))


def parse(raw: Raw) -> Parsed:
    """Prints of `raw` as EQUITY_TRADES, or quotes as EQUITY_QUOTES, known as they happened.

    Raises FeedError where the columns are none we know, or the zip is none of LEAN's.
    """
    if raw.body.startswith(b"PK"):
        return read_zip(raw, NAME)
    rows = open_rows(raw, (_TRADES, _QUOTES))
    return _trades(rows) if rows.layout is _TRADES else _quotes(rows)


def _trades(rows: Rows) -> Parsed:
    columns = _about(rows, "executed_at") | {
        "price_e4": rows.read("price", price, pa.int64()),
        "size": rows.read("size", shares, pa.int64()),
        "bid_e4": rows.read("bid", _side, pa.int64(), missing=None),
        "ask_e4": rows.read("ask", _side, pa.int64(), missing=None),
        "venue": rows.read("venue", words, pa.string(), missing=None),
        "condition": rows.read("condition", from_text, pa.string(), missing=None),
    }
    dollars = pc.multiply(columns["price_e4"].cast(pa.float64()), columns["size"].cast(pa.float64()))
    rows.refuse(pc.greater_equal(dollars, float(LARGEST_E4)), "value is beyond a hundred billion dollars")
    return rows.parsed(EQUITY_TRADES, columns)


def _quotes(rows: Rows) -> Parsed:
    columns = _about(rows, "quoted_at") | {
        "exchange": rows.read("exchange", words, pa.string(), missing=None)
    }
    for side in ("bid", "ask"):
        quoted = rows.read(side, _side, pa.int64(), missing=None)
        size = rows.read(f"{side}_size", count, pa.int64(), missing=None)
        columns |= {f"{side}_e4": quoted, f"{side}_size": pc.if_else(pc.is_valid(quoted), size, None)}
    return rows.parsed(EQUITY_QUOTES, columns)


def _about(rows: Rows, happened: str) -> dict[str, pa.Array]:
    """When it happened, which is when it was known, and of what."""
    event_at = rows.read(happened, moment, MOMENT)
    opened = by_day(session_days(event_at), calendar.is_session, pa.bool_())
    rows.refuse(pc.invert(opened), "not on a session of the exchange")
    symbol = rows.read("symbol", ticker, pa.string())
    return {"event_at": event_at, "known_at": event_at, "symbol": symbol, "source": NAME}


def _side(text: str) -> int | None:
    """One side of a quote, USD as ten-thousandths; zero is how some write that nobody quotes."""
    return not_negative(text) or None


FEED = Feed(
    name=NAME,
    about="Stock prints and quotes, as CSV or Parquet files of ours or LEAN's tick files.",
    gives=(EQUITY_TRADES, EQUITY_QUOTES),
    parse=parse,
)
