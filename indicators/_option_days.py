"""Sessions of option premium, subject by subject, from the reduced tape or from a vendor's day totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from indicators import MARKET
from indicators._option_conditions import EXCLUDED
from indicators._option_tape import BUCKETS, COLUMNS, Ints, reduce_tape
from indicators._stats import Floats
from storage.tape import TapeView

#: the name and version under which a session's reduction is kept
METHOD = "options_flow-1"
PUT, CALL = 0, 1
SELL, BUY = slice(0, 3), slice(4, 7)


@dataclass(frozen=True)
class Session:
    """One session of the tape: a row per underlying, and a last one for the market."""

    day: date
    source: str
    places: dict[str, int]
    #: e4 USD, contracts and trades by [subject, put or call, bucket]
    premium: Ints
    contracts: Ints
    trades: Ints
    #: vendor_compared, vendor_agreed, cancels, cancels_unmatched by subject
    counts: Ints
    largest: pa.ChunkedArray

    @cached_property
    def total(self) -> Ints:
        """e4 USD of each subject's prints."""
        return np.asarray(self.premium[:, :, :EXCLUDED].sum(axis=(1, 2)))

    @cached_property
    def bull(self) -> Ints:
        """e4 USD of calls bought and puts sold."""
        return np.asarray(
            self.premium[:, CALL, BUY].sum(axis=1) + self.premium[:, PUT, SELL].sum(axis=1), np.int64
        )

    @cached_property
    def bear(self) -> Ints:
        """e4 USD of puts bought and calls sold."""
        return np.asarray(
            self.premium[:, PUT, BUY].sum(axis=1) + self.premium[:, CALL, SELL].sum(axis=1), np.int64
        )


def read_sessions(view: TapeView) -> list[Session]:
    """Every session with prints known by the view's moment, oldest first."""
    tables = ((day, view.reduced(day, METHOD, reduce_tape, COLUMNS)) for day in view.sessions())
    return [_session(day, table) for day, table in tables if table.num_rows]


def _session(day: date, table: pa.Table) -> Session:
    names = table["underlying"].to_pylist()
    amounts = []
    for name in ("premium_e4", "contracts", "trades"):
        own = table[name].combine_chunks().flatten().to_numpy().reshape(-1, 2, len(BUCKETS))
        amounts.append(np.concatenate([own, own.sum(axis=0, keepdims=True)]))
    premium, contracts, trades = amounts
    columns = ("vendor_compared", "vendor_agreed", "cancels", "cancels_unmatched")
    counts = np.stack([table[name].to_numpy() for name in columns])
    counts = np.column_stack([counts, counts.sum(axis=1)])
    places = {name: place for place, name in enumerate([*names, MARKET])}
    source = table["source"][0].as_py()
    return Session(day, source, places, premium, contracts, trades, counts, table["largest"])


@dataclass(frozen=True)
class Past:
    """USD by [subject, session], sessions oldest first; NaN where a subject has none."""

    days: list[date]
    places: dict[str, int]
    total: Floats
    bull: Floats
    bear: Floats

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
    amounts = np.full((3, len(places), len(sessions)), np.nan)
    for column, session in enumerate(sessions):
        rows = [places[name] for name in session.places]
        amounts[:, rows, column] = np.stack([session.total, session.bull, session.bear]) / 10_000
    return Past([session.day for session in sessions], places, *amounts)


def past_of_vendor(rows: pd.DataFrame) -> Past:
    """The past a vendor's day totals (rows of `OptionDay`) tell."""
    rows = rows.drop_duplicates(["symbol", "session"], keep="last")
    days, names = sorted(rows["session"].unique()), sorted(rows["symbol"].unique())
    places = {name: place for place, name in enumerate(names)}
    amounts = np.full((3, len(names), len(days)), np.nan)
    at = rows["symbol"].map(places).to_numpy(int), np.searchsorted(np.array(days), rows["session"].to_numpy())
    columns = (
        rows["call_premium_e4"] + rows["put_premium_e4"],
        rows["bullish_premium_e4"],
        rows["bearish_premium_e4"],
    )
    for amount, column in zip(amounts, columns, strict=True):
        amount[at] = column.to_numpy(float, na_value=np.nan) / 10_000
    return Past(days, places, *amounts)
