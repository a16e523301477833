"""The mood's slow inputs: insiders' months, and the S&P 500's weekly forward P/E; each point as first known.

A value of the past is what was known when its point came out: later amendments and corrections do not
reach back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from indicators._eps_points import FUND, INDEX, INDEX_BARS, Points, Used, history_start, points_of, used_of
from indicators._insider_months import months_of
from indicators._insider_rows import CODES, COLUMNS, judged
from indicators._insider_spikes import LEAST_FILINGS, PAST
from indicators._mood_inputs import SESSIONS, SLOW_YEARS, UNKNOWN, Course, Point, among, held
from storage import calendar
from storage.calendar import NEW_YORK
from storage.frames import Frames, Only
from storage.tables import IndexEps, InsiderTrade, MarketRow

#: how long a point stands, and the fewest past ones that judge it: the second assumptions
MONTH_HELD, LEAST_MONTHS = timedelta(days=31), 24
WEEK_HELD, LEAST_WEEKS = timedelta(days=10), 52
#: filings looked at: ten years and the judged one, and trades reported up to a year late
FILINGS = SLOW_YEARS + timedelta(days=2 * 366)
#: years of P/E a point is judged by
YEARS = 10


def insiders(frames: Frames, days: list[date]) -> Course:
    """Net purchase ratio of the decisions filed in a month, from the end of the month on."""
    rows = frames.some(InsiderTrade, COLUMNS, within=FILINGS, code=CODES)
    trades = judged(frames, rows)
    if trades.empty:
        return UNKNOWN
    month = trades["known_at"].dt.tz_convert(NEW_YORK).dt.tz_localize(None).dt.to_period("M")
    # an amendment counts from its own month on: at the end of this one the original stood
    ends = (month + 1).dt.to_timestamp().dt.tz_localize(NEW_YORK)
    trades = trades.assign(replaced_at=trades["replaced_at"].where(trades["replaced_at"] <= ends))
    told: dict[str, Any] = {}
    last = frames.as_of
    while last >= trades["known_at"].iloc[0]:
        newest = pd.Period(last.astimezone(NEW_YORK).date(), "M")
        oldest = newest - PAST  # as far as one call tells
        here = trades[(month <= newest) & (month >= oldest)]
        told |= {each["month"]: each for each in months_of(here, last)}
        last = _begin(oldest) - timedelta(microseconds=1)
    return held(_months(told), days, MONTH_HELD, "net purchase ratio", frozenset(rows["source"]))


def _begin(month: pd.Period) -> datetime:
    return calendar.new_york(month.to_timestamp().date(), time())


def _months(told: dict[str, Any]) -> list[Point]:
    """A point for each month that is over and has enough filings."""
    names = sorted(name for name, each in told.items() if each["filings"] >= LEAST_FILINGS)
    ratios = {name: told[name]["npr"] for name in names if told[name]["npr"] is not None}
    points = []
    for name, ratio in ratios.items():
        ends = _begin(pd.Period(name, "M") + 1)
        first = f"{int(name[:4]) - YEARS}{name[4:]}"
        past = np.array([each for other, each in ratios.items() if first <= other < name])
        day = ends.astimezone(NEW_YORK).date() - timedelta(days=1)
        points.append(Point(ends, ends, day, ratio, among(ratio, past, LEAST_MONTHS)))
    return points


def valuation(frames: Frames, days: list[date]) -> Course:
    """Minus the log of the forward P/E: dear is bearish; against the points of ten years before."""
    newest = points_of(frames)
    if newest is None:
        return UNKNOWN
    since = calendar.settled(days[-SESSIONS]) - WEEK_HELD - timedelta(days=1)
    if _told_once(frames[IndexEps]) or newest.companies is not None:
        points = _prefixes(frames, newest, since)
    else:
        used = cache(lambda: used_of(frames))
        read: dict[Any, pd.DataFrame] = {}
        moments = _moments(frames[IndexEps], since)
        points = [each for at in moments for each in _as_known(_Cut(frames, at, read=read), used)]
    return held(points, days, WEEK_HELD, "forward P/E", frozenset(newest.sources))


def _as_known(cut: "_Cut", used: Callable[[], Used]) -> list[Point]:
    """The newest point as it was known at the moment of `cut`, if it had a P/E; `used` is of the whole."""

    def make() -> list[Point]:
        seen = points_of(cut.seen())
        last = [] if seen is None else _judged(seen, [len(seen.vintages) - 1], {})
        return [point._replace(known_at=cut.moment) for point in last]

    return cut.frames.once(("valuation", cut.moment), lambda: used().keys(cut.moment), make)


def _moments(rows: pd.DataFrame, since: datetime) -> list[datetime]:
    """When estimates became known."""
    return [each for each in sorted(map(_as_moment, _estimates(rows)["known_at"].unique())) if each >= since]


def _estimates(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["index"] == INDEX) & rows["estimated"].astype(bool)]


def _told_once(rows: pd.DataFrame) -> bool:
    """Whether nothing that becomes known changes what an earlier moment saw: one line, never corrected."""
    rows = _estimates(rows)
    lines = rows.drop_duplicates(["vendor", "basis", "kind"])
    return len(lines) <= 1 and not rows.duplicated(["period", "vintage"]).any()


def _prefixes(frames: Frames, newest: Points, since: datetime) -> list[Point]:
    """The points since a moment, each beside closes of the index where its own is known, else of the fund."""
    places = [
        place for place, known in enumerate(newest.line.points["known_at"]) if _as_moment(known) >= since
    ]
    if not places:
        return []
    by_index = newest
    if newest.price_source != INDEX and newest.companies is None:
        by_index = points_of(_without(frames, FUND)) or newest
    done: dict[date, Point] = {}
    points = _judged(by_index, places, done)
    left = [place for place in places if newest.vintages[place] not in done]
    if left and newest.companies is None:
        by_fund = newest if newest.price_source == FUND else points_of(_without(frames, *INDEX_BARS))
        if by_fund is not None and by_fund.price_source == FUND:
            points += _judged(by_fund, left, done)
    return points


def _judged(points: Points, places: Sequence[int], done: dict[date, Point]) -> list[Point]:
    """The points at `places` against those known by then; of those without a P/E none. Adds to `done`."""
    known = [_as_moment(each) for each in points.line.points["known_at"]]
    for place in places:
        x = -points.ln_pe[place]
        if not np.isfinite(x):
            continue
        begin = history_start(points.vintages[place], YEARS)
        past = [
            -points.ln_pe[each]
            for each in range(place)
            if known[each] <= known[place] and points.vintages[each] >= begin
        ]
        z = among(x, np.array(past), LEAST_WEEKS)
        done[points.vintages[place]] = Point(known[place], known[place], points.vintages[place], x, z)
    return [done[points.vintages[place]] for place in places if points.vintages[place] in done]


def _as_moment(value: Any) -> datetime:
    moment: datetime = value.to_pydatetime()
    return moment


@dataclass(frozen=True)
class _Cut:
    """Frames as they were known at an earlier moment, or without the bars of some symbols."""

    frames: Frames
    moment: datetime
    without: tuple[str, ...] = ()
    #: what was read already
    read: dict[Any, pd.DataFrame] = field(default_factory=dict)

    def seen(self) -> Frames:
        return Frames(self.moment, {}, self._rows, self._some)

    def _rows(self, kind: type[MarketRow]) -> pd.DataFrame:
        rows = self.frames[kind]
        rows = rows[rows["known_at"] <= self.moment]
        # a vendor's closes are the index's, as its bars are
        return rows.assign(close_e4=np.nan) if INDEX in self.without else rows

    def _some(
        self, kind: type[MarketRow], columns: Sequence[str], only: Only, everybody: bool, _: datetime | None
    ) -> pd.DataFrame:
        key = (kind, *columns)
        if key not in self.read:
            wanted = [*dict.fromkeys([*columns, "known_at"])]
            self.read[key] = self.frames.some(kind, wanted, everybody=everybody, within=None, **only)
        rows = self.read[key]
        rows = rows[(rows["known_at"] <= self.moment) & ~rows["symbol"].isin(self.without)]
        return rows[[*columns]]


def _without(frames: Frames, *symbols: str) -> Frames:
    return _Cut(frames, frames.as_of, symbols).seen()
