"""What is usual for a subject: today's premium against its own past sessions, and sums by month."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from indicators._option_days import Past
from indicators._option_facts import share
from indicators._stats import madz, middle, pct_rank
from storage import calendar

#: a subject's own past: this many sessions before the judged one
HISTORY = 60
#: months told, the current one included
MONTHS = 3


def surges(past: Past, day: date, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The session's premium against each subject's own past, today not among it.

    Sessions of monthly expiries are busier: they are left out of the past of other sessions, and
    judged against Fridays only.
    """
    place, rows = past.days.index(day), [past.places[name] for name in names]
    before = _comparable(past.days[:place], day)
    today, history = past.total[rows, place], past.total[np.ix_(rows, before)]
    z, degenerate = madz(np.log1p(today), np.log1p(history))
    usual, rank = middle(history)[0], pct_rank(today, history)
    signed = middle(past.signed[np.ix_(rows, before)])[0]
    for i in range(len(names)):
        known = np.isfinite(z[i])
        yield {
            "surge": share(today[i], usual[i]) if known else None,
            "surge_z": round(float(z[i]), 4) if known else None,
            "surge_pct": round(float(rank[i]), 4) if known else None,
            "surge_degenerate": bool(degenerate[i]) if known else None,
            "history_sessions": int(np.isfinite(history[i]).sum()),
            "usual_signed_usd": round(float(signed[i]), 2) if np.isfinite(signed[i]) else None,
        }


def _comparable(days: Sequence[date], day: date) -> list[int]:
    """Which of the sessions before `day` it is judged against."""
    if monthly_expiry(day):
        return [place for place, each in enumerate(days) if each.weekday() == day.weekday()]
    recent = range(max(len(days) - HISTORY, 0), len(days))
    return [place for place in recent if not monthly_expiry(days[place])]


def monthly_expiry(day: date) -> bool:
    """Whether the monthly contracts expire: the third Friday, or the session before where it is a holiday."""
    third = day.replace(day=15)
    third += timedelta(days=(4 - third.weekday()) % 7)
    return day == (third if calendar.is_session(third) else third - timedelta(days=1))


def months(past: Past, name: str, day: date) -> list[dict[str, Any]]:
    """Sums of the subject's sessions by month up to `day`, newest first: USD, their ratio (of the sums, not
    the mean of ratios), how many sessions there are and how many the month has.
    """
    row = past.places[name]
    days = pd.Index([each.strftime("%Y-%m") for each in past.days])
    frame = pd.DataFrame({"bull": past.bull[row], "bear": past.bear[row]}, days)
    frame = frame[[each <= day for each in past.days]].dropna()
    told = []
    for month, rows in sorted(frame.groupby(level=0), reverse=True)[:MONTHS]:
        bull, bear = rows["bull"].sum(), rows["bear"].sum()
        first = date.fromisoformat(f"{month}-01")
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        told.append(
            {
                "month": month,
                "bull_usd": round(float(bull), 2),
                "bear_usd": round(float(bear), 2),
                "ratio": share(bull, bear),
                "sessions": len(rows),
                "of": len(calendar.sessions(first, last)),
            }
        )
    return told
