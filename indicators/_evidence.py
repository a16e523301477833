"""What an honest statement about the past needs: outcomes after a day, means beside each other, and how sure.

All of it looks forward from a day, so it is for days whose outcome is known; one that is not is NaN. A t
from overlapping windows is not to be believed without its Newey–West companion and the number of episodes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from indicators._stats import Floats

Flags = NDArray[np.bool_]


class Comparison(NamedTuple):
    """Mean outcome of the chosen days and of the others, how many of each, and t of the difference.

    `t` takes days as independent, `t_hac` allows for overlap; NaN where either side has fewer than two days.
    """

    mean: float
    n: int
    other_mean: float
    other_n: int
    t: float
    t_hac: float


def forward_returns(prices: ArrayLike, sessions: int, wait: int = 0) -> Floats:
    """Return from the close `wait` sessions after each day to `sessions` later; NaN where that is not over.

    `prices` runs along the last axis. `wait` 0 enters at the day's own close, 1 at the next.
    """
    prices = np.asarray(prices, np.float64)
    returns = np.full(prices.shape, np.nan)
    known = max(prices.shape[-1] - sessions - wait, 0)
    entry, leave = prices[..., wait : wait + known], prices[..., wait + sessions : wait + sessions + known]
    returns[..., :known] = leave / entry - 1
    return returns


def worst_returns(prices: ArrayLike, sessions: int) -> Floats:
    """From each close to the lowest of the next `sessions` ones; NaN where they are not over or one lacks."""
    prices = np.asarray(prices, np.float64)
    worst = np.full(prices.shape, np.nan)
    known = max(prices.shape[-1] - sessions, 0)
    if known:
        ahead = np.lib.stride_tricks.sliding_window_view(prices[..., 1:], sessions, axis=-1)
        worst[..., :known] = ahead.min(axis=-1) / prices[..., :known] - 1
    return worst


def mean_where(outcomes: ArrayLike, chosen: ArrayLike) -> tuple[float, int]:
    """Mean of the known outcomes of the chosen days (NaN without any), and how many they are."""
    outcomes = np.asarray(outcomes, np.float64)
    known = outcomes[np.asarray(chosen, np.bool_) & np.isfinite(outcomes)]
    return (float(known.mean()) if len(known) else np.nan), len(known)


def compare(outcomes: ArrayLike, chosen: ArrayLike, lags: int) -> Comparison:
    """Compare the outcomes of the chosen days with those of the others; `lags` is the windows' length.

    Both t come from the regression of the outcome on the choice, with White's errors (as a t-test for unequal
    variances) and with Newey and West's (1987) of `lags` lags, without small-sample correction.
    """
    outcomes, chosen = np.asarray(outcomes, np.float64), np.asarray(chosen, np.bool_)
    (mean, n), (other_mean, other_n) = mean_where(outcomes, chosen), mean_where(outcomes, ~chosen)
    if min(n, other_n) < 2:
        return Comparison(mean, n, other_mean, other_n, np.nan, np.nan)
    from statsmodels.regression.linear_model import OLS  # takes a second to import

    known = np.isfinite(outcomes)
    model = OLS(outcomes[known], np.column_stack([np.ones(known.sum()), chosen[known]]))
    white = model.fit(cov_type="HC0")
    hac = model.fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False})
    return Comparison(mean, n, other_mean, other_n, float(white.tvalues[1]), float(hac.tvalues[1]))


def rank_ic(feature: ArrayLike, outcomes: ArrayLike) -> float:
    """Spearman's rank correlation over the days on which both are known; NaN with fewer than three."""
    from scipy.stats import spearmanr  # only where somebody asks

    feature, outcomes = np.asarray(feature, np.float64), np.asarray(outcomes, np.float64)
    known = np.isfinite(feature) & np.isfinite(outcomes)
    if known.sum() < 3:
        return np.nan
    return float(spearmanr(feature[known], outcomes[known]).statistic)


def episodes(chosen: ArrayLike, apart: int) -> int:
    """How many separate stretches the chosen days form, each more than `apart` sessions after the last."""
    days = np.flatnonzero(np.asarray(chosen, np.bool_))
    return int(np.sum(np.diff(days) > apart)) + 1 if len(days) else 0


def rank_ics(factor: ArrayLike, outcomes: ArrayLike) -> Floats:
    """Spearman's rank correlation across names on each date; both of shape (dates, names)."""
    rows = zip(np.asarray(factor, np.float64), np.asarray(outcomes, np.float64), strict=True)
    return np.array([rank_ic(*row) for row in rows], np.float64)


def bin_means(bins: ArrayLike, outcomes: ArrayLike) -> Floats:
    """Mean outcome of each bin (1, 2, …; 0 is none) on each date, then over dates; shape (dates, names)."""
    bins, outcomes = np.asarray(bins, np.int64), np.asarray(outcomes, np.float64)
    means = []
    for number in range(1, bins.max(initial=0) + 1):
        found = [mean_where(*row)[0] for row in zip(outcomes, bins == number, strict=True)]
        means.append(mean_where(found, np.isfinite(found))[0])
    return np.array(means, np.float64)


def best_of(trials: int) -> float:
    """Expected maximum of so many independent standard normal Sharpe ratios (Bailey & López de Prado 2014).

    At least two trials; times the standard deviation of the ratios tried it is what luck alone reaches.
    """
    from scipy.special import ndtri

    return float(
        (1 - np.euler_gamma) * ndtri(1 - 1 / trials) + np.euler_gamma * ndtri(1 - 1 / (trials * np.e))
    )


def sharpe_probability(sharpe: float, luck: float, n: int, skew: float, kurtosis: float) -> float:
    """Probability that a Sharpe ratio found in `n` periods is truly above `luck`, both by period.

    `kurtosis` is raw: 3 for a normal. With `luck` of `best_of` it is deflated by the number of trials.
    """
    from scipy.special import ndtr

    spread = np.sqrt(1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2)
    return float(ndtr((sharpe - luck) * np.sqrt(n - 1) / spread))
