"""Where no index earnings are known: the P/E of many companies together, from analysts' means; grade C.

Σ market cap ÷ Σ (market cap × forward EPS ÷ price). Losses count, so it is not a mean of P/Es.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from indicators._eps_lines import ntm, time_left
from indicators._stats import Floats

#: assumption: fewer companies than this are no market
LEAST = 50
#: assumption: estimates gathered within so many days are of one moment
GATHERED = pd.Timedelta(days=7)

#: what is read of CompanyEps
COLUMNS = (
    "symbol", "vintage", "year_end", "this_year_e4", "next_year_e4", "price_e4", "market_cap_usd", "source",
    "known_at",
)  # fmt: skip


def contributions(weights: ArrayLike, values: ArrayLike) -> Floats:
    """What each part adds to the whole: weight × value. Of returns, by the weights of the day before."""
    return np.asarray(np.asarray(weights, np.float64) * np.asarray(values, np.float64))


def earnings_yield(caps: ArrayLike, eps: ArrayLike, prices: ArrayLike) -> float:
    """Forward earnings of all companies ÷ their market value: 1 ÷ the aggregate P/E."""
    caps = np.asarray(caps, np.float64)
    yields = np.asarray(eps, np.float64) / np.asarray(prices, np.float64)
    return float(contributions(caps / caps.sum(), yields).sum())


def aggregate(rows: pd.DataFrame) -> pd.DataFrame:
    """The yield by vintage from CompanyEps rows: vintage, yield, companies, source, known_at; oldest first.

    At each vintage every company counts with its newest estimate of the last seven days.
    """
    known = rows.dropna(subset=["this_year_e4", "next_year_e4", "price_e4", "market_cap_usd"])
    known = known[(known["price_e4"] > 0) & (known["market_cap_usd"] > 0)]
    known = known.assign(vintage=pd.to_datetime(known["vintage"])).sort_values("vintage", kind="stable")
    left = [time_left(day.date(), end) for day, end in zip(known["vintage"], known["year_end"], strict=True)]
    this_year, next_year = (known[name].astype(float) for name in ("this_year_e4", "next_year_e4"))
    known = known.assign(eps_e4=ntm(this_year, next_year, np.array(left, float)))
    found = []
    vintages = known["vintage"].unique()
    begins = known["vintage"].searchsorted(vintages - GATHERED, side="right")
    ends = known["vintage"].searchsorted(vintages, side="right")
    for vintage, begin, end in zip(vintages, begins, ends, strict=True):
        recent = known.iloc[begin:end].drop_duplicates("symbol", keep="last")
        if len(recent) >= LEAST:
            value = earnings_yield(recent["market_cap_usd"], recent["eps_e4"], recent["price_e4"])
            sources = ", ".join(sorted(set(recent["source"])))
            found.append((vintage, value, len(recent), sources, recent["known_at"].max()))
    return pd.DataFrame(found, columns=["vintage", "yield", "companies", "source", "known_at"])
