"""Alpaca Market Data: daily bars, stock prints with their best quotes, option prints, option quotes polled.

Prints and quotes are asked for cell by cell (see `_alpaca_cells`) and each stock for itself: nothing is read
twice when another job asks or somebody watches one more. An option chain says which contracts traded.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from feeds import Ask, Bad, Feed, Parsed, Raw, Setting
from feeds._alpaca_answers import find_rows, load, when
from feeds._alpaca_cells import (
    Span,
    after_figures,
    midnight,
    option_hours,
    quoted_hours,
    ripe,
    sessions,
    stamp,
    unread,
    until_figures,
)
from feeds._alpaca_pages import KEY_ID, SECRET_KEY, URL, MissedError, Pages, Params
from feeds._alpaca_rows import NAME, read_rows
from feeds._values import opra
from storage import calendar
from storage.tables import Bar
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, OPTION_QUOTES, OPTION_TRADES

#: rows and snapshots in an answer, contracts in a request: the most there can be
ROWS, SNAPSHOTS, CONTRACTS = 10_000, 1_000, 100
#: stocks in a request for bars: as many as its name has room for
STOCKS = 20
#: [A] how much later than its prints a chain may say that a contract traded
LAG = timedelta(minutes=1)

#: how Alpaca names a stock; it has no indexes
_STOCK = re.compile(r"[A-Z]{1,5}(\.[A-Z]{1,3})?", re.ASCII)


def parse(raw: Raw) -> Parsed:
    """Rows of an answer. A document of another kind is one quarantined document.

    Raises FeedError where `raw` is not JSON.
    """
    document = load(raw.body, raw.name)
    rows = find_rows(document)
    if rows is None:
        return Parsed(bad=[Bad("not a kind this feed reads", json.dumps(document)[:2000])])
    return read_rows(rows)


async def fetch(ask: Ask) -> AsyncIterator[Raw]:
    """Daily bars of sessions that settled in the window; prints and quotes of cells that ripened in it.

    What fails does not stop the rest; one FeedError at the end says how much is missing. A refused key, a
    429 and a source that keeps failing end the run at once.
    """
    pages, since, until = Pages(ask), ask.window.since, ask.window.until
    symbols = [symbol for symbol in ask.symbols if _STOCK.fullmatch(symbol)]
    priced = dict.fromkeys([*symbols, *(symbol for symbol in ask.members if _STOCK.fullmatch(symbol))])
    async for raw in _bars(pages, list(priced), since, until):
        yield raw
    for symbol in symbols if sessions(since, until) else ():
        async for raw in _options(pages, symbol, since, until):
            yield raw
    for what, cells in (("trades", until_figures), ("trades", after_figures), ("quotes", quoted_hours)):
        for symbol in symbols:
            for name, span in unread(f"{what} {symbol}", ripe(cells, since, until), pages.known):
                async for raw in _stock(pages, what, symbol, name, span):
                    yield raw
    pages.finish()


async def _bars(pages: Pages, symbols: Sequence[str], since: datetime, until: datetime) -> AsyncIterator[Raw]:
    """Daily bars, many stocks at once.

    A chunk that is refused is asked for in halves: a symbol Alpaca does not know costs no other its bar.
    """
    days = [day for day in sessions(since, until) if since < calendar.settled(day) <= until]
    chunks = [symbols[first : first + STOCKS] for first in range(0, len(symbols), STOCKS)] if days else []
    while chunks:
        chunk = chunks.pop(0)
        name = f"bars {days[0]} {days[-1]} {','.join(chunk)}"
        if pages.known([name]):
            continue
        span = _between((midnight(days[0]), midnight(days[-1])))
        wanted = {
            **span,
            "symbols": ",".join(chunk),
            "feed": "sip",
            "timeframe": "1Day",
            "adjustment": "split",
        }
        try:
            async for raw, _ in pages.read(name, "/v2/stocks/bars", "bars", [wanted]):
                yield raw
        except MissedError as error:
            if error.refused and len(chunk) > 1:
                chunks += [chunk[: len(chunk) // 2], chunk[len(chunk) // 2 :]]
            else:
                pages.miss(error)


async def _stock(pages: Pages, what: str, symbol: str, name: str, span: Span) -> AsyncIterator[Raw]:
    """The trades or quotes of one stock from all exchanges and the tape's reporting facilities."""
    wanted = {**_between(span), "symbols": symbol, "feed": "sip"}
    try:
        async for raw, _ in pages.read(name, f"/v2/stocks/{what}", what, [wanted]):
            yield raw
    except MissedError as error:
        pages.miss(error)


async def _options(pages: Pages, underlying: str, since: datetime, until: datetime) -> AsyncIterator[Raw]:
    """The chain of `underlying` as it is now, with its quotes, and the prints of contracts that traded."""
    latest: dict[str, datetime] = {}
    path = f"/v1beta1/options/snapshots/{underlying}"
    wanted: Params = {"feed": "indicative", "limit": SNAPSHOTS}
    try:
        async for raw, page in pages.read(f"chain {underlying} {stamp(until)}", path, "snapshots", [wanted]):
            yield raw
            latest |= _latest(page, until)
        cells = ripe(option_hours, since, until)
        for name, (start, end) in unread(f"option-trades {underlying}", cells, pages.known):
            traded = [symbol for symbol, at in latest.items() if at >= start - LAG]
            between = _between((start - LAG, end))
            requests = [
                {**between, "symbols": ",".join(traded[first : first + CONTRACTS])}
                for first in range(0, len(traded), CONTRACTS)
            ]
            if not requests:
                yield Raw(f"{name} last", b"{}")
            async for raw, _ in pages.read(name, "/v1beta1/options/trades", "trades", requests):
                yield raw
    except MissedError as error:
        pages.miss(error)


def _latest(snapshots: Mapping[str, object], unknown: datetime) -> Iterator[tuple[str, datetime]]:
    """When each contract traded last, `unknown` where that cannot be read; adjusted ones are none of ours."""
    for symbol, snapshot in snapshots.items():
        trade = snapshot.get("latestTrade") if isinstance(snapshot, dict) else None
        try:
            opra(symbol)
        except ValueError:
            continue
        if trade is not None:
            yield symbol, when(trade) or unknown


def _between(span: Span) -> dict[str, str | int]:
    return {"start": stamp(span[0]), "end": stamp(span[1]), "limit": ROWS}


FEED = Feed(
    name=NAME,
    about=(
        "Daily bars, stock prints with best quotes and option prints of Alpaca, 15 minutes old, "
        "and indicative option quotes (free)."
    ),
    gives=(Bar, EQUITY_TRADES, EQUITY_QUOTES, OPTION_TRADES, OPTION_QUOTES),
    parse=parse,
    fetch=fetch,
    settings=(
        Setting(URL, "https://data.alpaca.markets", "root of Alpaca's Market Data API"),
        Setting(KEY_ID, "", "id of an Alpaca key; the free plan's will do", secret=True),
        Setting(SECRET_KEY, "", "the secret that goes with it", secret=True),
    ),
    needs=(KEY_ID, SECRET_KEY),
)
