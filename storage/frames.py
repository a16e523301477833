"""Rows out: the only way to read market data, and it always says as of when.

`read` returns Frames that cannot show a row with `known_at` after `as_of`: that one cut is what keeps
look-ahead out of every indicator, live, in replay and in a back-test alike.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from sqlalchemy import Column, ColumnElement, Date, Engine, Table, select, type_coerce
from sqlalchemy.types import NullType

from storage.shelf import shelf_of
from storage.tables import MarketRow
from storage.tape import Tape, TapeStore, TapeView
from storage.types import Exact, Utc

T = TypeVar("T")
#: values of columns a row must have one of
Only = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Frames:
    """What an indicator sees: a DataFrame per row class, a view per tape, all as of one moment.

    A table is read when it is first looked at: what `compute` never touches costs nothing.
    """

    as_of: datetime
    tapes: Mapping[str, TapeView]
    load: Callable[[type[MarketRow]], pd.DataFrame]
    #: reads some columns of some rows; without it they are taken from the whole
    load_some: (
        Callable[[type[MarketRow], Sequence[str], Only, bool, datetime | None], pd.DataFrame] | None
    ) = None
    #: keeps what was made of rows, as `Shelf.once` does; without it everything is made anew
    keep: Callable[[Hashable, bytes, Callable[[], Any]], Any] | None = None
    _read: dict[type[MarketRow], pd.DataFrame] = field(default_factory=dict)

    def __getitem__(self, kind: type[MarketRow]) -> pd.DataFrame:
        """The rows of `kind`, oldest event first, with the table's columns; times datetime64[us, UTC].

        Raises KeyError for a kind the indicator did not declare.
        """
        if kind not in self._read:
            self._read[kind] = self.load(kind)
        return self._read[kind]

    def some(
        self,
        kind: type[MarketRow],
        columns: Sequence[str],
        *,
        everybody: bool = False,
        within: timedelta | None = None,
        **only: Collection[str],
    ) -> pd.DataFrame:
        """As `self[kind]`, but only `columns`, and only the rows whose columns have one of the values `only`.

        Exact decimals come as float64: of a long table this costs a tenth. `everybody`: the rows of all
        symbols, also where the frames are of some. `within`: a shorter look-back, for an indicator that looks
        far back into another table. Raises KeyError as above.
        """
        since = None if within is None or kind.lasting else self.as_of - within
        if self.load_some is not None and (everybody or kind not in self._read):
            return self.load_some(kind, columns, only, everybody, since)
        rows = self[kind]
        if since is not None:
            rows = rows[rows["event_at"] > since]
        for name, values in only.items():
            rows = rows[rows[name].isin(list(values))]
        return _plain(rows[[*columns]], kind)

    def once(self, what: Hashable, keys: Callable[[], bytes], make: Callable[[], T]) -> T:
        """What `make` makes of nothing but the rows with `keys` (`shelf.keys_of`) and of what `what` names.

        It is kept from moment to moment while the rows are the same: one more of them, however late it
        became known, or one less, and it is made anew. It is shared: never change it.
        """
        made: T = make() if self.keep is None else self.keep(what, keys(), make)
        return made

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

    Of rows that last (`MarketRow.lasting`) the look-back cuts none. `symbols` narrows the tables that have a
    `symbol` column; a tape is always whole, and so is everything beside memberships that last: to place one
    group, the members of all are needed.
    """
    since = as_of - lookback
    if any(not isinstance(kind, Tape) and kind.lasting for kind in inputs):
        symbols = None

    def load(kind: type[MarketRow]) -> pd.DataFrame:
        _check(kind)
        return _Query(kind).read(engine, as_of, since, symbols)

    def load_some(
        kind: type[MarketRow], columns: Sequence[str], only: Only, everybody: bool, shorter: datetime | None
    ) -> pd.DataFrame:
        _check(kind)
        first = since if shorter is None else max(since, shorter)
        filters = tuple((name, tuple(sorted(values))) for name, values in sorted(only.items()))
        query = _Query(kind, tuple(columns), filters)
        return query.read(engine, as_of, first, None if everybody else symbols)

    def _check(kind: type[MarketRow]) -> None:
        if kind not in inputs:
            raise KeyError(f"{kind.__name__} is not among the declared inputs")

    views = {kind.name: tapes.view(kind, as_of, since) for kind in inputs if isinstance(kind, Tape)}
    # of some symbols little is made: that must not take the place of what is made of all
    return Frames(as_of, views, load, load_some, shelf_of(engine).once if symbols is None else None)


