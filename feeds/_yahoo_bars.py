"""Yahoo's daily bars: open, high, low, close and volume of each session, split-adjusted as of the asking.

`timestamp[i]` (the opening, of the newest day its last trade) belongs to `indicators.quote[0].open[i]` and so
on; `adjclose`, which also takes dividends out, is not read.
"""

import json
from datetime import date, datetime

from feeds import Bad
from feeds._cells import Cells
from feeds._values import count, price, ticker
from feeds._yahoo_answers import NAME, Answer, Row, epoch, listed, mapped
from storage import calendar

#: assumption: open and close may lie this much outside low and high, prices went through 32-bit floats
TOLERANCE = 1e-4
_PRICES = ("open", "high", "low", "close")


def read_bars(chart: Row, answer: Answer) -> tuple[list[Row], list[Bad]]:
    """The Bar rows of one `result` of an answer, and what was refused, one `Bad` for each bar.

    An answer without bars, of another interval, currency or exchange, or about another symbol than was asked
    is one refused row.
    """
    try:
        symbol, traded, lines = _head(chart, answer)
    except ValueError as error:
        return [], [Bad(str(error), json.dumps(chart)[:2000])]
    rows: dict[date, Row] = {}
    bad = []
    # backwards: of a session that comes twice the later figures are the fuller ones
    for line in reversed(lines):
        try:
            row = _bar(Cells(line), symbol, traded, answer.at)
            if row["session"] in rows:
                raise ValueError("the session comes again in it")
            rows[row["session"]] = row
        except ValueError as error:
            bad.append(Bad(str(error), json.dumps({"symbol": symbol} | line)[:2000]))
    return [*reversed(rows.values())], bad[::-1]


def _head(chart: Row, answer: Answer) -> tuple[str, datetime | None, list[Row]]:
    """Whose bars these are, when it last traded, and the bars."""
    meta = Cells(mapped(chart.get("meta")))
    symbol = answer.symbol(meta.need(ticker, "symbol"))
    if meta.text("currency") not in (None, "USD"):
        raise ValueError("currency is not USD")
    if meta.text("dataGranularity") not in (None, "1d"):
        raise ValueError("not daily bars")
    if meta.text("exchangeTimezoneName") not in (None, "America/New_York"):
        raise ValueError("not of an exchange in New York")
    quotes = listed(mapped(chart.get("indicators")).get("quote"))
    times, quote = listed(chart.get("timestamp")), mapped(quotes[0] if quotes else None)
    if not times:
        raise ValueError("no bars in it")
    columns = {name: listed(quote.get(name)) for name in (*_PRICES, "volume")}
    if any(len(column) != len(times) for column in columns.values()):
        raise ValueError("not as many prices as times")
    lines = [
        {"timestamp": at} | {name: column[place] for name, column in columns.items()}
        for place, at in enumerate(times)
    ]
    return symbol, meta.maybe(epoch, "regularMarketTime"), lines


def _bar(cells: Cells, symbol: str, traded: datetime | None, asked: datetime | None) -> Row:
    at: datetime = cells.need(epoch, "timestamp")
    session = at.astimezone(calendar.NEW_YORK).date()
    if not calendar.is_session(session):
        raise ValueError("not a session of the exchange")
    close = calendar.close(session)
    if not (traded and traded >= close) and not (asked and asked >= calendar.settled(session)):
        raise ValueError("the session was still open")
    prices: dict[str, int] = {name: cells.need(price, name) for name in _PRICES}
    if prices["high"] < prices["low"]:
        raise ValueError("high is below low")
    for name in ("open", "close"):
        if not prices["low"] * (1 - TOLERANCE) <= prices[name] <= prices["high"] * (1 + TOLERANCE):
            raise ValueError(f"{name} is outside low and high")
    return {
        "event_at": close,
        "known_at": close,
        "source": NAME,
        "symbol": symbol,
        "session": session,
        **{f"{name}_e4": amount for name, amount in prices.items()},
        "volume": cells.need(count, "volume"),
    }
