"""The arithmetic of index and earnings over time: slopes, windows, the share of the P/E, years.

In logs price = earnings + P/E exactly, over any window, and so are their least-squares slopes.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indicators._stats import Floats

#: sessions in a year
YEAR = 252
#: assumption: a window begins at the estimate nearest to its length ago, at most this share of it off
NEAR = 0.25
#: assumption: residuals of a trend go on for a quarter; fewer estimates than this say nothing of a trend
PERSIST, LEAST_TREND = 63, 20
#: below this log change of the index it has no share to speak of
LEAST_MOVE = 0.05
#: assumption: reports of a past year span so many days, else it was not a year
LEAST_DAYS = 270

Places = NDArray[np.int64]


def slope(t: Floats, values: Floats) -> float:
    """Least-squares slope of `values` a year, `t` in sessions; NaN where all are at one moment."""
    away = t - t.mean()
    spread = float(away @ away)
    return float(away @ (values - values.mean())) / spread * YEAR if spread else np.nan


def trend(t: Floats, values: Floats) -> tuple[float, float] | None:
    """95 % interval of the slope a year, with Newey and West's (1987) errors; None with too few values."""
    steps = np.diff(t)
    if len(t) < LEAST_TREND or not steps.any():
        return None
    from statsmodels.regression.linear_model import OLS  # takes a second to import

    lags = max(1, round(PERSIST / float(np.median(steps[steps > 0]))))
    model = OLS(values, np.column_stack([np.ones(len(t)), t / YEAR]))
    fit = model.fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False})
    low, high = fit.conf_int(0.05)[1]
    return float(low), float(high)


def window(t: Floats, known: NDArray[np.bool_], sessions: int) -> Places | None:
    """The places of what is known from about `sessions` ago to the last; None where that is not covered."""
    places = np.flatnonzero(known)
    if len(places) < 2 or places[-1] != len(t) - 1:
        return None
    off = np.abs(t[-1] - t[places[:-1]] - sessions)
    base = int(np.argmin(off))
    return places[base:] if off[base] <= NEAR * sessions else None


def multiple_share(d_price: float, d_pe: float) -> float | None:
    """The share of the index's log change that the P/E made; None where the index hardly moved."""
    return d_pe / d_price if abs(d_price) >= LEAST_MOVE else None


def regime(d_price: float, d_eps: float, gap: float) -> str:
    """What led: a state's name, from the log changes of index and earnings and the gap of their slopes."""
    if d_eps < 0:
        return "priced_in" if d_price < 0 else "earnings_cut"
    if d_price < 0:
        return "de_rating"
    if d_price == 0:
        return "de_rating" if d_eps > 0 else "flat"
    return "multiple_led" if gap > 0 else "eps_led"


def years(
    days: Sequence[date], price: Floats, eps: Floats, today: date, most: int = 10
) -> list[dict[str, Any]]:
    """Year by year, first to last report with both: changes as fractions, who was ahead, the regime.

    Oldest first: the last `most` years and the one that runs. A past year without reports over most of it is
    left out.
    """
    found = []
    known = np.isfinite(price) & (eps > 0)
    for year in range(today.year - most, today.year + 1):
        inside = [place for place in np.flatnonzero(known).tolist() if days[place].year == year]
        if len(inside) < 2:
            continue
        first, last = inside[0], inside[-1]
        so_far = year == today.year
        if not so_far and (days[last] - days[first]).days < LEAST_DAYS:
            continue
        d_price, d_eps = float(np.log(price[last] / price[first])), float(np.log(eps[last] / eps[first]))
        found.append(
            {
                "year": year,
                "from": days[first].isoformat(),
                "to": days[last].isoformat(),
                "index": float(price[last] / price[first] - 1),
                "eps": float(eps[last] / eps[first] - 1),
                "ahead": "index" if d_price > d_eps else "eps",
                "regime": regime(d_price, d_eps, d_price - d_eps),
                "so_far": so_far,
            }
        )
    return found
