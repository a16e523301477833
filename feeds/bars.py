"""Daily bars in our own columns, CSV or Parquet: split-adjusted prices in USD, volume in shares."""

from pathlib import PurePath

import pyarrow as pa
import pyarrow.compute as pc

from feeds import Feed, FeedError, Parsed, Raw
from feeds._columns import Layout, Rows, by_day, open_rows
from feeds._values import count, day, price, ticker
from storage import calendar
from storage.tables import Bar

NAME = "bars"
#: a close may lie this much outside low and high: vendors' prices went through 32-bit floats
TOLERANCE = 1e-4

_PRICES = ("open", "high", "low", "close", "volume")
_ONE_SYMBOL = Layout(("date", *_PRICES))
_LAYOUTS = (
    Layout(("date", "symbol", *_PRICES)),
    Layout(("date", "symbol", *_PRICES), {"symbol": "ticker"}),
    _ONE_SYMBOL,
)


def parse(raw: Raw) -> Parsed:
    """Bars of `raw`; a file without a symbol column is of the symbol it is named after.

    Raises FeedError where columns are missing, or the symbol.
    """
    rows = open_rows(raw, _LAYOUTS)
    session = rows.read("date", day, pa.date32())
    known = by_day(session, lambda each: calendar.close(each) if calendar.is_session(each) else None)
    rows.refuse(pc.and_(pc.is_valid(session), pc.is_null(known)), "not a session of the exchange")
    one = rows.layout is _ONE_SYMBOL
    columns = {
        "event_at": known,
        "known_at": known,
        "source": NAME,
        "symbol": _symbol(raw) if one else rows.read("symbol", ticker, pa.string()),
        "session": session,
        **{f"{name}_e4": rows.read(name, price, pa.int64()) for name in _PRICES[:4]},
        "volume": rows.read("volume", count, pa.int64()),
    }
    _refuse_impossible(rows, columns)
    return rows.parsed(Bar, columns)


def _symbol(raw: Raw) -> str:
    try:
        return ticker(PurePath(raw.name).stem)
    except ValueError:
        raise FeedError(
            f"{raw.name} has no symbol column and is not named after a ticker.", permanent=True
        ) from None


def _refuse_impossible(rows: Rows, columns: dict[str, pa.Array]) -> None:
    low, high = columns["low_e4"], columns["high_e4"]
    rows.refuse(pc.less(high, low), "high is below low")
    for name in ("open", "close"):
        value = columns[f"{name}_e4"]
        outside = pc.or_(
            pc.greater(value, pc.multiply(high, 1 + TOLERANCE)),
            pc.less(value, pc.multiply(low, 1 - TOLERANCE)),
        )
        rows.refuse(outside, f"{name} is outside low and high")


FEED = Feed(
    name=NAME,
    about="Daily open, high, low, close and volume, as CSV or Parquet files.",
    gives=(Bar,),
    parse=parse,
)
