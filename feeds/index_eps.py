"""Forward earnings of the S&P 500, as they stood when published, and its closes: files only.

The layout is told by content: S&P's workbook, a header of FactSet's or S&P's tables, closes of the index, or
else our own columns. No estimate is known before the day it is of is over, or before its source says.
"""

from datetime import date, datetime

import pyarrow as pa

from feeds import Feed, Parsed, Raw
from feeds._columns import Layout, by_day, open_rows
from feeds._eps_closes import read_bars, read_closes
from feeds._eps_rows import INDEX, NAME, closed, us_day
from feeds._eps_tables import FACTSET, is_factset, read_actuals, read_factset, read_vintages
from feeds._eps_workbook import read_workbook
from feeds._values import moment, money, price, words
from storage import calendar
from storage.tables import Bar, IndexEps

_OWN = Layout(("published_at", "index_close", "forward_eps", "basis"))
#: FactSet's quarters summed by somebody else: the one that runs and the next three
_DERIVED = Layout(("report_date", "fwd_eps_cur_plus3q"))
#: what the bases are also called
_BASES = {"as reported": "reported", "as_reported": "reported", "gaap": "reported", "non-gaap": "adjusted"}


def parse(raw: Raw) -> Parsed:
    """IndexEps rows of `raw`, or Bars of the index.

    Raises FeedError where it is none of the layouts.
    """
    if raw.body.startswith(b"PK"):
        return read_workbook(raw)
    names = _header(raw.body)
    if is_factset(names):
        return read_factset(raw)
    if {"report_date", "fwd_eps_cur_plus3q"} <= set(names):
        return _read_derived(raw)
    if {"yr_qtr", "op_eps", "rep_eps"} <= set(names):
        return read_vintages(raw) if "vintage" in names else read_actuals(raw)
    if set(names) == {"date", "sp500"}:
        return read_closes(raw)
    if {"date", "open", "high", "low", "close", "volume"} <= set(names) and not {"symbol", "ticker"} & set(
        names
    ):
        return read_bars(raw)
    return _read_own(raw)


def _header(body: bytes) -> list[str]:
    line = body[:10_000].decode("utf-8-sig", "replace").lstrip().partition("\n")[0]
    return [name.strip().lower() for name in line.split(",")]


def _read_own(raw: Raw) -> Parsed:
    """Our own columns: known when published; of the last close before that."""
    rows = open_rows(raw, [_OWN])
    published = rows.read("published_at", _published, pa.timestamp("us", "UTC"))
    vintage = by_day(published, lambda at: _last_close(at) if isinstance(at, datetime) else None, pa.date32())
    columns = {
        "event_at": by_day(vintage, closed),
        "known_at": published, "source": NAME, "index": INDEX, "vendor": "own",
        "basis": rows.read("basis", _basis, pa.string()), "kind": "ntm", "period": "NTM",
        "vintage": vintage, "eps_e4": rows.read("forward_eps", money, pa.int64()), "estimated": True,
        "close_e4": rows.read("index_close", price, pa.int64(), missing=None),
    }  # fmt: skip
    return rows.parsed(IndexEps, columns)


def _read_derived(raw: Raw) -> Parsed:
    """The sum of the quarter that runs and the next three: what the twelve months ahead are taken to earn.

    The next four quarters, beside it in the file, are a number of another period and are not read.
    """
    rows = open_rows(raw, [_DERIVED])
    seen = rows.read("report_date", us_day, pa.date32())
    columns = {
        "event_at": by_day(seen, closed),
        "known_at": by_day(seen, calendar.day_end),
        "source": NAME, "index": INDEX, **FACTSET, "kind": "ntm", "period": "NTM", "vintage": seen,
        "eps_e4": rows.read("fwd_eps_cur_plus3q", money, pa.int64()), "estimated": True,
    }  # fmt: skip
    return rows.parsed(IndexEps, columns)


def _published(text: str) -> datetime:
    """A moment, or a date that stands for the end of its day, UTC."""
    try:
        at = calendar.day_end(date.fromisoformat(text)) if len(text) == 10 else moment(text)
    except ValueError as error:
        raise ValueError("is not a date" if len(text) == 10 else str(error)) from None
    if not 2000 <= at.year <= 2034:  # sessions the calendar knows, and one before
        raise ValueError("is outside 2000 to 2034")
    return at


def _last_close(at: datetime) -> date:
    """The newest session that had closed by then."""
    session = calendar.last_session(at)
    return session if calendar.close(session) <= at else calendar.shift(session, -1)


def _basis(text: str) -> str:
    """Operating, reported or adjusted; another word is a basis of its own."""
    basis = _BASES.get(text.lower(), words(text).lower())
    if len(basis) > 12:
        raise ValueError("is longer than 12 letters")
    return basis


FEED = Feed(
    name=NAME,
    about="Forward earnings of the S&P 500 and its closes: S&P's workbook, FactSet's table, CSV or Parquet.",
    gives=(IndexEps, Bar),
    parse=parse,
)
