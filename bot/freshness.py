"""How fresh a signal's figures are: of a session still in progress, how far behind, or too old to be news.

A signal may say so itself (`so_far`, `newest_at` among its facts); where it does not, its `session` does.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from indicators import Signal
from storage import calendar

#: assumption: prints this far behind an open session are old, as of a feed that stands still
OLD = timedelta(minutes=60)


@dataclass(frozen=True)
class Stale:
    """Why figures are stale: as of when they are and how old that makes them; and which feed cannot be
    read since when, if one that gave them cannot.
    """

    at: date | datetime
    age: timedelta
    feed: str | None = None
    since: datetime | None = None


def session_of(signal: Signal) -> date | None:
    """The session the figures are of; None where they are of no single one."""
    said = signal.facts.get("session")
    return None if said is None else date.fromisoformat(said)


def so_far(signal: Signal) -> bool:
    """Whether the figures are of a session that was still in progress."""
    said, session = signal.facts.get("so_far"), session_of(signal)
    if said is not None:
        return bool(said)
    if session is None or not calendar.is_session(session):
        return False
    return signal.as_of < calendar.settled(session)


def newest_print(signal: Signal) -> datetime | None:
    """When the newest print the figures know was made; None where that is not said."""
    said = signal.facts.get("newest_at")
    return None if said is None else datetime.fromisoformat(said)


def behind(signal: Signal) -> timedelta | None:
    """How far the newest print lies behind the signal's moment, or behind the close once that has come."""
    newest = newest_print(signal)
    if newest is None:
        return None
    due = min(signal.as_of, calendar.close(calendar.last_session(signal.as_of)))
    return max(due - newest, timedelta(0))


def stale(signal: Signal, feed: str | None = None, since: datetime | None = None) -> Stale | None:
    """Why an answer is stale, or None: a newer session than its own is complete, its newest print is old,
    or a `feed` that gave it cannot be read `since` a moment.
    """
    at, until = _known_until(signal)
    complete = calendar.last_session(signal.as_of)
    if signal.as_of < calendar.settled(complete):
        complete = calendar.shift(complete, -1)
    session, late = session_of(signal), behind(signal)
    overtaken = session is not None and session < complete
    stands_still = so_far(signal) and late is not None and late > OLD
    if not (overtaken or stands_still or feed):
        return None
    at, until = at or since, until or since
    return None if at is None or until is None else Stale(at, signal.as_of - until, feed, since)


def _known_until(signal: Signal) -> tuple[date | datetime | None, datetime | None]:
    """How far the figures reach, as it is said and as a moment; None where nobody can know."""
    session = session_of(signal)
    if so_far(signal):
        return newest_print(signal), newest_print(signal)
    if session is None or not calendar.is_session(session):
        return session, None
    return session, calendar.settled(session)


def is_old(signal: Signal) -> bool:
    """Whether the figures are too old to be news: of an earlier session than the newest that opened, or
    of one in progress with its newest print further behind than OLD.
    """
    session, late = session_of(signal), behind(signal)
    if session is not None and session < calendar.last_session(signal.as_of):
        return True
    return so_far(signal) and late is not None and late > OLD
