"""Robust arithmetic shared by the indicators: pure, vectorised, and missing (NaN) stays missing.

Histories run along the last axis and never contain the value they judge.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
#: fewer points of history than this say nothing about what is usual
LEAST_HISTORY = 20
#: the median absolute deviation of a normal distribution times this is its standard deviation
MAD_TO_SIGMA = 1.4826
#: where a history never moves: the least spread, as a share of its level
FLAT_SPREAD = 0.05


class Score(NamedTuple):
    """A robust z-score; `degenerate` where the history's MAD is 0 and a share of its level stood in."""

    z: Floats
    degenerate: NDArray[np.bool_]


def slr(b: ArrayLike, s: ArrayLike, k: ArrayLike) -> Floats:
    """Smoothed log ratio ln((b+k)/(s+k)), k > 0 in the unit of b and s: finite and 0 at 0/0."""
    b, s, k = (np.asarray(value, np.float64) for value in (b, s, k))
    if np.any(k <= 0):
        raise ValueError("k must be above 0")
    return np.asarray(np.log((b + k) / (s + k)), np.float64)


def imb(b: ArrayLike, s: ArrayLike, least: float = 0.0) -> Floats:
    """Imbalance (b − s) / (b + s), −1…+1; NaN where either is not known, nothing is there, or too little.

    `least` is the smallest b + s that says anything, in their unit.
    """
    b, s = (np.asarray(value, np.float64) for value in (b, s))
    both = b + s
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((both > 0) & (both >= least), (b - s) / both, np.nan)


def ewma(x: ArrayLike, span: float) -> Floats:
    """Exponentially weighted mean of each row of `x` (shape (rows, n)) up to each of its points.

    The newest weighs 2 / (span + 1); weights of what is known sum to one; NaN where the point is not known.
    """
    x = np.asarray(x, np.float64)
    mean = pd.DataFrame(x.T).ewm(span=span, adjust=True, ignore_na=False).mean().to_numpy().T
    return np.asarray(np.where(np.isnan(x), np.nan, mean), np.float64)


class Posterior(NamedTuple):
    """What is believed of a share after seeing orders: mean, 5 % and 95 % quantile, orders it is worth."""

    mean: Floats
    low: Floats
    high: Floats
    n_eff: Floats


#: prior of a share where there is no cross-section to learn it from: an assumption
FLAT_PRIOR = (4.0, 4.0)


def eb_share(b: ArrayLike, s: ArrayLike, squares: ArrayLike, prior: tuple[float, float]) -> Posterior:
    """The share b / (b + s), shrunk to the Beta `prior` by how many equal orders the money is worth.

    `squares` is the sum of the squared orders, in the unit of b and s squared: a total that rests on one
    order is worth one. NaN where nothing was traded.
    """
    from scipy.special import betaincinv  # only when a board is made

    b, s, squares = (np.asarray(value, np.float64) for value in (b, s, squares))
    with np.errstate(divide="ignore", invalid="ignore"):
        share, n_eff = b / (b + s), (b + s) ** 2 / squares
    alpha, beta = prior[0] + n_eff * share, prior[1] + n_eff * (1 - share)
    low, high = (np.asarray(betaincinv(alpha, beta, q), np.float64) for q in (0.05, 0.95))
    return Posterior(np.asarray(alpha / (alpha + beta)), low, high, np.asarray(n_eff))


def beta_moments(shares: ArrayLike) -> tuple[float, float]:
    """The Beta distribution with the mean and variance of `shares`; FLAT_PRIOR where they do not tell."""
    known = np.asarray(shares, np.float64)
    known = known[np.isfinite(known)]
    mean, variance = (known.mean(), known.var()) if len(known) >= LEAST_HISTORY else (0.5, 0.0)
    if not 0 < variance < mean * (1 - mean):
        return FLAT_PRIOR
    weight = mean * (1 - mean) / variance - 1
    return float(mean * weight), float((1 - mean) * weight)


def attenuation(p: ArrayLike) -> Floats:
    """What is left of a signed sum when each sign is right with probability `p`: 2p − 1, 0 at a coin's."""
    return np.asarray(2 * np.asarray(p, np.float64) - 1, np.float64)


def madz(x: ArrayLike, hist: ArrayLike) -> Score:
    """Robust z (x − median) / (1.4826 · MAD) of `x` (shape …) against `hist` (shape …, n).

    NaN with fewer than 20 known points. Where the MAD is 0 it is replaced by 5 % of the median's
    size (at least the smallest float), and the score is marked degenerate.
    """
    x = np.asarray(x, np.float64)
    centre, spread = middle(hist)
    flat = spread == 0
    least = np.maximum(FLAT_SPREAD * np.abs(centre), np.finfo(np.float64).eps)
    z = (x - centre) / (MAD_TO_SIGMA * np.where(flat, least, spread))
    return Score(np.asarray(z, np.float64), np.asarray(flat & ~np.isnan(x)))


def middle(hist: ArrayLike) -> tuple[Floats, Floats]:
    """Median and MAD of `hist` along its last axis; NaN with fewer than 20 known points."""
    hist = np.asarray(hist, np.float64)
    enough = np.sum(~np.isnan(hist), axis=-1) >= LEAST_HISTORY
    if hist.shape[-1] == 0:
        hist = np.zeros((*hist.shape[:-1], 1))
    judged = np.where(enough[..., None], hist, 0.0)
    centre = np.nanmedian(judged, axis=-1)
    spread = np.nanmedian(np.abs(judged - centre[..., None]), axis=-1)
    return np.where(enough, centre, np.nan), np.where(enough, spread, np.nan)


def pct_rank(x: ArrayLike, hist: ArrayLike) -> Floats:
    """Mid-rank of `x` (shape …) in `hist` (shape …, n), 0…1: share below plus half the share equal.

    NaN where `x` or all of the history is missing.
    """
    x, hist = np.asarray(x, np.float64)[..., None], np.asarray(hist, np.float64)
    n = np.sum(~np.isnan(hist), axis=-1)
    below = np.sum(hist < x, axis=-1) + np.sum(hist == x, axis=-1) / 2
    known = (n > 0) & ~np.isnan(x[..., 0])
    return np.asarray(np.where(known, below / np.maximum(n, 1), np.nan), np.float64)
