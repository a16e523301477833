"""Estimates as they were published → forward earnings by vintage, of one vendor and one basis at a time.

Forward is what the vendor calls the next twelve months; else the quarter that runs and the next three; else
the fiscal years, weighted by the time left in the first. Another vendor's or basis's past is scaled by the
ratio of the two where both are known, and said to be.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

#: ways to the twelve months ahead, the best first
METHODS = ("ntm", "quarter", "year")
#: bases a forward P/E is usually on, the most usual first; as reported comes last
BASES = ("operating", "adjusted")
#: assumption: a line whose newest estimate is this much older than the newest of all has ended
CURRENT = pd.Timedelta(days=30)
#: assumption: estimates of two lines are of the same moment if this close, and in the same quarter
MATCH = pd.Timedelta(days=30)

_LINE = ["vendor", "basis", "method"]
_VALUES = [*_LINE, "vintage", "eps", "close", "source", "known_at"]


@dataclass(frozen=True)
class Line:
    """Forward earnings by one vendor, on one basis, by one method.

    `points` has vintage (datetime64), eps and close (USD an index unit; close NaN where the vendor gives
    none), source and known_at; oldest first.
    """

    vendor: str
    basis: str
    method: str
    points: pd.DataFrame
    #: what of the past is another line's, newest first: vendor, basis, method, until (its last day), ratio
    splices: Sequence[dict[str, Any]] = field(default_factory=tuple)


@lru_cache(10_000)
def time_left(day: date, year_end: date) -> float:
    """The share of the next twelve months that falls into the fiscal year ending at `year_end`, 0 to 1.

    Months left divided by twelve, from the beginning of `day`, parts of a month by days.
    """
    months = 12 * (year_end.year - day.year) + year_end.month - day.month
    months_left = months + _of_month(year_end, year_end.day) - _of_month(day, day.day - 1)
    return min(max(months_left / 12, 0.0), 1.0)


def _of_month(day: date, days: int) -> float:
    return days / monthrange(day.year, day.month)[1]


def ntm(this_year: Any, next_year: Any, left: Any) -> Any:
    """Earnings of the next twelve months from those of the fiscal year that runs, of which `left` is left
    (`time_left`), and of the next.
    """
    return left * this_year + (1 - left) * next_year


def lines_of(rows: pd.DataFrame) -> list[Line]:
    """The lines in IndexEps rows of one index; of a correction of one vintage the last known counts.

    Only estimates: an actual told later of a vintage's own quarter is not what was known then.
    """
    seen = rows[rows["estimated"].astype(bool) & rows["kind"].isin(METHODS)]
    seen = seen.sort_values(["known_at", "id"], kind="stable").drop_duplicates(
        ["vendor", "basis", "kind", "period", "vintage"], keep="last"
    )
    seen = seen.assign(
        vintage=pd.to_datetime(seen["vintage"]),
        eps=seen["eps_e4"].astype(float) / 1e4,
        close=pd.to_numeric(seen["close_e4"]).astype(float) / 1e4,
    )
    ways = {"ntm": _whole, "quarter": _quarters, "year": _years}
    whole = [way(own) for kind, way in ways.items() if len(own := seen[seen["kind"] == kind])]
    found = pd.concat([each[_VALUES] for each in whole if len(each)] or [pd.DataFrame(columns=_VALUES)])
    return [
        Line(str(vendor), str(basis), str(method), points.sort_values("vintage", ignore_index=True))
        for (vendor, basis, method), points in found.groupby(_LINE)
    ]


def _whole(seen: pd.DataFrame) -> pd.DataFrame:
    return seen[seen["period"] == "NTM"].assign(method="ntm")


def _quarters(seen: pd.DataFrame) -> pd.DataFrame:
    """The quarter of the vintage and the next three, where all four are estimated."""
    number = 4 * seen["period"].str[:4].astype(int) + seen["period"].str[5:].astype(int) - 1
    ahead = number - (4 * seen["vintage"].dt.year + seen["vintage"].dt.quarter - 1)
    return _summed(seen[ahead.between(0, 3)], 4).assign(method="quarter")


def _years(seen: pd.DataFrame) -> pd.DataFrame:
    """The calendar year of the vintage and the next, weighted; S&P's index has calendar years."""
    ahead = seen["period"].astype(int) - seen["vintage"].dt.year
    left = np.array([time_left(day, date(day.year, 12, 31)) for day in seen["vintage"].dt.date], float)
    weight = np.where(ahead == 0, ntm(1.0, 0.0, left), ntm(0.0, 1.0, left))
    weighted = seen.assign(eps=seen["eps"] * weight)
    return _summed(weighted[ahead.between(0, 1)], 2).assign(method="year")


