"""What the past says of sector momentum in general: the strongest groups against the weakest, by period.

Returns are arrays (periods, groups) of fractions, NaN where not known; what is held in a period is chosen by
the periods before it alone. After Moskowitz and Grinblatt (1999).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from indicators._stats import Floats


class Average(NamedTuple):
    """Mean over periods, its t taken as independent, and how many; NaN with fewer than two."""

    mean: float
    t: float
    n: int


def average(values: Floats) -> Average:
    """The mean of what is known of `values`, with its t."""
    known = values[np.isfinite(values)]
    n = len(known)
    if n < 2:
        return Average(np.nan, np.nan, n)
    return Average(float(known.mean()), float(known.mean() / known.std(ddof=1) * np.sqrt(n)), n)


def spreads(returns: Floats, formation: int, held: int, skip: int = 0) -> Floats:
    """By period: mean return of the `held` groups that had been strongest, minus that of the weakest.

    Ranked by the compound return of `formation` periods that end `skip` before it; NaN where too few.
    """
    result = np.full(len(returns), np.nan)
    for now in range(formation + skip, len(returns)):
        past = np.prod(1 + returns[now - formation - skip : now - skip], axis=0)
        known = np.flatnonzero(np.isfinite(past) & np.isfinite(returns[now]))
        if len(known) >= 2 * held:
            order = known[np.argsort(past[known], kind="stable")]
            result[now] = returns[now, order[-held:]].mean() - returns[now, order[:held]].mean()
    return result


def rank_correlations(returns: Floats) -> Floats:
    """By period: Spearman's correlation of its returns with those of the period before."""
    before, now = returns[:-1], returns[1:]
    both = np.isfinite(before) & np.isfinite(now)
    ranks = [pd.DataFrame(np.where(both, each, np.nan)).rank(axis=1) for each in (before, now)]
    return np.concatenate([[np.nan], ranks[0].corrwith(ranks[1], axis=1).to_numpy(float)])


def stays(returns: Floats, held: int, *, turned: bool = False) -> Floats:
    """By period: the share of the period before's `held` strongest that are among its strongest again.

    With `turned`, that are among its weakest.
    """
    strongest, weakest = _extreme(-returns, held), _extreme(returns, held)
    again = strongest[:-1] & (weakest if turned else strongest)[1:]
    return np.concatenate([[np.nan], again.sum(axis=1) / held])


def _extreme(values: Floats, held: int) -> NDArray[np.bool_]:
    """Which `held` groups have the smallest known values."""
    places = np.argsort(np.where(np.isfinite(values), values, np.inf), axis=1, kind="stable")[:, :held]
    chosen = np.zeros(values.shape, np.bool_)
    np.put_along_axis(chosen, places, True, axis=1)
    return chosen & np.isfinite(values)
