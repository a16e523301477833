"""Robust arithmetic shared by the indicators: pure, vectorised, and missing (NaN) stays missing.

Histories run along the last axis and never contain the value they judge.
"""

from typing import NamedTuple

import numpy as np
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
