"""How unusual insiders' buying is: a 30-day window of filings against the same subject's past ones."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from indicators import MARKET
from indicators._insider_rows import WINDOW
from indicators._stats import Floats, madz, pct_rank, slr

#: past windows the newest one is compared with; fewer than 20 usable ones say nothing
PAST = 60
#: a window with fewer filings of all issuers together is no month of the market
LEAST_FILINGS = 10
#: of one issuer, as a share of all dollars of the window: beyond, one founder would be the market
CAP = 0.02
#: smoothing of the log ratio: at least this many USD, and this share of a usual window's dollars
FLOOR_MARKET, FLOOR_TICKER, SMOOTH = 1e6, 1e5, 0.05


@dataclass(frozen=True)
class Windows:
    """Decided dollars by issuer (rows) and by window (columns, the newest first), as seen at its end."""

    issuers: list[str]
    buys: Floats
    sells: Floats


def windows_of(trades: pd.DataFrame, as_of: datetime) -> Windows:
    """Sum the discretionary lines of `judge` over 30-day windows that end at `as_of`, 30 days before, …

    A line counts in the one window at whose end it was known, recent and not yet replaced.
    """
    decided = trades[trades["discretionary"]]
    age = as_of - decided["known_at"]
    steps = (age.dt.total_seconds() // WINDOW.total_seconds()).astype(int)
    there = (steps <= PAST) & (decided["ends"] > as_of - steps * WINDOW)
    decided, steps = decided[there], steps[there].to_numpy()
    place, issuers = pd.factorize(decided["symbol"], sort=True)
    shape = (len(issuers), PAST + 1)
    cells, usd = place * shape[1] + steps, decided["usd"].fillna(0.0).to_numpy()
    buy = decided["buy"].to_numpy(bool)
    buys, sells = (
        np.bincount(cells[side], usd[side], shape[0] * shape[1]).astype(float).reshape(shape)
        for side in (buy, ~buy)
    )
    return Windows(issuers.tolist(), buys, sells)


def usable_windows(filings: pd.Series, as_of: datetime) -> NDArray[np.bool_]:
    """In which windows, the newest first, enough filings became known; `filings` are their moments."""
    steps = ((as_of - filings).dt.total_seconds() // WINDOW.total_seconds()).to_numpy(np.int64)
    return np.asarray(np.bincount(steps[steps <= PAST], minlength=PAST + 1) >= LEAST_FILINGS)


class Spike(NamedTuple):
    """A subject's newest window: log ratio (capped for the market) and how unusual it is; NaN: unknown."""

    log_ratio: float
    z: float
    pct: float


class History(NamedTuple):
    """What the newest window is compared with."""

    spikes: dict[str, Spike]
    #: the market's log ratio without the cap on issuers
    log_ratio: float
    #: past windows of a market that was there
    windows: int


def history_of(trades: pd.DataFrame, usable: NDArray[np.bool_], as_of: datetime) -> History:
    """How unusual each subject's newest window is among its own past ones that are `usable`."""
    seen = windows_of(trades, as_of)
    sides = seen.buys, seen.sells
    of_issuers = _unusual(*sides, usable, FLOOR_TICKER)
    of_market = _unusual(*capped(*sides), usable, FLOOR_MARKET)
    spikes = (Spike(*map(float, each)) for each in np.concatenate([of_issuers, of_market]))
    bought, sold = (side.sum(axis=0)[None] for side in sides)
    whole = _unusual(bought, sold, usable, FLOOR_MARKET)
    return History(
        dict(zip([*seen.issuers, MARKET], spikes, strict=True)), float(whole[0, 0]), int(usable[1:].sum())
    )


def capped(buys: Floats, sells: Floats) -> tuple[Floats, Floats]:
    """The market's two sides by window, shape (1, windows), each issuer's at most CAP of the window."""
    most = CAP * (buys + sells).sum(axis=0)
    bought, sold = (np.minimum(side, most).sum(axis=0)[None] for side in (buys, sells))
    return bought, sold


def smoothing(both: Floats, floor: float) -> Floats:
    """k of the log ratio: a share of the median of `both` sides over the last axis, at least `floor` USD."""
    known = np.any(~np.isnan(both), axis=-1, keepdims=True)
    usual = np.nanmedian(np.where(known, both, 0.0), axis=-1, keepdims=True)
    return np.asarray(np.maximum(floor, SMOOTH * usual), np.float64)


def _unusual(buys: Floats, sells: Floats, usable: Any, floor: float) -> Floats:
    """Log ratio, z and percentile of column 0 among the usable later columns; shape (subjects, 3)."""
    past = np.where(usable[1:], 0.0, np.nan)
    ratio = slr(buys, sells, smoothing((buys + sells)[:, 1:] + past, floor))
    score = madz(ratio[:, 0], ratio[:, 1:] + past)
    # a history that hardly ever moves has no scale to measure by
    z = np.where(score.degenerate, np.nan, score.z)
    return np.column_stack([ratio[:, 0], z, pct_rank(ratio[:, 0], ratio[:, 1:] + past)])
