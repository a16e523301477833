"""Routine or opportunistic: whether an insider trades by the calendar (Cohen, Malloy & Pomorski 2012)."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from storage.calendar import NEW_YORK

#: years before the trade's own that an insider must have traded in, each of them
YEARS = 3


def classes(trades: pd.DataFrame) -> NDArray[np.object_]:
    """Of each trade: True routine, False opportunistic, None where its insider lacks three years of trades.

    Routine is who, in each of the three years before the trade's, traded in one and the same calendar month.
    Only what was filed before January 1 of the trade's year (New York) is looked at, so that nothing filed
    later changes a class. `trades` has day, known_at, owner_ciks and rule; what does not count is no past.
    """
    found = np.full(len(trades), None, object)
    counts = (trades["rule"] == "").to_numpy(bool)
    if not counts.any():
        return found
    owner, names = pd.factorize(trades["owner_ciks"])
    year = trades["day"].dt.year.to_numpy(np.int64)
    month = trades["day"].dt.month.to_numpy(np.int64) - 1
    filed = trades["known_at"].dt.tz_convert(NEW_YORK).dt.year.to_numpy(np.int64)
    for now in np.unique(year[counts]):
        past = counts & (filed < now) & (year >= now - YEARS) & (year < now)
        if not past.any():
            continue
        seen = np.zeros((len(names), YEARS, 12), bool)
        seen[owner[past], year[past] - now + YEARS, month[past]] = True
        known = np.asarray(np.all(np.any(seen, axis=2), axis=1))[owner]
        routine = np.asarray(np.any(np.all(seen, axis=1), axis=1))[owner]
        these = counts & (year == now) & known
        found[these] = routine[these]
    return found
