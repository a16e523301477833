"""The composite: each input's score, their weighted mean, smoothed; and what each adds to the middle.

Smoothing is linear, so the smoothed contributions sum to the smoothed index less 50, exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indicators._mood_inputs import INPUTS, Course, Input
from indicators._stats import Floats, ewma

#: the middle of all scores
MIDDLE = 50.0
#: with less than this share of the weights known the index pauses
LEAST_COVERAGE = 0.6
#: span of the moving average, in sessions
SPAN = 5


@dataclass(frozen=True)
class Composite:
    """By judged session; NaN where it is paused, or where none of the inputs is known."""

    #: 0–100 by [input, session], before smoothing
    scores: Floats
    coverage: Floats
    #: smoothed: the index, what each input adds to 50 by [input, session], and the two parts of it
    index: Floats
    contributions: Floats
    trend: Floats
    contrarian: Floats


def score(z: Floats) -> Floats:
    """100 · Φ(z): 50 in the middle, 84.13 one robust deviation above."""
    from scipy.special import ndtr  # takes a moment to import

    return np.asarray(100 * ndtr(z), np.float64)


def weighted(scores: Floats, weights: Floats) -> Floats:
    """The mean of the scores (shape (inputs, sessions)) that are known, by `weights`; NaN where none is."""
    return np.asarray(MIDDLE + _parts(scores, weights).sum(axis=0), np.float64)


def composite(courses: Mapping[str, Course], inputs: Sequence[Input] = INPUTS) -> Composite:
    """Put the courses together."""
    scores = score(np.stack([courses[each.name].z for each in inputs]))
    weights = np.array([each.weight for each in inputs])
    coverage = (weights[:, None] * np.isfinite(scores)).sum(axis=0) / weights.sum()
    # a share that is exactly enough must not fail by its last bit
    there = coverage >= LEAST_COVERAGE - 1e-9
    contributions = ewma(np.where(there, _parts(scores, weights), np.nan), SPAN)
    index = MIDDLE + contributions.sum(axis=0)
    parts = []
    for group in ("trend", "contrarian"):
        own = [place for place, each in enumerate(inputs) if each.group == group]
        mean = np.where(there, weighted(scores[own], weights[own]), np.nan)
        parts.append(ewma(mean[None], SPAN)[0])
    return Composite(scores, coverage, index, contributions, parts[0], parts[1])


def _parts(scores: Floats, weights: Floats) -> Floats:
    """What each known score adds to 50 by its share of the known weights, 0 of an unknown; NaN if all are."""
    known = np.isfinite(scores)
    total = (weights[:, None] * known).sum(axis=0)
    share = weights[:, None] / np.where(total > 0, total, np.nan)
    return np.asarray(share * np.where(known, scores - MIDDLE, 0.0), np.float64)
