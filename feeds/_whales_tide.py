"""A tide's running totals → what each stretch of the session added.

Unusual Whales gives a ticker's minutes one by one but its tides as totals since the opening; stored is what
happened in each stretch, so that both sum to the day. A stretch is as long as the smallest step of points.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import groupby, pairwise

from feeds import Bad
from feeds._whales_about import About, Row
from feeds._whales_totals import known_when_over, refused
from storage import calendar

#: the longest step the vendor offers: what a lone point is taken to cover
LONGEST = timedelta(minutes=5)

#: a point of a tide with how it came
Point = tuple[Row, str]


def apart(points: Iterable[Point], about: About) -> tuple[list[Row], list[Bad]]:
    """Return the stretches of `points` with what each added, and the points that are refused.

    A point after a gap covers the gap too: the stretches of a session sum to its last total. Refused are a
    point whose beginning is missing, one that comes twice, and one that was not over when it was asked for.
    """
    rows: list[Row] = []
    bad: list[Bad] = []
    ordered = sorted(points, key=lambda point: (*_whose(point), point[0]["event_at"]))
    for _, group in groupby(ordered, _whose):
        day = list(group)
        step = _step(day)
        before: Row | None = None
        for row, text in day:
            if before and row["event_at"] == before["event_at"]:
                bad.append(Bad("the same moment twice", text))
                continue
            try:
                rows.append(_added(row, before, step, about))
            except ValueError as error:
                bad.append(refused(error, row["symbol"], text))
            before = row
    return rows, bad


def _whose(point: Point) -> tuple[str, str]:
    return point[0]["symbol"], point[0]["session"].isoformat()


def _step(day: Sequence[Point]) -> timedelta:
    times = [row["event_at"] for row, _ in day]
    return min((later - at for at, later in pairwise(times) if later > at), default=LONGEST)


def _added(row: Row, before: Row | None, step: timedelta, about: About) -> Row:
    known = known_when_over(row["event_at"], step, about)
    if before is None:
        if row["event_at"] > calendar.opening(row["session"]):
            raise ValueError("a running total whose beginning is missing")
        return row | {"known_at": known}
    amounts = ("net_call_premium_e4", "net_put_premium_e4", "net_volume")
    added = {name: _less(row[name], before[name]) for name in amounts}
    return row | added | {"known_at": known}


def _less(total: int | None, before: int | None) -> int | None:
    return None if total is None or before is None else total - before
