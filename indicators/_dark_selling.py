"""Sustained selling or buying: when an episode begins, how long it has lasted, and when it is over.

Recomputed at every look from the sessions before it; nothing is remembered. A session counts once it is
complete, so that the first hour of a day neither begins nor ends an episode.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indicators._stats import Floats, ewma, imb, madz, middle, slr

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

#: sessions of the past a session is judged by
HISTORY = 60
#: the log ratio is smoothed by this share of the usual signed dollars, in USD at least …
SMOOTHING, FLOOR_USD, MARKET_FLOOR_USD = 0.05, 1e5, 1e6
#: span of the moving average of z; from where it begins an episode, and where that is over
SPAN, BEGINS, ENDS = 5, -2.0, -0.5
#: a day of net selling: imbalance, share of the dollars with a side, and of the dollars of a usual day
IMBALANCE, LEAST_COVERAGE, LEAST_OF_USUAL = -0.2, 0.5, 0.02
#: so many such days of the last five; or the last two, both this far from usual
DAYS, OF_DAYS, FAR = 3, 5, -3.0
#: sessions after an episode before the next can begin
COOL_DOWN = 5
#: beyond this a z says no more: an assumption
MOST_Z = 10.0
#: subjects looked at together: their windows stay small
_ROWS = 512


@dataclass(frozen=True)
class Course:
    """What each session was against its subject's own past, by [subject, session]; NaN where unknown."""

    imbalance: Floats
    coverage: Floats
    #: of the log ratio of bought to sold dollars; where the past never moved it is marked
    z: Floats
    degenerate: Flags
    #: the moving average of z
    trend: Floats
    #: usual dollars with a side
    usual: Floats
    #: sessions the episode has lasted, its first selling (buying) days included; 0 in none
    selling: Ints
    buying: Ints
    #: by session: whether it had ended
    complete: Flags


def follow(
    buy: Floats, sell: Floats, unknown: Floats, daily: Floats, *, usable: Flags, complete: Flags, judged: int
) -> Course:
    """Follow USD bought, sold and unknown by [subject, session], the last subject being the market.

    `daily` is what trades on a usual day. By session: `usable` as history, and `complete`. Only the last
    `judged` sessions are judged.
    """
    signed = buy + sell
    imbalance, coverage = imb(buy, sell), signed / np.where(signed + unknown > 0, signed + unknown, np.nan)
    first = max(signed.shape[1] - judged, 0)
    least = np.full(len(signed), FLOOR_USD)
    least[-1] = MARKET_FLOOR_USD
    z, usual, degenerate = (np.full(signed.shape, empty) for empty in (np.nan, np.nan, False))
    for low in range(0, len(signed), _ROWS):
        rows = slice(low, low + _ROWS)
        scored = _score(buy[rows], sell[rows], least[rows], usable, first)
        for all_of, values in zip((z, usual, degenerate), scored, strict=True):
            all_of[rows, first:] = values
    trend = ewma(z, SPAN)
    able = (coverage >= LEAST_COVERAGE) & (signed >= LEAST_OF_USUAL * daily)
    selling, buying = (
        lengths(able & (sign * imbalance <= IMBALANCE), sign * z, sign * trend, complete) for sign in (1, -1)
    )
    flat = degenerate.astype(np.bool_)
    return Course(imbalance, coverage, z, flat, trend, usual, selling, buying, complete)


def _score(
    buy: Floats, sell: Floats, least: Floats, usable: Flags, first: int
) -> tuple[Floats, Floats, Flags]:
    """z of the log ratio, what is usually signed, and where the past never moved, from session `first` on."""
    bought, sold = (before(np.where(usable, side, np.nan))[:, first:] for side in (buy, sell))
    usual = middle(bought + sold)[0]
    k = np.fmax(least[:, None], SMOOTHING * usual)
    ratio = slr(buy[:, first:], sell[:, first:], k)
    score = madz(ratio, slr(bought, sold, k[..., None]))
    return np.clip(score.z, -MOST_Z, MOST_Z), usual, score.degenerate


def lengths(days: Flags, z: Floats, trend: Floats, complete: Flags) -> Ints:
    """Sessions each episode has lasted by [subject, session]: 0 in none.

    `days` are those of net selling. It begins where the moving average is at most −2 after three such days
    of five, or two in a row with z at most −3; it is over where the average is above −0.5.
    """
    n = days.shape[1]
    many = np.pad(np.cumsum(days, axis=1), ((0, 0), (OF_DAYS, 0)))
    of_five: Ints = many[:, OF_DAYS:] - many[:, :n]
    extreme = days & (z <= FAR)
    two = extreme & np.pad(extreme, ((0, 0), (1, 0)))[:, :n]
    begins = (trend <= BEGINS) & ((of_five >= DAYS) | two)
    lasted = np.zeros(days.shape, np.int64)
    on, since = np.zeros(len(days), np.bool_), np.zeros(len(days), np.int64)
    over = np.full(len(days), -COOL_DOWN)
    for day in range(n):
        if not complete[day]:
            lasted[:, day] = lasted[:, day - 1] if day else 0
            continue
        ends = on & (trend[:, day] > ENDS)
        starts = ~on & begins[:, day] & (day - over >= COOL_DOWN)
        over[ends] = day
        window = days[:, max(day - OF_DAYS + 1, 0) : day + 1]
        since[starts] = day + 1 - window.shape[1] + window[starts].argmax(axis=1)
        on = (on & ~ends) | starts
        lasted[:, day] = np.where(on, day - since + 1, 0)
    return lasted


def before(values: Floats) -> Floats:
    """The `HISTORY` sessions before each, shape (subjects, sessions, HISTORY); NaN where there are none."""
    padded = np.pad(values, ((0, 0), (HISTORY, 0)), constant_values=np.nan)
    return np.lib.stride_tricks.sliding_window_view(padded, HISTORY, axis=1)[:, : values.shape[1]]
