"""Daily bars as matrices over every session of the exchange, and what each symbol did beyond the market.

A return needs both closes: a missing session is never filled. Beta, usual volume and volatility of a
session are of the sessions before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from indicators._stats import LEAST_HISTORY, Floats
from storage import calendar

Flags = NDArray[np.bool_]

#: what stands for the market, the first that has a bar in the newest session; else the mean of all symbols
MARKETS = ("SPY", "^GSPC")
MEAN = "equal-weighted mean of all symbols"
#: sessions of a beta; how far it is drawn to one (Blume); with fewer known returns it is one: an assumption
BETA_SESSIONS, SLOPE, PULL = 252, 0.66, 0.33
LEAST_BETA = 240
#: sessions of a usual day's dollars, and how many of them must be known: an assumption
USUAL, LEAST_USUAL = 20, 10
#: assumption: sessions of a symbol's usual excess
SIGMA_SESSIONS = 60


@dataclass(frozen=True)
class Prices:
    """Everything by [session, symbol]; NaN where it is not known."""

    days: list[date]
    places: dict[str, int]
    #: USD; and USD traded
    close: Floats
    dollars: Floats
    #: what the market is, and its return by session
    market: str
    market_returns: Floats
    returns: Floats
    #: return − beta × the market's; beta is 1 where `beta_known` is false
    excess: Floats
    beta_known: Flags
    #: mean USD a day of the 20 sessions before
    usual: Floats
    #: standard deviation of the excess over the 60 sessions before
    sigma: Floats


def read_prices(bars: pd.DataFrame) -> Prices:
    """Matrices of rows of `Bar`, one at least.

    Where several sources tell of one session, the one with most sessions of that symbol is taken.
    """
    column, names = pd.factorize(bars["symbol"], sort=True)
    when, told_of = pd.factorize(bars["session"])
    days = calendar.sessions(min(told_of), max(told_of))
    row = pd.Index(days).get_indexer(pd.Index(told_of))[when]
    order = np.arange(len(bars))
    if np.bincount(row * len(names) + column).max() > 1:
        told = bars.groupby(["symbol", "source"])["session"].transform("size")
        ranked = bars.assign(told=told, place=order).sort_values(["told", "source"], ascending=[True, False])
        order = ranked["place"].to_numpy()  # what is written last stays
    close, volume = (np.full((len(days), len(names)), np.nan) for _ in range(2))
    at = row[order], column[order]
    close[at] = bars["close_e4"].to_numpy(np.float64)[order] / 10_000
    volume[at] = bars["volume"].to_numpy(np.float64)[order]
    return _prices(days, list(names), close, close * volume)


def _prices(days: list[date], names: Sequence[str], close: Floats, dollars: Floats) -> Prices:
    places = {name: place for place, name in enumerate(names)}
    returns = np.full(close.shape, np.nan)
    returns[1:] = close[1:] / close[:-1] - 1
    market = next((name for name in MARKETS if name in places and np.isfinite(close[-1, places[name]])), MEAN)
    if market == MEAN:
        market_returns = _mean(returns[:, [not name.startswith("^") for name in names]])
    else:
        market_returns = returns[:, places[market]]
    beta = _beta(returns, market_returns)
    known = np.isfinite(beta)
    excess = returns - np.where(known, SLOPE * beta + PULL, 1.0) * market_returns[:, None]
    total, n = before(dollars, USUAL)
    usual = np.where(n >= LEAST_USUAL, total / np.maximum(n, 1), np.nan)
    sigma = _sigma(excess)
    return Prices(days, places, close, dollars, market, market_returns, returns, excess, known, usual, sigma)


def before(x: Floats, sessions: int) -> tuple[Floats, Floats]:
    """Sum of what is known of `x` (shape (sessions, …)) over the `sessions` before each, and how many."""
    known = np.isfinite(x)
    sums = [_before(np.where(known, x, 0.0), sessions), _before(known.astype(float), sessions)]
    return sums[0], np.round(sums[1])


def _before(x: Floats, sessions: int) -> Floats:
    running = np.zeros((len(x) + 1, *x.shape[1:]))
    np.cumsum(x, axis=0, out=running[1:])
    total = running[:-1].copy()
    total[sessions:] -= running[: max(len(x) - sessions, 0)]
    return total


def _beta(returns: Floats, market: Floats) -> Floats:
    """Slope of each symbol's returns on the market's over the 252 sessions before; NaN of too few."""
    both = np.isfinite(returns) & np.isfinite(market)[:, None]
    y, x = np.where(both, returns, 0.0), np.where(both, market[:, None], 0.0)
    sum_x, sum_y, sum_xy, sum_xx, known = (
        _before(each, BETA_SESSIONS) for each in (x, y, x * y, x * x, both.astype(float))
    )
    n = np.round(known)
    size = np.maximum(n, 1)
    spread = sum_xx - sum_x**2 / size
    told = (n >= LEAST_BETA) & (spread > 0)
    return np.where(told, (sum_xy - sum_x * sum_y / size) / np.where(told, spread, 1.0), np.nan)


def _sigma(excess: Floats) -> Floats:
    (total, n), (squares, _) = before(excess, SIGMA_SESSIONS), before(excess**2, SIGMA_SESSIONS)
    size = np.maximum(n, 2)
    variance = np.maximum(squares - total**2 / size, 0.0) / (size - 1)
    return np.where(n >= LEAST_HISTORY, np.sqrt(variance), np.nan)


def _mean(x: Floats) -> Floats:
    known = np.isfinite(x)
    n = known.sum(axis=1)
    return np.where(n > 0, np.where(known, x, 0.0).sum(axis=1) / np.maximum(n, 1), np.nan)


def year_returns(days: Sequence[date], close: Floats) -> dict[int, tuple[int, Floats]]:
    """By year: the place of its newest session, and each symbol's close there over the year before's last.

    Only of years whose predecessor's last session is among `days`; NaN where either close is not known.
    """
    years = np.array([day.year for day in days])
    last = {int(year): int(np.flatnonzero(years == year)[-1]) for year in np.unique(years)}
    return {
        year: (place, np.asarray(close[place] / close[last[year - 1]] - 1, np.float64))
        for year, place in last.items()
        if year - 1 in last
    }


def number(value: Any, digits: int = 6) -> float | None:
    """`value` for a fact: rounded, None where it is not known."""
    return round(float(value), digits) if np.isfinite(value) else None
