"""Episodes of selling and buying of each subject, and the risk they come to with nearness to the high."""

from datetime import datetime
from typing import Any

import numpy as np

from indicators._dark_blocks import TRAILING
from indicators._dark_days import JUDGED, Past, is_rebalance
from indicators._dark_selling import Course, follow
from indicators._near_high import Closes, rate
from indicators._stats import Floats
from storage import calendar

#: what only a course of sessions tells: None where there is none
EPISODE_FACTS = (
    "imbalance_z", "imbalance_z_trend", "z_degenerate", "usual_signed_usd", "sustained_days", "selling_since",
    "begun_near_high", "buying_days", "buying_since", "risk_level", "drawdown_level", "drawdown_level_n",
)  # fmt: skip


def course_of(past: Past, closes: Closes, as_of: datetime) -> Course:
    """Follow every subject through the sessions complete by `as_of`; days of rebalancing are no history.

    What trades on a usual day is the mean of 20 sessions before: of closes × volume, or where there are no
    bars, of the tape's own dollars.
    """
    days = past.days
    daily = closes.at(closes.usual, list(past.places), days)
    traded = np.where(past.trades > 0, past.total / 10_000, np.nan)
    daily = np.where(np.isfinite(daily), daily, _mean_before(traded))
    return follow(
        past.buy, past.sell, past.unknown, daily,
        usable=np.array([not is_rebalance(day) for day in days], np.bool_),
        complete=np.array([calendar.settled(day) <= as_of for day in days], np.bool_),
        judged=JUDGED,
    )  # fmt: skip


def _mean_before(values: Floats) -> Floats:
    """The mean of what is known of the `TRAILING` sessions before each; NaN where nothing is."""
    known = np.isfinite(values)
    sums, counts = (
        np.pad(np.cumsum(each, axis=1), ((0, 0), (TRAILING + 1, 0)))
        for each in (np.where(known, values, 0.0), known.astype(float))
    )
    n = values.shape[1]
    total, count = (each[:, TRAILING : TRAILING + n] - each[:, :n] for each in (sums, counts))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def episode_facts(
    past: Past, course: Course, closes: Closes, subject: str, column: int, near_high: bool | None
) -> dict[str, Any]:
    """How unusual the session is, the episode it stands in, the level of risk and what followed such days."""
    place, days = past.places[subject], past.days[: column + 1]
    near, outcomes = (closes.at(each, [subject], days)[0] for each in (closes.near, closes.fell))
    selling, buying = (int(runs[place, column]) for runs in (course.selling, course.buying))
    known = np.isfinite(course.trend[place, : column + 1])
    judged = bool(known[-1]) or selling > 0 or buying > 0
    begun, bought = (_begun(course, runs[place], column) for runs in (course.selling, course.buying))
    level = None if near_high is None or not judged else near_high + 2 * (selling > 0)
    levels = np.where(known, near + 2 * (course.selling[place, : column + 1] > 0), np.nan)
    followed, cases = (None, 0) if level is None else rate(outcomes, levels == level)
    return {
        "imbalance_z": _or_none(course.z[place, column]),
        "imbalance_z_trend": _or_none(course.trend[place, column]),
        "z_degenerate": bool(course.degenerate[place, column]),
        "usual_signed_usd": _or_none(course.usual[place, column], 2),
        "sustained_days": selling if judged else None,
        "selling_since": None if begun is None else days[begun].isoformat(),
        "begun_near_high": None if begun is None or np.isnan(near[begun]) else bool(near[begun]),
        "buying_days": buying if judged else None,
        "buying_since": None if bought is None else days[bought].isoformat(),
        "risk_level": level,
        "drawdown_level": followed,
        "drawdown_level_n": cases,
    }


def _begun(course: Course, lasted: Any, column: int) -> int | None:
    """The session an episode that stands at `column` began with; None where there is none."""
    if not lasted[column]:
        return None
    counted = column - 1 if not course.complete[column] else column
    return int(counted - lasted[column] + 1)


def _or_none(value: float, digits: int = 4) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None
