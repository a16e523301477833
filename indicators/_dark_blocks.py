"""Which prints are blocks: by each name's own prints of the sessions before.

The legal rule (10,000 shares or 200,000 USD) is met every minute by a large company. Here a block has at
least a million dollars, and is as large as one print in a thousand of the name's last 20 sessions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from indicators._stock_blocks import FLOOR_E4
from indicators._stock_conditions import BUY, SELL

Ints = NDArray[np.int64]

#: one print in so many: the 99.9th percentile
ONE_IN = 1_000
#: sessions before the judged one whose prints count
TRAILING = 20
#: rows of a block: subject, session, and then as in BLOCK_COLUMNS
SUBJECT, SESSION, AT, PRICE, SIZE, NOTIONAL, VENUE, BUCKET, PRINTS = range(9)
_LIT = 1


@dataclass(frozen=True)
class Blocks:
    """The blocks, and what those on exchanges come to: e4 USD by [subject, session], the market last."""

    #: all blocks, off the exchanges and on them, by subject and session
    rows: Ints
    #: from how many e4 USD a print is a block; and on how many earlier sessions that rests, 0: its own
    floor: Ints
    basis: Ints
    #: on exchanges, by side
    buy: Ints
    sell: Ints
    unknown: Ints

    @cached_property
    def _places(self) -> Ints:
        return np.asarray(self.rows[:, SUBJECT] * self.floor.shape[1] + self.rows[:, SESSION])

    def of(self, subject: int | None, session: int) -> Ints:
        """The blocks of one subject (None: of all) in one session."""
        if subject is None:
            return np.asarray(self.rows[self.rows[:, SESSION] == session])
        place = subject * self.floor.shape[1] + session
        low, high = np.searchsorted(self._places, [place, place + 1])
        return self.rows[low:high]


def find_blocks(rows: Sequence[Ints], trades: Ints) -> Blocks:
    """Sort out the blocks among `rows`, one array a session, given the `trades` by [subject, session].

    The last subject is the market, whose blocks are those of its symbols.
    """
    every = np.concatenate([np.zeros((0, PRINTS + 1), np.int64), *rows])
    every = every[np.lexsort([every[:, SESSION], every[:, SUBJECT]])]
    floor, basis = thresholds(every, trades)
    blocks = every[every[:, NOTIONAL] >= floor[every[:, SUBJECT], every[:, SESSION]]]
    lit = blocks[blocks[:, VENUE] == _LIT]
    sides = (lit[:, BUCKET] == BUY, lit[:, BUCKET] == SELL)
    sums = np.zeros((3, *trades.shape), np.int64)
    for total, chosen in zip(sums, (*sides, ~(sides[0] | sides[1])), strict=True):
        np.add.at(total, (lit[chosen, SUBJECT], lit[chosen, SESSION]), lit[chosen, NOTIONAL])
    sums[:, -1] = sums.sum(axis=1)
    return Blocks(blocks, floor, basis, *sums)


def thresholds(rows: Ints, trades: Ints) -> tuple[Ints, Ints]:
    """From how many e4 USD a print is a block, by [subject, session], and the sessions that rests on.

    A subject without earlier prints is judged by its own session. Fewer than a thousand prints have no one in
    a thousand; `rows`, by subject and session, holds all prints of `FLOOR_E4` or more, and a percentile below
    is not asked for.
    """
    large = np.zeros_like(trades)
    np.add.at(large, (rows[:, SUBJECT], rows[:, SESSION]), 1)
    basis = _before(np.minimum(trades, 1))
    alone = basis == 0
    prints = np.where(alone, trades, _before(trades))
    more = np.where(alone, large, _before(large)) > prints // ONE_IN
    floor = np.full_like(trades, FLOOR_E4)
    place = rows[:, SUBJECT] * trades.shape[1] + rows[:, SESSION]
    for subject, session in np.argwhere(more & (prints >= ONE_IN)):
        first, end = (
            (session, session + 1) if alone[subject, session] else (max(session - TRAILING, 0), session)
        )
        low, high = np.searchsorted(place, subject * trades.shape[1] + np.array([first, end]))
        above = int(prints[subject, session] // ONE_IN)
        floor[subject, session] = np.partition(rows[low:high, NOTIONAL], -above - 1)[-above - 1]
    return floor, basis


def _before(counts: Ints) -> Ints:
    """The sum of the `TRAILING` sessions before each."""
    sums = np.pad(np.cumsum(counts, axis=1), ((0, 0), (1, 0)))[:, :-1]
    return np.asarray(sums - np.pad(sums, ((0, 0), (TRAILING, 0)))[:, : sums.shape[1]])
