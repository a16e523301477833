"""How strong each sector or theme was, session by session, and its rank among all.

Five measures of what members did beyond the market, each ranked across themes and made normal; strength is
their mean. One stock cannot carry it: the median, the breadth and the leave-one-out are among them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from indicators._sector_members import Group
from indicators._sector_prices import USUAL, Flags, Prices
from indicators._stats import Floats

#: no name weighs more, unless there are fewer than four
CAP = 0.25
#: a member is clearly ahead with an excess above this many of its own standard deviations
AHEAD = 0.5
#: USD a day of a liquid member, and how many of them make more than a small sample
LIQUID_USD, ENOUGH = 5e6, 5
#: assumption: fewer members than this are no theme
LEAST_MEMBERS = 2


@dataclass(frozen=True)
class Theme:
    """One group over the sessions; arrays by session, or by [session, member]."""

    group: Group
    #: the members' columns in `Prices`, of those that have bars
    columns: NDArray[np.int64]
    titles: list[str]
    #: which of them count: members with a return and a usual volume
    counted: Flags
    weights: Floats
    #: weighted excess, median excess, share clearly ahead, log of dollars to usual, least without any one
    weighted: Floats
    median: Floats
    breadth: Floats
    flow: Floats
    least: Floats
    members: NDArray[np.int64]
    liquid: NDArray[np.int64]


@dataclass(frozen=True)
class Ranking:
    """All themes, and by [session, theme]: strength, rank from 1, and of how many; NaN where not ranked."""

    themes: list[Theme]
    strength: Floats
    rank: Floats
    of: NDArray[np.int64]
    weighted: Floats
    breadth: Floats


def theme_of(prices: Prices, group: Group) -> Theme:
    """The measures of one group over all sessions."""
    here = [place for place, symbol in enumerate(group.symbols) if symbol in prices.places]
    columns = np.array([prices.places[group.symbols[place]] for place in here], np.int64)
    excess, usual, sigma = (each[:, columns] for each in (prices.excess, prices.usual, prices.sigma))
    counted = group.inside[:, here] & np.isfinite(excess) & (np.nan_to_num(usual) > 0)
    members = counted.sum(axis=1)
    weights = capped(np.where(counted, usual, 0.0))
    weighted = _where(members > 0, (weights * np.where(counted, excess, 0.0)).sum(axis=1))
    judged = counted & np.isfinite(sigma)
    n = judged.sum(axis=1)
    ahead = (judged & (excess > AHEAD * np.nan_to_num(sigma))).sum(axis=1)
    return Theme(
        group,
        columns,
        [group.titles[place] for place in here],
        counted,
        weights,
        weighted,
        _median(np.where(counted, excess, np.nan)),
        _where(n > 0, ahead / np.maximum(n, 1)),
        flow_of(prices.dollars[:, columns], counted),
        _least(weights, np.where(counted, excess, 0.0), counted, weighted),
        members,
        (counted & (np.nan_to_num(usual) >= LIQUID_USD)).sum(axis=1),
    )


def capped(sizes: Floats) -> Floats:
    """Weights in proportion to `sizes` (shape (sessions, names)), none above 25 %, each row's sum 1.

    What a capped name gives up goes to the others in proportion; fewer than four names weigh the same.
    """
    n = (sizes > 0).sum(axis=1, keepdims=True)
    cap = np.maximum(CAP, 1 / np.maximum(n, 1))
    full = np.zeros(sizes.shape, np.bool_)
    weights = np.zeros(sizes.shape)
    for _ in range(round(1 / CAP) + 1):  # each round fills one name at least, four fill the whole
        free = np.where(full, 0.0, sizes)
        total = free.sum(axis=1, keepdims=True)
        left = 1 - cap * full.sum(axis=1, keepdims=True)
        weights = np.where(full, cap, free / np.where(total > 0, total, 1.0) * left)
        full |= weights > cap + 1e-12
    return np.asarray(weights, np.float64)


def flow_of(dollars: Floats, counted: Flags) -> Floats:
    """Log of the dollars of each session's members to the median of their sum over the 20 sessions before.

    NaN on the first 20 sessions and where nothing was traded.
    """
    flow = np.full(len(dollars), np.nan)
    changes = np.flatnonzero((counted[1:] != counted[:-1]).any(axis=1)) + 1
    ends = [*changes.tolist(), len(counted)]
    for first, end in zip([0, *ends], ends, strict=False):
        # the sessions before are summed over the members of today: one that joins is no new money
        start = max(first, USUAL)
        if end <= start:
            continue
        totals = np.nan_to_num(dollars[start - USUAL : end]) @ counted[first].astype(float)
        past = np.lib.stride_tricks.sliding_window_view(totals[:-1], USUAL)
        usual, now = np.median(past, axis=1), totals[USUAL:]
        told = (now > 0) & (usual > 0)
        flow[start:end][told] = np.log(now[told] / usual[told])
    return flow


def _least(weights: Floats, excess: Floats, counted: Flags, weighted: Floats) -> Floats:
    """The weighted excess without any one member: the least of them; NaN with fewer than two members."""
    if not counted.shape[1]:
        return np.full(len(weighted), np.nan)
    rest = np.where(counted & (weights < 1), 1 - weights, 1.0)
    without = np.where(counted, (weighted[:, None] - weights * excess) / rest, np.inf)
    return _where(counted.sum(axis=1) >= LEAST_MEMBERS, without.min(axis=1))


def _median(x: Floats) -> Floats:
    n = np.isfinite(x).sum(axis=1)
    if not x.shape[1]:
        return np.full(len(x), np.nan)
    ordered = np.sort(np.where(np.isfinite(x), x, np.inf), axis=1)
    rows = np.arange(len(x))
    lower, upper = ordered[rows, np.maximum(n - 1, 0) // 2], ordered[rows, np.minimum(n // 2, x.shape[1] - 1)]
    return _where(n > 0, (lower + upper) / 2)


def _where(condition: Flags, values: Floats) -> Floats:
    return np.asarray(np.where(condition, values, np.nan), np.float64)


def rank_themes(themes: Sequence[Theme]) -> Ranking:
    """Rank all themes on each session by the mean of their five normal scores, ties by the median excess."""
    parts = [
        np.column_stack([getattr(theme, name) for theme in themes])
        for name in ("weighted", "median", "breadth", "flow", "least")
    ]
    enough = np.column_stack([theme.members >= LEAST_MEMBERS for theme in themes])
    ranked = np.logical_and.reduce([enough, *(np.isfinite(part) for part in parts)])
    of = ranked.sum(axis=1)
    scores = np.stack([_normal(np.where(ranked, part, np.nan)) for part in parts])
    strength = np.asarray(np.round(scores.mean(axis=0), 9), np.float64)
    by_strength, by_median = (np.where(ranked, -part, np.inf) for part in (strength, parts[1]))
    names = np.broadcast_to(np.arange(len(themes)), strength.shape)
    order = np.lexsort((names, by_median, by_strength), axis=-1)
    rank = np.empty(strength.shape)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(1.0, len(themes) + 1), strength.shape), axis=1)
    return Ranking(list(themes), strength, _where(ranked, rank), of, parts[0], parts[2])


def _normal(part: Floats) -> Floats:
    """Ranks across themes as points of the normal distribution; equal values share theirs."""
    from scipy.special import ndtri  # takes a moment to import

    rank = pd.DataFrame(part).rank(axis=1).to_numpy()
    n = np.isfinite(part).sum(axis=1, keepdims=True)
    return np.asarray(ndtri((rank - 0.5) / np.maximum(n, 1)), np.float64)
