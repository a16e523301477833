"""What may be a block among a session's stock prints.

The dearest prints are kept, whatever turns out to be a block for their name. Off the exchanges prints of one
symbol, price and millisecond are one: a batch is grouped by itself, and what stands in its first or last
millisecond is kept apart, because its siblings may be in the batch before or after.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from indicators._stock_conditions import AUCTION, BUCKETS, EXTENDED, OFFICIAL, RETAIL, UNSIGNABLE

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: no block is smaller than this many e4 USD: an assumption
FLOOR_E4 = 1_000_000 * 10_000
#: after the symbol; `prints` is how many prints make the block
BLOCK_COLUMNS = ("event_at", "price_e4", "size", "notional_e4", "venue", "bucket", "prints")
#: rows of symbol and `BLOCK_COLUMNS`, none of them
NO_ROWS = np.zeros((0, 1 + len(BLOCK_COLUMNS)), np.int64)
#: not blocks: retail; auctions and the official prices; after hours (mostly filled at the official close)
BLOCKABLE = ~np.isin(np.arange(len(BUCKETS)), [RETAIL, EXTENDED, AUCTION, OFFICIAL])
_SYMBOL, _AT, _PRICE, _SIZE, _NOTIONAL, _VENUE, _BUCKET, _PRINTS = range(8)
_OFF = 0
#: cells of the sieve that leaves out what cannot sum to a block
_CELLS = 1 << 16


def may_be_blocks(symbol: Ints, at: Ints, price: Ints, notional: Ints, off: Flags) -> Flags:
    """Which prints of one batch may be blocks or parts of one.

    Off the exchanges those in its first or last millisecond, and those that reach the floor together with all
    that fall into their cell, be it by chance.
    """
    milliseconds = at // 1000
    cell = (symbol * 0x9E3779B1 ^ milliseconds * 0x85EBCA77 ^ price * 0xC2B2AE3D) % _CELLS
    reached = np.bincount(cell, np.where(off, notional, 0), _CELLS) >= FLOOR_E4
    return np.where(off, _at_edge(at, at) | reached[cell], notional >= FLOOR_E4)


def split(rows: Ints, at: Ints) -> tuple[list[Ints], Ints]:
    """The blocks among prints of a batch made `at` some times, and what may go on in another batch."""
    off = rows[:, _VENUE] == _OFF
    edge = off & _at_edge(rows[:, _AT], at)
    return [rows[~off], *group([rows[off & ~edge]])], rows[edge]


def _at_edge(moments: Ints, at: Ints) -> Flags:
    """Which moments are in the first or last millisecond of `at`."""
    first, last = at.min() // 1000 * 1000, at.max() // 1000 * 1000
    return np.asarray((moments < first + 1000) | (moments >= last))


def group(batches: Sequence[Ints]) -> Iterator[Ints]:
    """Join prints of one symbol, price and millisecond; yield those that together reach `FLOOR_E4`.

    A group has the time of its first print, and the bucket of its prints or, where they differ, no side.
    """
    rows = np.concatenate([NO_ROWS, *batches])
    if not len(rows):
        return
    key = np.column_stack([rows[:, _SYMBOL], rows[:, _AT] // 1000, rows[:, _PRICE]])
    order = np.lexsort([rows[:, _AT], *key.T[::-1]])
    rows, key = rows[order], key[order]
    starts = np.flatnonzero(np.r_[True, (key[1:] != key[:-1]).any(axis=1)])
    joined = rows[starts]
    for column in (_SIZE, _NOTIONAL, _PRINTS):
        joined[:, column] = np.add.reduceat(rows[:, column], starts)
    alike = np.minimum.reduceat(rows[:, _BUCKET], starts) == np.maximum.reduceat(rows[:, _BUCKET], starts)
    joined[~alike, _BUCKET] = UNSIGNABLE
    yield joined[joined[:, _NOTIONAL] >= FLOOR_E4]