def _summed(parts: pd.DataFrame, needed: int) -> pd.DataFrame:
    """The sum of each vintage's parts where all are there."""
    groups = parts.groupby(["vendor", "basis", "vintage"], as_index=False)
    sums = groups.agg(
        eps=("eps", "sum"), parts=("period", "nunique"), close=("close", "first"), source=("source", "first"),
        known_at=("known_at", "max"),
    )  # fmt: skip
    return sums[sums["parts"] == needed]


def splice(lines: Sequence[Line]) -> Line | None:
    """The line to tell, its past extended by the others; None without lines.

    Of the vendors and bases that are current the one with most estimates, by its best current method.
    """
    lines = [line for line in lines if len(line.points)]
    if not lines:
        return None
    newest = max(_newest(line) for line in lines)
    told = min(
        (line for line in lines if newest - _newest(line) <= CURRENT), key=lambda line: _rank(line, lines)
    )
    left = sorted((line for line in lines if line is not told), key=lambda line: _kin(line, told))
    while (joined := next((both for line in left if (both := _extend(told, line))), None)) is not None:
        told = joined
    return told


def _newest(line: Line) -> pd.Timestamp:
    found: pd.Timestamp = line.points["vintage"].iloc[-1]
    return found


def _rank(line: Line, lines: Sequence[Line]) -> tuple[Any, ...]:
    own = {day for each in lines if _whose(each) == _whose(line) for day in each.points["vintage"]}
    basis = BASES.index(line.basis) if line.basis in BASES else len(BASES) + (line.basis == "reported")
    return (-len(own), basis, line.vendor, METHODS.index(line.method))


def _kin(line: Line, told: Line) -> tuple[Any, ...]:
    """The same vendor's and basis's first, then the longest."""
    return (_whose(line) != _whose(told), -len(line.points), *_whose(line), METHODS.index(line.method))


def _whose(line: Line) -> tuple[str, str]:
    return line.vendor, line.basis


def _extend(told: Line, older: Line) -> Line | None:
    """`told` with what `older` knows of the time before; None where that is nothing or they never meet."""
    first = told.points["vintage"].iloc[0]
    past = older.points[older.points["vintage"] < first]
    ratio = _ratio(told.points, older.points) if len(past) else None
    if ratio is None:
        return None
    part = {"vendor": older.vendor, "basis": older.basis, "method": older.method, "ratio": ratio}
    part["until"] = past["vintage"].iloc[-1].date().isoformat()
    points = pd.concat([past.assign(eps=past["eps"] * ratio), told.points], ignore_index=True)
    return Line(told.vendor, told.basis, told.method, points, [*told.splices, part])


def _ratio(told: pd.DataFrame, older: pd.DataFrame) -> float | None:
    """The median ratio of the two where they are known together; None where they never are."""
    both = pd.merge_asof(
        told[["vintage", "eps"]], older[["vintage", "eps"]].assign(at=older["vintage"]),
        on="vintage", tolerance=MATCH, suffixes=("", "_older"),
    )  # fmt: skip
    both = both[(both["eps"] > 0) & (both["eps_older"] > 0)]
    both = both[both["vintage"].dt.to_period("Q") == both["at"].dt.to_period("Q")]
    return float((both["eps"] / both["eps_older"]).median()) if len(both) else None
