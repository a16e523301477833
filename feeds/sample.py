"""The built-in sample market: synthetic, deterministic, fictional. It needs no network and no account.

A body holds one Arrow stream for each kind of row, named in the stream's schema.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, time
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa

from feeds import Ask, Feed, FeedError, Kind, Parsed, Raw, rows_to_table, schema_of
from feeds import _sample_market as market
from feeds._sample_market import FIRST_SESSION, HISTORY_SESSIONS
from storage import calendar
from storage.tables import Bar, IndexEps, InsiderTrade, SectorMember
from storage.tape import EQUITY_TRADES, OPTION_TRADES, Tape

__all__ = ["FEED", "FIRST_SESSION", "HISTORY_SESSIONS", "SAMPLE_TICKERS", "day"]

NAME = "sample"
SAMPLE_TICKERS = market.COMPANIES
#: memberships hold since the day before the market's first
MEMBERS_SINCE = date(2024, 1, 1)
#: they are said on the first session and then once in so many
MEMBERS_EVERY = 20

_KINDS: dict[str, Kind] = {
    "option_trades": OPTION_TRADES,
    "equity_trades": EQUITY_TRADES,
    "bar": Bar,
    "insider_trade": InsiderTrade,
    "sector_member": SectorMember,
    "index_eps": IndexEps,
}


def day(session: date) -> dict[Kind, pa.Table]:
    """All rows of one session; the same whenever it is asked for. Raises KeyError where it is none."""
    closes = calendar.close(session)
    since = calendar.new_york(MEMBERS_SINCE, time())
    known = {"event_at": closes, "known_at": closes, "source": NAME}
    bars = [row | known for row in market.bars(session)]
    members = [
        {"event_at": since, "known_at": since, "source": NAME, "since": MEMBERS_SINCE}
        | {"symbol": symbol, "sector": company.sector, "name": company.name}
        for symbol, company in SAMPLE_TICKERS.items()
        if market.place_of(session) % MEMBERS_EVERY == 0
    ]
    estimates = [row | known for row in market.estimates(session)]
    lines = [
        line | {"source": NAME} for symbol in SAMPLE_TICKERS for line in market.insider_lines(symbol, session)
    ]
    return {
        OPTION_TRADES: _tape(OPTION_TRADES, [market.option_prints(each, session) for each in SAMPLE_TICKERS]),
        EQUITY_TRADES: _tape(EQUITY_TRADES, [market.equity_prints(each, session) for each in SAMPLE_TICKERS]),
        Bar: rows_to_table(Bar, bars),
        InsiderTrade: rows_to_table(InsiderTrade, lines),
        SectorMember: rows_to_table(SectorMember, members),
        IndexEps: rows_to_table(IndexEps, estimates),
    }


def _tape(tape: Tape, tickers: list[market.Columns]) -> pa.Table:
    """The prints of all tickers as rows of `tape`, known at once."""
    columns: dict[str, Any] = {name: np.concatenate([each[name] for each in tickers]) for name in tickers[0]}
    size = len(columns["event_at"])
    columns["known_at"] = columns["event_at"]
    columns["source"] = np.full(size, NAME)
    table = pa.table(columns)
    for field in schema_of(tape):
        if field.name not in columns:
            table = table.append_column(field.name, pa.nulls(size, field.type))
    return table.select(schema_of(tape).names).cast(schema_of(tape))


def parse(raw: Raw) -> Parsed:
    """The rows of a session's body. Raises FeedError where it is not one."""
    if not raw.body:
        raise FeedError(f"{raw.name} is empty.", permanent=True)
    accepted: dict[Kind, pa.Table] = {}
    source = BytesIO(raw.body)
    try:
        while source.tell() < len(raw.body):
            table = pa.ipc.open_stream(source).read_all()
            kind = _KINDS[table.schema.metadata[b"kind"].decode()]
            accepted[kind] = table.replace_schema_metadata(None)
            if set(table.column_names) - set(schema_of(kind).names):
                raise KeyError
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        raise FeedError(f"{raw.name} is not a session of the sample market.", permanent=True) from None
    return Parsed(accepted)


def _body(session: date) -> bytes:
    sink = BytesIO()
    names = {kind: name for name, kind in _KINDS.items()}
    for kind, table in day(session).items():
        table = table.replace_schema_metadata({"kind": names[kind]})
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()


async def fetch(ask: Ask) -> AsyncIterator[Raw]:
    """One body for each session that settles within the window and was not read before, oldest first."""
    first, last = (at.astimezone(calendar.NEW_YORK).date() for at in (ask.window.since, ask.window.until))
    names = {
        session.isoformat(): session
        for session in calendar.sessions(max(first, FIRST_SESSION), last)
        if ask.window.since < calendar.settled(session) <= ask.window.until
    }
    known = ask.known(names)
    for name, session in names.items():
        if name not in known:
            yield Raw(name, await asyncio.to_thread(_body, session))


FEED = Feed(
    name=NAME,
    about="A synthetic market of fictional companies, for trying everything without an account.",
    gives=tuple(_KINDS.values()),
    parse=parse,
    fetch=fetch,
)
