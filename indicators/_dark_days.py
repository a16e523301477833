"""Sessions of stock prints, subject by subject: bought, sold and unknown off the exchanges and in blocks.

Each session is reduced once; here the reductions are laid side by side. A session's blocks are those of its
own moment: measured by the sessions before it, never by what came later.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from indicators import MARKET
from indicators._asof import quoted
from indicators._dark_blocks import TRAILING, Blocks, find_blocks
from indicators._dark_selling import HISTORY
from indicators._stats import Floats
from indicators._stock_blocks import BLOCK_COLUMNS
from indicators._stock_conditions import BUCKETS, BUY, OFFICIAL, RETAIL, SELL
from indicators._stock_tape import COLUMNS, LIT, OFF, VENUES, Ints, reduce_stocks
from storage import calendar
from storage.tape import TapeView

#: the name and version under which a session's reduction is kept
METHOD = "dark_pool-1"
#: sessions that are judged, each by its own past
JUDGED = 60
#: all of the tape that is looked at; before the past lie the sessions that say what its blocks are
SESSIONS = TRAILING + HISTORY + JUDGED
FRIDAY = 4
#: buckets of off-exchange prints whose side is not known
UNKNOWN = [place for place in range(len(BUCKETS)) if place not in (BUY, SELL, RETAIL, OFFICIAL)]


@dataclass(frozen=True)
class Session:
    """One session of the tape: a row per symbol, some symbols only where the rest is not needed."""

    day: date
    source: str
    #: the newest print of the session known so far, UTC microseconds
    newest: int
    names: list[str]
    #: shares, e4 USD and prints by [symbol, venue, bucket]; shares in regular hours by [symbol, venue]
    shares: Ints
    notional: Ints
    trades: Ints
    regular: Ints
    #: legal_blocks and prints_10000 by symbol
    counts: Ints
    #: what may be a block, as rows of the symbol's place and BLOCK_COLUMNS
    blocks: Ints


def read_sessions(prints: TapeView, quotes: TapeView, subjects: Sequence[str] | None) -> list[Session]:
    """The newest `SESSIONS` sessions with prints, oldest first; of `subjects` only, MARKET is everybody.

    A print that came without its quote gets the best of `quotes` before it. Days without a session of the
    exchange are passed over.
    """
    days = [day for day in prints.sessions() if calendar.is_session(day)][-SESSIONS:]
    only = None if subjects is None or MARKET in subjects else subjects
    with_quotes = {*quotes.sessions()}
    return [_session(day, _reduced(prints, quotes, day, day in with_quotes), only) for day in days]


def _reduced(prints: TapeView, quotes: TapeView, day: date, fill: bool) -> pa.Table:
    """The reduction of one session; `fill` where its quotes are apart."""

    def stream() -> Iterator[pa.RecordBatch]:
        return quoted(prints, quotes, day, COLUMNS) if fill else prints.in_order(day, COLUMNS)

    return prints.reduced(day, METHOD, lambda _: reduce_stocks(stream, day), COLUMNS, beside=[quotes])


def _session(day: date, table: pa.Table, only: Sequence[str] | None) -> Session:
    if only is not None:
        table = table.filter(pc.is_in(table["symbol"], pa.array(only, pa.string())))

    def amounts(name: str, *shape: int) -> Ints:
        return np.asarray(table[name].combine_chunks().flatten().to_numpy().reshape(-1, *shape))

    lists = table["blocks"].combine_chunks()
    flat, ends = lists.flatten(), lists.value_lengths().to_numpy(zero_copy_only=False)
    places = np.repeat(np.arange(len(ends)), ends)
    blocks = np.column_stack([places, *(flat.field(name).to_numpy() for name in BLOCK_COLUMNS)])
    shares, notional, trades = (
        amounts(name, len(VENUES), len(BUCKETS)) for name in ("shares", "notional_e4", "trades")
    )
    counts = np.stack([table[name].to_numpy() for name in ("legal_blocks", "prints_10000")])
    source, newest = (table[name][0].as_py() for name in ("source", "newest")) if table.num_rows else ("", 0)
    regular = amounts("regular", len(VENUES))
    names = table["symbol"].to_pylist()
    return Session(
        day, source, newest, names, shares, notional, trades, regular, counts, blocks.astype(np.int64)
    )


@dataclass(frozen=True)
class Past:
    """e4 USD by [subject, session], sessions oldest first; the last subject is MARKET."""

    sessions: list[Session]
    places: dict[str, int]
    #: off the exchanges, retail prices left out
    dark_buy: Ints
    dark_sell: Ints
    dark_unknown: Ints
    #: everything that traded; and the number of prints, 0 where there is nothing
    total: Ints
    trades: Ints
    #: shares off the exchanges, and on them
    off: Ints
    lit: Ints
    blocks: Blocks

    @cached_property
    def days(self) -> list[date]:
        """The sessions' dates."""
        return [session.day for session in self.sessions]

    @cached_property
    def buy(self) -> Floats:
        """USD bought off the exchanges and in blocks on them; NaN where nothing traded."""
        return self._known(self.dark_buy + self.blocks.buy)

    @cached_property
    def sell(self) -> Floats:
        """USD sold, likewise."""
        return self._known(self.dark_sell + self.blocks.sell)

    @cached_property
    def unknown(self) -> Floats:
        """USD of both without a side."""
        return self._known(self.dark_unknown + self.blocks.unknown)

    def _known(self, e4: Ints) -> Floats:
        return np.where(self.trades > 0, e4 / 10_000, np.nan)

    def newest(self, subject: str) -> date | None:
        """The subject's newest session."""
        if subject not in self.places:
            return None
        seen = np.flatnonzero(self.trades[self.places[subject]])
        return self.sessions[seen[-1]].day if len(seen) else None


def past_of(sessions: Sequence[Session]) -> Past:
    """The past the sessions tell of each of their symbols, and of all together."""
    names = sorted({name for session in sessions for name in session.names})
    places = {name: place for place, name in enumerate([*names, MARKET])}
    sums = np.zeros((7, len(places), len(sessions)), np.int64)
    rows: list[NDArray[np.int64]] = []
    for column, session in enumerate(sessions):
        at = np.array([places[name] for name in session.names], np.int64)
        dark = session.notional[:, OFF]
        sums[:, at, column] = [
            dark[:, BUY],
            dark[:, SELL],
            dark[:, UNKNOWN].sum(axis=1),
            session.notional[:, :, :OFFICIAL].sum(axis=(1, 2)),
            session.trades.sum(axis=(1, 2)),
            *session.shares[:, [OFF, LIT]].sum(axis=2).T,
        ]
        who = at[session.blocks[:, 0]]
        rows.append(np.column_stack([who, np.full(len(who), column), session.blocks[:, 1:]]))
    sums[:, -1] = sums.sum(axis=1)
    buy, sell, unknown, total, trades, off, lit = sums
    blocks = find_blocks(rows, trades)
    return Past(list(sessions), places, buy, sell, unknown, total, trades, off, lit, blocks)


def is_rebalance(day: date) -> bool:
    """Whether indices are rebuilt that session: Fridays of quarterly expiry, and of the Russell in June.

    Where such a Friday is a holiday the session before takes its place.
    """
    if day.month % 3:
        return False
    fridays = [each for each in (day.replace(day=n) for n in range(1, 31)) if each.weekday() == FRIDAY]
    meant = fridays[2:4] if day.month == 6 else fridays[2:3]
    return any(day <= friday < calendar.shift(day, 1) for friday in meant)
