"""Rows out: the only way to read market data, and it always says as of when.

`read` returns Frames that cannot show a row with `known_at` after `as_of`: that one cut is what keeps
look-ahead out of every indicator, live, in replay and in a back-test alike.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import Engine, Table, select

from storage.tables import MarketRow
from storage.tape import Tape, TapeStore, TapeView


@dataclass(frozen=True)
class Frames:
    """What an indicator sees: a DataFrame per row class, a view per tape, all as of one moment.

    A table is read when it is first looked at: what `compute` never touches costs nothing.
    """

    as_of: datetime
    tapes: Mapping[str, TapeView]
    load: Callable[[type[MarketRow]], pd.DataFrame]
    _read: dict[type[MarketRow], pd.DataFrame] = field(default_factory=dict)

    def __getitem__(self, kind: type[MarketRow]) -> pd.DataFrame:
        """The rows of `kind`, oldest event first, with the table's columns; times datetime64[us, UTC].

        Raises KeyError for a kind the indicator did not declare.
        """
        if kind not in self._read:
            self._read[kind] = self.load(kind)
        return self._read[kind]

    def tape(self, tape: Tape) -> TapeView:
        """The tape's prints known by `as_of`."""
        return self.tapes[tape.name]


def read(
    engine: Engine,
    tapes: TapeStore,
    inputs: Sequence[type[MarketRow] | Tape],
    *,
    as_of: datetime,
    lookback: timedelta,
    symbols: Sequence[str] | None = None,
) -> Frames:
    """Frames of `inputs` as they were known at `as_of`, events of the last `lookback` only.

    `symbols` narrows the tables that have a `symbol` column; a tape is always whole.
    """
    since = as_of - lookback

    def load(kind: type[MarketRow]) -> pd.DataFrame:
        if kind not in inputs:
            raise KeyError(f"{kind.__name__} is not among the declared inputs")
        return _table(engine, kind, as_of, since, symbols)

    views = {kind.name: tapes.view(kind, as_of, since) for kind in inputs if isinstance(kind, Tape)}
    return Frames(as_of, views, load)


def _table(
    engine: Engine, kind: type[MarketRow], as_of: datetime, since: datetime, symbols: Sequence[str] | None
) -> pd.DataFrame:
    table: Table = kind.__table__  # type: ignore[attr-defined]
    query = select(table).where(table.c.known_at <= as_of, table.c.event_at > since)
    if symbols is not None and "symbol" in table.c:
        query = query.where(table.c.symbol.in_(symbols))
    with engine.connect() as connection:
        result = connection.execute(query.order_by(table.c.event_at, table.c.id))
        frame = pd.DataFrame(result.fetchall(), columns=list(result.keys()))
    for name in ("event_at", "known_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame
