"""Alpaca's rows: how their keys become our columns.

A symbol that looks like OPRA's is an option's. Columns are read as those of a file, each distinct text once.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from feeds import Bad, Kind, Parsed
from feeds._alpaca_answers import Found, Row, as_list
from feeds._columns import Layout, Rows, by_day, session_days
from feeds._values import (
    LARGEST_E4,
    contracts,
    count,
    moment,
    not_negative,
    opra,
    price,
    shares,
    ticker,
    words,
)
from storage import calendar
from storage.tables import Bar
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, MOMENT, OPTION_QUOTES, OPTION_TRADES, Tape

NAME = "alpaca"
#: option quotes are asked for in the feed every key may read: they are made from OPRA's, not OPRA's
INDICATIVE = "alpaca, indicative"
#: prints and quotes younger than this are not for the free plan: nobody on it knows them earlier
DELAY = timedelta(minutes=15)
#: from this day on the tape's quotes count shares, before round lots
SHARES_FROM = date(2025, 11, 3)
#: [A] shares in a round lot before that day; some shares above a thousand dollars had smaller ones
LOT = 100

_OPTION = re.compile(r".{1,6}\d{6}[CP]\d{8}", re.ASCII)


def read_rows(found: Sequence[Found]) -> Parsed:
    """Read each row by what it is; `received` is their number."""
    groups: dict[tuple[str, bool], list[tuple[str, Row]]] = {}
    bad: list[Bad] = []
    for what, symbol, row in found:
        key = what, _OPTION.fullmatch(symbol) is not None
        if key in _READERS and isinstance(row, dict):
            groups.setdefault(key, []).append((symbol, row))
        else:
            reason = _REFUSED.get(key, "not a kind this feed reads")
            bad.append(Bad(reason, json.dumps({symbol: row})[:2000]))
    accepted: dict[Kind, pa.Table] = {}
    for key, rows in groups.items():
        columns, read = _READERS[key]
        parsed = read(_rows(columns, rows))
        accepted |= parsed.accepted
        bad += parsed.bad
    return Parsed(accepted, bad)


def _rows(columns: Mapping[str, str], rows: Sequence[tuple[str, Row]]) -> Rows:
    """A table of text; `columns` says by which of our names the feed's keys go."""
    cells = {"symbol": [_text(symbol) for symbol, _ in rows]}
    for name, key in columns.items():
        values = [row.get(key) for _, row in rows]
        cells[key] = [_text(_letters(value) if name == "condition" else value) for value in values]
    table = pa.table({name: pa.array(column, pa.string()) for name, column in cells.items()})
    return Rows(table, (), Layout((), columns))


def _letters(value: object) -> str | None:
    """Sale conditions, comma-separated; `@` and a blank say that a sale was regular."""
    letters = [str(letter).strip() for letter in as_list(value)]
    return ",".join(letter for letter in letters if letter not in ("", "@")) or None


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    # JSON may hold halves of characters, which no column can
    return text.encode(errors="surrogatepass").decode(errors="replace")


def _parsed(rows: Rows, tape: Tape, columns: dict[str, Any]) -> Parsed:
    """The rows with all the tape's columns: what Alpaca does not say is null."""
    return rows.parsed(tape, dict.fromkeys(tape.schema.names) | columns)


def _times(rows: Rows, source: str) -> dict[str, Any]:
    event_at = rows.read("event_at", moment, MOMENT)  # nanoseconds are cut off, never rounded up
    return {"event_at": event_at, "known_at": pc.add(event_at, pa.scalar(DELAY)), "source": source}


def _contract(rows: Rows) -> dict[str, Any]:
    def part(place: int, kind: pa.DataType) -> pa.Array:
        return rows.read("symbol", lambda text: opra(text)[place], kind)

    return {
        "underlying": part(0, pa.string()),
        "expiry": part(1, pa.date32()),
        "is_call": part(2, pa.bool_()),
        "strike_e4": part(3, pa.int64()),
    }


def _refuse_unbelievable(rows: Rows, columns: Mapping[str, Any], shares_each: int = 1) -> None:
    dollars = pc.multiply(pc.cast(columns["price_e4"], pa.float64()), columns["size"])
    rows.refuse(
        pc.greater_equal(dollars, LARGEST_E4 / shares_each), "premium is beyond a hundred billion dollars"
    )


def _equity_trades(rows: Rows) -> Parsed:
    columns = _times(rows, NAME) | {
        "symbol": rows.read("symbol", ticker, pa.string()),
        "price_e4": rows.read("price", price, pa.int64()),
        "size": rows.read("size", shares, pa.int64()),
        "venue": rows.read("venue", words, pa.string(), missing=None),
        "condition": rows.read("condition", words, pa.string(), missing=None),
    }
    update = rows.read("update", words, pa.string(), missing=None)
    rows.refuse(pc.equal(update, "canceled"), "cancelled by the vendor")
    rows.refuse(pc.equal(update, "incorrect"), "corrected by the vendor, another print stands for it")
    _refuse_unbelievable(rows, columns)
    return _parsed(rows, EQUITY_TRADES, columns)


