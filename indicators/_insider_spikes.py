"""How unusual insiders' buying is: a 30-day window of filings against the same subject's past ones."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

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
    #: distinct filings of all issuers in each window
    filings: Floats


def windows_of(trades: pd.DataFrame, as_of: datetime) -> Windows:
    """Sum the discretionary lines of `judge` over 30-day windows that end at `as_of`, 30 days before, …

    A line counts in the one window at whose end it was known, recent and not yet replaced.
    """
    decided = trades[trades["discretionary"]]
    age = as_of - decided["known_at"]
    steps = (age.dt.total_seconds() // WINDOW.total_seconds()).astype(int)
    there = (steps <= PAST) & (decided["ends"] > as_of - steps * WINDOW)
    decided, steps = decided[there], steps[there].to_numpy()
    issuers, place = np.unique(decided["symbol"].to_numpy(str), return_inverse=True)
    shape = (len(issuers), PAST + 1)
    cells, usd = place * shape[1] + steps, decided["usd"].fillna(0.0).to_numpy()
    buy = decided["buy"].to_numpy(bool)
    buys, sells = (
        np.bincount(cells[side], usd[side], shape[0] * shape[1]).astype(float).reshape(shape)
        for side in (buy, ~buy)
    )
    once = pd.DataFrame({"step": steps, "filing": decided["filing"].to_numpy()}).drop_duplicates()
    filings = np.bincount(once["step"].to_numpy(int), minlength=PAST + 1).astype(float)
    return Windows(issuers.tolist(), buys, sells, filings)


def spikes_of(trades: pd.DataFrame, as_of: datetime) -> dict[str, tuple[float, float]]:
    """z and percentile of each subject's newest window among its own past ones; NaN where unknown."""
    seen = windows_of(trades, as_of)
    usable = seen.filings >= LEAST_FILINGS
    most = CAP * (seen.buys + seen.sells).sum(axis=0)
    buys, sells = (np.minimum(side, most).sum(axis=0)[None] for side in (seen.buys, seen.sells))
    of_issuers = _unusual(seen.buys, seen.sells, usable, FLOOR_TICKER)
    of_market = _unusual(buys, sells, usable, FLOOR_MARKET)
    z, pct = (np.concatenate(pair).tolist() for pair in zip(of_issuers, of_market, strict=True))
    return dict(zip([*seen.issuers, MARKET], zip(z, pct, strict=True), strict=True))


def _unusual(buys: Floats, sells: Floats, usable: Any, floor: float) -> tuple[Floats, Floats]:
    """z and percentile of column 0 among the usable later columns; shape (subjects, windows)."""
    past = np.where(usable[1:], 0.0, np.nan)
    enough = np.sum(usable[1:]) > 0
    usual = np.nanmedian((buys + sells)[:, 1:] + past, axis=1) if enough else np.zeros(len(buys))
    k = np.maximum(floor, SMOOTH * usual)[:, None]
    ratio = slr(buys, sells, k)
    score = madz(ratio[:, 0], ratio[:, 1:] + past)
    # a history that hardly ever moves has no scale to measure by
    z = np.where(score.degenerate, np.nan, score.z)
    return z, pct_rank(ratio[:, 0], ratio[:, 1:] + past)
