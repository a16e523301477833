"""How long a theme has led, in sessions, and how often such a lead lasted, from outcomes that are over.

The outcome of a session is of the five sessions after it, so the last five known sessions have none yet.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indicators._sector_prices import Flags
from indicators._sector_strength import Ranking
from indicators._stats import Floats

#: with fewer ranked themes nobody leads: an assumption
LEAST_THEMES = 3
#: what lasted: over so many sessions ahead of the market together, and in the top third of so many of them
AHEAD_SESSIONS, LEAST_TOP = 5, 3
#: a broad lead, and a lead long enough for a trend
BROAD, LONG = 0.6, 3
#: a trend needs this much more than the base rate, of so many cases at least: the second an assumption,
#: as the prior alone says one half
MARGIN, LEAST_CASES = 0.10, 20
#: the prior of a rate: two of four
PRIOR_HITS, PRIOR = 2, 4
#: assumption: it fades while it led on so many of the last five sessions but not on this one
FADING = 3


@dataclass(frozen=True)
class Leads:
    """By [session, theme]: whether it led or lagged, for how many sessions, and what became of it."""

    leads: Flags
    lags: Flags
    streak: NDArray[np.int64]
    #: 1 where it lasted, 0 where not, NaN where that is not over or not known
    lasted: Floats


@dataclass(frozen=True)
class Rate:
    """How often it lasted: the share, shrunk for a bucket and raw for all; None without any case."""

    share: float | None
    n: int


def third(of: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of `of` ranked themes lead: a third, rounded down; nobody among fewer than three."""
    return np.where(of >= LEAST_THEMES, of // 3, 0)


def leads_of(ranking: Ranking) -> Leads:
    """Who led: in the top third and ahead of the market. A session without a rank ends a streak."""
    top, of = third(ranking.of)[:, None], ranking.of[:, None]
    in_top = ranking.rank <= top
    leads = in_top & (ranking.weighted > 0)
    lags = (ranking.rank > of - top) & (ranking.weighted < 0)
    streak = np.zeros(leads.shape, np.int64)
    for place in range(len(leads)):
        streak[place] = np.where(leads[place], (streak[place - 1] if place else 0) + 1, 0)
    return Leads(leads, lags, streak, _lasted(ranking, in_top))


def _lasted(ranking: Ranking, in_top: Flags) -> Floats:
    lasted = np.full(in_top.shape, np.nan)
    known = len(in_top) - AHEAD_SESSIONS
    if known <= 0:
        return lasted
    ranked = np.isfinite(ranking.rank)

    def ahead(values: NDArray[np.generic]) -> Floats:
        windows = np.lib.stride_tricks.sliding_window_view(values[1:].astype(float), AHEAD_SESSIONS, axis=0)
        return np.asarray(windows.sum(axis=-1), np.float64)

    held = (ahead(ranking.weighted) > 0) & (ahead(in_top) >= LEAST_TOP)
    over = ranked[:known] & (ahead(ranked) == AHEAD_SESSIONS)
    lasted[:known] = np.where(over, held, np.nan)
    return lasted


def base_rate(leads: Leads) -> Rate:
    """How often any theme on any session was in the lead of the five sessions after it."""
    known = leads.lasted[np.isfinite(leads.lasted)]
    return Rate(float(known.mean()) if len(known) else None, len(known))


def persistence(leads: Leads, ranking: Ranking, theme: int) -> Rate:
    """How often leads as long and as broad as the theme's newest one lasted, those of all themes together.

    Shrunk: (k + 2) / (n + 4). None where it does not lead.
    """
    streak, breadth = leads.streak[-1, theme], ranking.breadth[-1, theme]
    if not streak:
        return Rate(None, 0)
    alike = _bucket(leads.streak) == _bucket(np.array(streak))
    alike &= (ranking.breadth >= BROAD) == (breadth >= BROAD)
    cases = leads.lasted[alike & np.isfinite(leads.lasted)]
    return Rate(float(cases.sum() + PRIOR_HITS) / (len(cases) + PRIOR), len(cases))


def _bucket(streak: NDArray[np.int64]) -> NDArray[np.int64]:
    """Streaks that are alike: none, 1, 2 and 3, 4 and more."""
    return np.digitize(streak, [1, 2, 4])


def state_of(
    leads: Leads, ranking: Ranking, theme: int, rate: Rate, base: Rate, *, representative: bool
) -> str:
    """The theme's state on the newest session; a trend only of a theme that is `representative`."""
    if not leads.leads[-1, theme]:
        if leads.leads[-AHEAD_SESSIONS:, theme].sum() >= FADING:
            return "fading"
        return "lagging" if leads.lags[-1, theme] else "quiet"
    streak = leads.streak[-1, theme]
    if streak == 1:
        return "leading_day1"
    broad = streak >= LONG and ranking.breadth[-1, theme] >= BROAD
    more = rate.share is not None and base.share is not None and round(rate.share - base.share, 9) >= MARGIN
    return "sustained" if broad and representative and rate.n >= LEAST_CASES and more else "leading"
