"""Rows that were read before, kept in memory: the engine looks at the same tables slot after slot.

Market rows are only ever added, so what was read stays true: new rows are read behind it. Whether there
are any is seen from the highest key. On Postgres a row with a lower key may be committed later, by another
process: there the number of rows must add up too, or everything is read anew.

What was made of rows stays true as long as they are the same ones, and is kept beside their keys.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sqlalchemy import Engine, Table, func, literal, select

from storage.market_tables import MarketRow

#: (events after this moment, keys above this one) → rows with `id`, `event_at` and `known_at`
Fetch = Callable[[datetime, int], pd.DataFrame]


@dataclass
class _Kept:
    """Rows in order of event and key, those with events after `since`, as of `size` rows up to `newest`."""

    frame: pd.DataFrame
    since: datetime
    size: int
    newest: int


@dataclass
class Shelf:
    """What was read of one database."""

    kept: dict[Hashable, _Kept] = field(default_factory=dict)
    #: by its name: the keys of the rows it was made of, and what was made
    made: dict[Hashable, tuple[bytes, Any]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def rows(
        self, engine: Engine, kind: type[MarketRow], what: Hashable, since: datetime, fetch: Fetch
    ) -> pd.DataFrame:
        """All rows of `what` with events after `since` (and perhaps before), whenever they were known.

        The frame is shared: cut from it, never change it. `what` names the table, columns and filter.
        """
        with self.lock:
            size, newest = _state(engine, kind)
            kept = self.kept.get(what)
            if kept is None or since < kept.since:
                kept = _Kept(fetch(since, 0), since, size, newest)
            elif (size, newest) != (kept.size, kept.newest):
                kept = self._with_news(engine, kind, kept, size, newest, fetch)
            self.kept[what] = kept
            return kept.frame

    def once(self, what: Hashable, keys: bytes, make: Callable[[], Any]) -> Any:
        """`what` was made of the rows with `keys`: as it is, or made anew if those were others."""
        kept = self.made.get(what)
        if kept is None or kept[0] != keys:
            kept = self.made[what] = (keys, make())
        return kept[1]

    def _with_news(
        self, engine: Engine, kind: type[MarketRow], kept: _Kept, size: int, newest: int, fetch: Fetch
    ) -> _Kept:
        table: Table = kind.__table__  # type: ignore[attr-defined]
        above = select(func.count()).select_from(table).where(table.c.id > kept.newest)
        with engine.connect() as connection:
            added = connection.execute(above).scalar_one()
        if size and size - kept.size != added:
            return _Kept(fetch(kept.since, 0), kept.since, size, newest)
        news = fetch(kept.since, kept.newest)
        frame = kept.frame
        if len(news):
            frame = pd.concat([frame, news], ignore_index=True) if len(frame) else news
            frame = frame.sort_values(["event_at", "id"], kind="stable", ignore_index=True)
        return _Kept(frame, kept.since, size, newest)


def keys_of(ids: ArrayLike) -> bytes:
    """Tells rows of one table apart from any others, by their keys in their order."""
    return blake2b(np.asarray(ids, np.int64).tobytes()).digest()


_shelves: WeakKeyDictionary[Engine, Shelf] = WeakKeyDictionary()


def shelf_of(engine: Engine) -> Shelf:
    """The shelf of a database, one for all threads."""
    return _shelves.setdefault(engine, Shelf())


def _state(engine: Engine, kind: type[MarketRow]) -> tuple[int, int]:
    """How many rows the table has (on SQLite, where keys only grow, 0), and their highest key."""
    table: Table = kind.__table__  # type: ignore[attr-defined]
    size = literal(0) if engine.dialect.name == "sqlite" else func.count()
    with engine.connect() as connection:
        state = connection.execute(select(size, func.coalesce(func.max(table.c.id), 0)).select_from(table))
        return tuple(state.one())