def _option_trades(rows: Rows) -> Parsed:
    columns = _times(rows, NAME) | {
        **_contract(rows),
        "price_e4": rows.read("price", price, pa.int64()),
        "size": rows.read("size", contracts, pa.int64()),
        "multiplier": 100,
        "condition": rows.read("condition", _letter, pa.string(), missing=None),
        "exchange": rows.read("exchange", words, pa.string(), missing=None),
    }
    sessions = session_days(columns["event_at"])
    opened = by_day(sessions, calendar.is_session, pa.bool_())
    rows.refuse(pc.invert(opened), "not on a session of the exchange")
    rows.refuse(pc.less(columns["expiry"], sessions), "the contract expired before the trade")
    _refuse_unbelievable(rows, columns, 100)
    return _parsed(rows, OPTION_TRADES, columns)


def _letter(text: str) -> str:
    if len(text) != 1:
        raise ValueError("is not one letter of OPRA's")
    return text


def _quotes(rows: Rows, symbol: Callable[[str], str], source: str) -> dict[str, Any]:
    """The best bid and ask; a price of zero says that nobody quotes on that side."""
    columns = _times(rows, source) | {"symbol": rows.read("symbol", symbol, pa.string())}
    for side in ("bid", "ask"):
        money = rows.read(side, not_negative, pa.int64())
        quoted = pc.greater(money, 0)
        columns[f"{side}_e4"] = pc.if_else(quoted, money, None)
        columns[f"{side}_size"] = pc.if_else(
            quoted, rows.read(f"{side}_size", count, pa.int64(), missing=None), None
        )
    return columns


def _equity_quotes(rows: Rows) -> Parsed:
    columns = _quotes(rows, ticker, NAME)
    in_lots = pc.less(session_days(columns["event_at"]), pa.scalar(SHARES_FROM))
    for name in ("bid_size", "ask_size"):
        columns[name] = pc.multiply(columns[name], pc.if_else(in_lots, LOT, 1))
    return _parsed(rows, EQUITY_QUOTES, columns)


def _option_quotes(rows: Rows) -> Parsed:
    return _parsed(rows, OPTION_QUOTES, _quotes(rows, _opra_symbol, INDICATIVE))


def _opra_symbol(text: str) -> str:
    opra(text)
    return text


def _bars(rows: Rows) -> Parsed:
    session = rows.read("session", _midnight, pa.date32())
    known = by_day(session, lambda each: calendar.close(each) if calendar.is_session(each) else None)
    rows.refuse(pc.and_(pc.is_valid(session), pc.is_null(known)), "not a session of the exchange")
    columns = {
        "event_at": known,
        "known_at": known,
        "source": NAME,
        "symbol": rows.read("symbol", ticker, pa.string()),
        "session": session,
        **{f"{name}_e4": rows.read(name, price, pa.int64()) for name in ("open", "high", "low", "close")},
        "volume": rows.read("volume", count, pa.int64()),
    }
    low, high = columns["low_e4"], columns["high_e4"]
    rows.refuse(pc.less(high, low), "high is below low")
    for name in ("open", "close"):
        value = columns[f"{name}_e4"]
        rows.refuse(pc.or_(pc.greater(value, high), pc.less(value, low)), f"{name} is outside low and high")
    return rows.parsed(Bar, columns)


def _midnight(text: str) -> date:
    """The session of a daily bar, which begins at midnight of New York."""
    at: datetime = moment(text).astimezone(calendar.NEW_YORK)
    if at.time() != time():
        raise ValueError("is not midnight of New York, so this is no daily bar")
    return at.date()


_TRADE = {"event_at": "t", "price": "p", "size": "s", "condition": "c"}
_QUOTE = {"event_at": "t", "bid": "bp", "bid_size": "bs", "ask": "ap", "ask_size": "as"}
_BAR = {"session": "t", "open": "o", "high": "h", "low": "l", "close": "c", "volume": "v"}
#: by what a row is and whether of an option: our names of its keys, and who reads it
_READERS: dict[tuple[str, bool], tuple[Mapping[str, str], Callable[[Rows], Parsed]]] = {
    ("trades", False): (_TRADE | {"venue": "x", "update": "u"}, _equity_trades),
    ("trades", True): (_TRADE | {"exchange": "x"}, _option_trades),
    ("quotes", False): (_QUOTE, _equity_quotes),
    ("quotes", True): (_QUOTE, _option_quotes),
    ("bars", False): (_BAR, _bars),
}
_REFUSED = {
    ("bars", True): "a bar of an option",
    ("snapshots", True): "a snapshot without a quote",
    ("snapshots", False): "a snapshot without a quote",
}
