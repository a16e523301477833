"""What became known, and when: the cheap look that tells whether a slot has anything to compute.

Of a table the distinct `known_at` are read, of a tape that one column of the session's parts.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Table, select

from bot.rooms import Rooms
from feeds import Kind
from storage import calendar
from storage.database import reading
from storage.tables import MarketRow
from storage.tape import Tape

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: UTC microseconds
Moments = NDArray[np.int64]


def became_known(rooms: Rooms, kinds: Collection[Kind], since: datetime | None, until: datetime) -> bool:
    """Whether a row of `kinds` became known after `since`, up to `until`; of a tape, one of that day's."""
    return any(len(found) for kind in kinds for found in _moments(rooms, kind, since, until))


def slots_with_news(
    rooms: Rooms, kinds: Collection[Kind], slots: Callable[[date], list[datetime]]
) -> Callable[[date], list[datetime]]:
    """`slots`, of each day only those at which a row of `kinds` is newly known: what a replay runs."""

    def with_news(day: date) -> list[datetime]:
        own, before = slots(day), slots(calendar.shift(day, -1))[-1]
        ends = np.array([_microseconds(slot) for slot in own])
        found = (each for kind in kinds for each in _moments(rooms, kind, before, own[-1]))
        places = {place for moments in found for place in np.unique(np.searchsorted(ends, moments))}
        return [own[place] for place in sorted(places)]

    return with_news


def _moments(rooms: Rooms, kind: Kind, since: datetime | None, until: datetime) -> Iterator[Moments]:
    """The moments after `since`, up to `until`, at which rows became known."""
    if isinstance(kind, Tape):
        return _of_tape(rooms, kind, since, until)
    return _of_table(rooms, kind, since, until)


def _of_tape(rooms: Rooms, tape: Tape, since: datetime | None, until: datetime) -> Iterator[Moments]:
    low, high = _microseconds(since) if since else -(2**62), _microseconds(until)
    session = until.astimezone(calendar.NEW_YORK).date()
    for batch in rooms.tapes.view(tape, until, until).batches(session, ["known_at"]):
        moments = batch["known_at"].cast(pa.int64()).to_numpy()
        yield moments[(moments > low) & (moments <= high)]


def _of_table(
    rooms: Rooms, kind: type[MarketRow], since: datetime | None, until: datetime
) -> Iterator[Moments]:
    table: Table = kind.__table__  # type: ignore[attr-defined]
    query = select(table.c.known_at).where(table.c.known_at <= until)
    if since is not None:
        query = query.where(table.c.known_at > since)
    with reading(rooms.engine) as session:
        found = session.connection().execute(query.distinct()).scalars().all()
    yield np.array([_microseconds(moment) for moment in found], np.int64)


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
