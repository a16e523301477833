"""Sessions of option premium, subject by subject, from the reduced tape or from a vendor's day totals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from indicators import MARKET
from indicators._asof import quoted
from indicators._option_orders import FIELDS
from indicators._option_sides import BUY, EXCLUDED, NOTHING, SELL, Ints
from indicators._option_tape import COLUMNS, reduce_tape
from indicators._stats import Floats
from storage.tape import TapeView

#: the name and version under which a session's reduction is kept
METHOD = "options_flow-2"
PUT, CALL = 0, 1
#: of the pairs a session has by subject: all orders, and those with a side
ALL, SIGNED = 0, 1


@dataclass(frozen=True)
class Session:
    """One session of the tape: a row per underlying, and a last one for the market."""

    day: date
    source: str
    #: the newest print of the session known so far, UTC microseconds
    newest: int
    places: dict[str, int]
    #: e4 USD, contracts and trades by [subject, put or call, bucket]; and e4 USD of contracts of over a year
    premium: Ints
    contracts: Ints
    trades: Ints
    long: Ints
    #: orders, and the sum of their squared USD, by [subject, all or signed only]
    orders: Ints
    squares: Floats
    #: vendor_compared, vendor_agreed, cancels, cancels_unmatched by subject
    counts: Ints
    #: the largest orders by subject, the market left out
    largest: pa.ChunkedArray
    #: the moment it is looked at
    as_of: datetime

    @cached_property
    def _orders(self) -> tuple[Ints, Ints]:
        """The kept orders as rows of FIELDS, and where each subject's begin."""
        lists = self.largest.combine_chunks()
        flat, begin = lists.flatten(), lists.offsets.to_numpy().astype(np.int64) - lists.offsets[0].as_py()
        codes = np.repeat(np.arange(len(lists)), np.diff(begin))
        return np.column_stack([codes, *(flat.field(name).to_numpy() for name in FIELDS[1:])]), begin

    def orders_of(self, subject: str) -> Ints:
        """The kept orders of a subject (of everybody for the market) as rows of FIELDS, shape (orders, 15);
        `code` is the subject's place.
        """
        rows, begin = self._orders
        if subject == MARKET:
            return rows
        place = self.places[subject]
        return rows[begin[place] : begin[place + 1]]

    @cached_property
    def legs(self) -> Ints:
        """e4 USD of each subject's puts and calls, shape (subjects, 2)."""
        return np.asarray(self.premium[:, :, :EXCLUDED].sum(axis=2))

    @cached_property
    def total(self) -> Ints:
        """e4 USD of each subject's prints."""
        return np.asarray(self.legs.sum(axis=1))

    @cached_property
    def bull(self) -> Ints:
        """e4 USD of calls bought and puts sold."""
        return np.asarray(
            self.premium[:, CALL][:, BUY].sum(axis=1) + self.premium[:, PUT][:, SELL].sum(axis=1), np.int64
        )

    @cached_property
    def bear(self) -> Ints:
        """e4 USD of puts bought and calls sold."""
        return np.asarray(
            self.premium[:, PUT][:, BUY].sum(axis=1) + self.premium[:, CALL][:, SELL].sum(axis=1), np.int64
        )


def read_sessions(prints: TapeView, quotes: TapeView) -> list[Session]:
    """Every session with prints known by the views' moment, oldest first.

    A print that came without its quote gets the best of `quotes` before it.
    """
    tables = ((day, _reduced(prints, quotes, day)) for day in prints.sessions())
    return [_session(day, table, prints.as_of) for day, table in tables if table.num_rows]


def _reduced(prints: TapeView, quotes: TapeView, day: date) -> pa.Table:
    def stream(columns: Sequence[str] = COLUMNS, leading: bool = False) -> Iterator[pa.RecordBatch]:
        if leading:
            return prints.batches(day, columns, leading=True)
        return quoted(prints, quotes, day, columns)

    return prints.reduced(day, METHOD, lambda _: reduce_tape(stream), COLUMNS, beside=[quotes])


def _session(day: date, table: pa.Table, as_of: datetime) -> Session:
    names = table["underlying"].to_pylist()

    def read(name: str, *shape: int) -> Any:
        own = table[name].combine_chunks().flatten().to_numpy().reshape(-1, *shape)
        return np.concatenate([own, own.sum(axis=0, keepdims=True)])

    premium, contracts, trades, long = (
        read(name, 2, NOTHING) for name in ("premium_e4", "contracts", "trades", "long_e4")
    )
    small = read("small_squares", 2)
    squares = read("squares", 2) + np.column_stack([small.sum(axis=1), small[:, SIGNED]])
    kept = trades[:, :, :EXCLUDED]
    signed = kept[:, :, [*SELL, *BUY]].sum(axis=(1, 2))
    prints = np.column_stack([kept.sum(axis=(1, 2)), signed])
    orders = prints - read("children", 2) + read("orders", 2)
    columns = ("vendor_compared", "vendor_agreed", "cancels", "cancels_unmatched")
    counts = np.stack([table[name].to_numpy() for name in columns])
    counts = np.column_stack([counts, counts.sum(axis=1)])
    places = {name: place for place, name in enumerate([*names, MARKET])}
    return Session(
        day, table["source"][0].as_py(), table["newest"][0].as_py(), places,
        premium, contracts, trades, long, orders, squares, counts, table["largest"],
        as_of,
    )  # fmt: skip


@dataclass(frozen=True)
class Past:
    """USD by [subject, session], sessions oldest first; NaN where a subject has none."""

    days: list[date]
    places: dict[str, int]
    total: Floats
    bull: Floats
    bear: Floats
    #: premium of calls
    call: Floats

    @property
    def signed(self) -> Floats:
        """Bullish and bearish premium together."""
        return self.bull + self.bear

    @property
    def net(self) -> Floats:
        """Bullish minus bearish premium."""
        return self.bull - self.bear

    def newest(self, subject: str) -> date | None:
        """The subject's newest session."""
        if subject not in self.places:
            return None
        return self.days[int(np.flatnonzero(np.isfinite(self.total[self.places[subject]]))[-1])]


def past_of_tape(sessions: Sequence[Session]) -> Past:
    """The past the tape's sessions tell."""
    names = dict.fromkeys(name for session in sessions for name in session.places)
    places = {name: place for place, name in enumerate(names)}
    amounts = np.full((4, len(places), len(sessions)), np.nan)
    for column, session in enumerate(sessions):
        rows = [places[name] for name in session.places]
        told = [session.total, session.bull, session.bear, session.legs[:, CALL]]
        amounts[:, rows, column] = np.stack(told) / 10_000
    return Past([session.day for session in sessions], places, *amounts)


def past_of_vendor(rows: pd.DataFrame) -> Past:
    """The past a vendor's day totals (rows of `OptionDay`) tell."""
    rows = rows.drop_duplicates(["symbol", "session"], keep="last")
    days, names = sorted(rows["session"].unique()), sorted(rows["symbol"].unique())
    places = {name: place for place, name in enumerate(names)}
    amounts = np.full((4, len(names), len(days)), np.nan)
    at = rows["symbol"].map(places).to_numpy(int), np.searchsorted(np.array(days), rows["session"].to_numpy())
    columns = (
        rows["call_premium_e4"] + rows["put_premium_e4"],
        rows["bullish_premium_e4"],
        rows["bearish_premium_e4"],
        rows["call_premium_e4"],
    )
    for amount, column in zip(amounts, columns, strict=True):
        amount[at] = column.to_numpy(float, na_value=np.nan) / 10_000
    return Past(days, places, *amounts)
