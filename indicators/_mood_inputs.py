"""What the mood is made of, decided before anything was measured, and how far each input is from its usual.

An input is oriented so that + is the bullish claim; its z is against its own past, never against the market.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

import numpy as np

from indicators._stats import Floats, madz
from storage import calendar

#: sessions judged, and the sessions before each that it is judged by: two years, at least one
SESSIONS, HISTORY, LEAST_HISTORY = 252, 504, 252
#: beyond this a z says no more
MOST_Z = 3.0
#: slow inputs are judged by ten years of their own points
SLOW_YEARS = timedelta(days=3653)


@dataclass(frozen=True)
class Input:
    """One input: its weight, whether it follows what others do or stands against it, and why + is bullish."""

    name: str
    label: str
    group: Literal["trend", "contrarian"]
    reason: str
    weight: float = 1.0


#: the order is that of sentences and pictures; equal weights are the choice made in advance
INPUTS = (
    Input("options", "Option premium", "trend", "calls bought and puts sold are paid for a rise"),
    Input(
        "insiders", "Insiders", "contrarian", "who knows the company buys with own money, mostly after falls"
    ),
    Input("valuation", "Forward P/E, low", "contrarian", "a low price of expected earnings leaves room"),
    Input(
        "off_exchange", "Off exchanges", "trend",
        "bought above the midpoint; of FINRA's figures, a market maker marks short what it sells to a buyer",
    ),
    Input("sectors", "Sector breadth", "trend", "a rise that many themes share stands on more legs"),
)  # fmt: skip


@dataclass(frozen=True)
class Course:
    """An input by judged session, oldest first: its value and z; NaN where it is not known."""

    x: Floats
    z: Floats
    #: the day the newest value is of, what measured it, and the feeds behind it
    told: date | None = None
    measure: str = ""
    sources: frozenset[str] = field(default_factory=frozenset)


UNKNOWN = Course(np.full(SESSIONS, np.nan), np.full(SESSIONS, np.nan))


class Point(NamedTuple):
    """A value of a slow input: since when it is known like this, since when at all, the day it is of, and its
    z against its own past.
    """

    known_at: datetime
    since: datetime
    day: date
    x: float
    z: float


def axis(as_of: datetime) -> list[date]:
    """The sessions looked at, oldest first: the judged ones are the last of them, each settled by `as_of`.

    A session's figures are those known when it settled: what is known later counts from the next on.
    """
    last = calendar.last_session(as_of)
    if as_of < calendar.settled(last):
        last = calendar.shift(last, -1)
    return calendar.sessions(calendar.shift(last, 1 - SESSIONS - HISTORY), last)


def by_session(x: Floats) -> Floats:
    """z of the judged sessions of `x` (by session of `axis`), each by the sessions before it; at most ±3.

    NaN with less than a year of known sessions before, or a past that hardly ever moves: it has no scale.
    """
    past = np.lib.stride_tricks.sliding_window_view(x, HISTORY)[:SESSIONS]
    enough = np.isfinite(past).sum(axis=1) >= LEAST_HISTORY
    z = np.full(SESSIONS, np.nan)
    if enough.any():
        score = madz(x[HISTORY:][enough], past[enough])
        z[enough] = np.where(score.degenerate, np.nan, score.z)
    return np.asarray(np.clip(z, -MOST_Z, MOST_Z), np.float64)


def among(x: float, past: Floats, least: int) -> float:
    """z of a slow input's point among its past ones; NaN with fewer than `least`, or a past without scale."""
    past = past[np.isfinite(past)]
    if len(past) < least or not np.isfinite(x):
        return np.nan
    score = madz(x, past)
    return np.nan if bool(score.degenerate) else float(np.clip(score.z, -MOST_Z, MOST_Z))


def held(
    points: list[Point], days: list[date], longest: timedelta, measure: str, sources: frozenset[str]
) -> Course:
    """A slow input by session: its newest point known when the session settled, for `longest` after that."""
    x, z = (np.full(SESSIONS, np.nan) for _ in range(2))
    told = None
    known = sorted(points, key=lambda point: (point.known_at, point.day))
    place, newest = 0, None
    for column, day in enumerate(days[-SESSIONS:]):
        while place < len(known) and known[place].known_at <= calendar.settled(day):
            if newest is None or known[place].day >= newest.day:
                newest = known[place]
            place += 1
        if newest is not None and day - newest.since.astimezone(calendar.NEW_YORK).date() <= longest:
            x[column], z[column], told = newest.x, newest.z, newest.day
    return Course(x, z, told if np.isfinite(x[-1]) else None, measure, sources)


def better(first: Course, second: Course) -> Course:
    """Session by session the first where its z is known, else the second: never the two in one number.

    Where neither has a z yet, the first's value.
    """
    own = np.isfinite(first.z) | (np.isnan(second.z) & np.isfinite(first.x))
    x, z = np.where(own, first.x, second.x), np.where(own, first.z, second.z)
    newest = first if own[-1] else second
    used = [each for each, here in ((first, own), (second, ~own & np.isfinite(second.x))) if here.any()]
    sources = frozenset().union(*(each.sources for each in used))
    return Course(x, z, newest.told, newest.measure, sources)
