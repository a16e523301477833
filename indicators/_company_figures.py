"""A company's trailing revenue and shares outstanding, from what its filings said so far.

Given are the CompanyFigure rows of one company that were known at some moment. Of a period that several
filings state the newest counts, so what becomes known later changes nothing that was computed before; one
that only repeats a figure is not news.
"""

from datetime import date, datetime
from typing import NamedTuple

import pandas as pd

#: days of about a quarter, and of about a year: fiscal ones are also of 12, 14 or 53 weeks
QUARTER, YEAR = range(80, 121), range(350, 381)
#: quarters in a year
FOUR = 4
#: assumption: a figure that moves by less than this was rounded otherwise, not restated
SAME = 0.01


class _Period(NamedTuple):
    """Revenue of the days from `start` to `end`, both included, in USD."""

    start: date
    end: date
    value: int
    known_at: datetime
    #: whether a filing before said something else: part of the company may have gone since
    restated: bool = False

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def before(self, other: "_Period") -> bool:
        """Whether `other` begins on the day after this one ends."""
        return (other.start - self.end).days == 1


Trailing = tuple[int, date, date, datetime]


def trailing_revenue(rows: pd.DataFrame) -> Trailing | None:
    """Revenue of the newest twelve months that filings give without a gap or an overlap, in whole USD.

    It comes with its first and last day, and with when the last of what it is made of was known. Of what
    ends on the same day a full year goes before four quarters, and these before a year made from what ran
    of the next one: the fewer sums, the better.
    """
    periods = _periods(rows)
    years = [period for period in periods if period.days in YEAR]
    found = [period for period in (*_rolled(years, periods), *_summed(periods), *years) if period.value > 0]
    best = max(enumerate(found), key=lambda each: (each[1].end, each[0]), default=None)
    return None if best is None else (best[1].value, best[1].start, best[1].end, best[1].known_at)


def shares_outstanding(rows: pd.DataFrame) -> tuple[int, date, datetime] | None:
    """The newest number of shares outstanding, the day it is of, and when it was known."""
    stated = _newest(rows, "shares")
    if stated.empty:
        return None
    last = stated.iloc[-1]
    return int(last["value"]), last["end"], last["known_at"].to_pydatetime()


def _newest(rows: pd.DataFrame, figure: str) -> pd.DataFrame:
    """What the newest filing says of each period or day, since it has been said; the oldest end first."""
    of = rows[rows["figure"] == figure].sort_values(["end", "start", "known_at", "accession"])
    of["first"] = of.groupby(["start", "end"])["value"].transform("first")
    news = of[of.groupby(["start", "end"])["value"].shift() != of["value"]]
    return news.drop_duplicates(["start", "end"], keep="last")


def _periods(rows: pd.DataFrame) -> list[_Period]:
    stated = _newest(rows, "revenue")
    columns = (stated[name] for name in ("start", "end", "value", "known_at", "first"))
    return [
        _Period(start, end, int(value), known.to_pydatetime(), abs(value / first - 1) > SAME)
        for start, end, value, known, first in zip(*columns, strict=True)
    ]


def _summed(periods: list[_Period]) -> list[_Period]:
    """Every four quarters in a row."""
    quarters = [period for period in periods if period.days in QUARTER]
    runs = [[quarter] for quarter in quarters]
    for _ in range(FOUR - 1):
        runs = [[*run, after] for run in runs for after in quarters if run[-1].before(after)]
    return [_joined(run, run[0].start, run[-1].end, sum(each.value for each in run)) for run in runs]


def _rolled(years: list[_Period], periods: list[_Period]) -> list[_Period]:
    """Every year rolled on: plus what ran of the next one, minus as much of its own beginning."""
    parts = [period for period in periods if period.days < YEAR.start]
    return [
        _joined([year, after, first], date.fromordinal(first.end.toordinal() + 1), after.end, value)
        for year in years
        for after in parts
        if year.before(after)
        for first in parts
        if first.start == year.start and (after.end - first.end).days in YEAR
        # a beginning restated since the year was filed is of another company than the year
        if not (first.restated and first.known_at > year.known_at)
        for value in [year.value + after.value - first.value]
    ]


def _joined(parts: list[_Period], start: date, end: date, value: int) -> _Period:
    return _Period(start, end, value, max(part.known_at for part in parts))