_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Query:
    """Which rows and columns are wanted; without `columns` all, as the table has them."""

    kind: type[MarketRow]
    columns: tuple[str, ...] = ()
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def read(
        self, engine: Engine, as_of: datetime, since: datetime, symbols: Sequence[str] | None
    ) -> pd.DataFrame:
        """The rows known by `as_of`, oldest event first; of all symbols they are kept in memory."""
        if self.kind.lasting:
            since = _FIRST
        if symbols is not None and "symbol" in self._table.c:
            rows = self._fetch(engine, since, 0, symbols)
        else:
            rows = shelf_of(engine).rows(
                engine, self.kind, self, since, lambda after, key: self._fetch(engine, after, key, None)
            )
        seen = _known(rows.iloc[rows["event_at"].searchsorted(pd.Timestamp(since), "right") :], as_of)
        return seen[list(self.columns)] if self.columns else seen

    @property
    def _table(self) -> Table:
        table: Table = self.kind.__table__  # type: ignore[attr-defined]
        return table

    def _fetch(
        self, engine: Engine, since: datetime, key: int, symbols: Sequence[str] | None
    ) -> pd.DataFrame:
        table = self._table
        wanted = [table.c.event_at > since, table.c.id > key]
        wanted += [table.c[name].in_(values) for name, values in self.only]
        if symbols is not None:
            wanted.append(table.c.symbol.in_(symbols))
        names = [*dict.fromkeys([*self.columns, "id", "event_at", "known_at"])]
        if not self.columns:
            names = table.columns.keys()
        columns = [self._cell(table.c[name]) for name in names]
        with engine.connect() as connection:
            result = connection.execute(
                select(*columns).where(*wanted).order_by(table.c.event_at, table.c.id)
            )
            cells = list(zip(*result.fetchall(), strict=True)) or [()] * len(names)
        told = {
            name: _dates(column) if isinstance(table.c[name].type, Date) else list(column)
            for name, column in zip(names, cells, strict=True)
        }
        # a column of nothing would be one of numbers
        frame = _timed(pd.DataFrame(told, columns=names, dtype=None if cells[0] else object))
        return _plain(frame, self.kind) if self.columns else frame

    def _cell(self, column: Column[Any]) -> ColumnElement[Any]:
        """Times, and decimals where they become floats, are converted a column at a time, not row by row."""
        bare = isinstance(column.type, Utc | Date) or (self.columns and isinstance(column.type, Exact))
        return type_coerce(column, NullType()).label(column.name) if bare else column


def _known(rows: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """The rows known by `as_of`; where those are the first ones nothing is copied."""
    known = (rows["known_at"] <= as_of).to_numpy(bool)
    count = int(np.count_nonzero(known))
    return (rows.iloc[:count] if known[:count].all() else rows[known]).reset_index(drop=True)


def _dates(cells: Sequence[Any]) -> list[date | None]:
    """Dates as dates: SQLite gives text. Few days, many rows: each is read once."""
    read = {cell: date.fromisoformat(cell) if isinstance(cell, str) else cell for cell in {*cells}}
    return [read[cell] for cell in cells]


def _timed(frame: pd.DataFrame) -> pd.DataFrame:
    for name in {"event_at", "known_at"} & {*frame.columns}:
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame


def _plain(frame: pd.DataFrame, kind: type[MarketRow]) -> pd.DataFrame:
    """Decimals as float64."""
    table: Table = kind.__table__  # type: ignore[attr-defined]
    exact = [name for name in frame.columns if isinstance(table.c[name].type, Exact)]
    return frame.astype(dict.fromkeys(exact, float)) if exact else frame
