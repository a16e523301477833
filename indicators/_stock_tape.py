"""A session of stock prints, reduced to one row per symbol: shares, dollars and prints by venue and bucket.

One pure function, batches in time order → partial result; partials merge in any order to the same totals.
The side is inferred from the midpoint of the quote before the print; what trades at the midpoint, or cannot
be signed, has a bucket of its own and is never tick-tested. Sub-penny prices off the exchanges are retail
(Boehmer, Jones, Zhang and Zhang), signed by nobody here. All sums are exact integers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from indicators._option_cancels import numbers
from indicators._stock_blocks import BLOCK_COLUMNS, BLOCKABLE, NO_ROWS, group, may_be_blocks, split
from indicators._stock_conditions import (
    BUCKETS,
    BUY,
    CROSSED,
    EXTENDED,
    MIDPOINT,
    OFFICIAL,
    OUTSIDE,
    RETAIL,
    UNQUOTED,
    read_conditions,
)
from storage import calendar

Ints = NDArray[np.int64]

#: where a print was made: off the exchanges (TRF or ADF), on one, or the tape does not say
VENUES = ("off_exchange", "exchange", "unknown")
OFF, LIT, NOWHERE = range(3)
#: the columns of the tape that are read
COLUMNS = ("event_at", "symbol", "price_e4", "size", "bid_e4", "ask_e4", "venue", "condition", "source")
#: within this share of the spread from the midpoint a print has no side: an assumption
MIDPOINT_SHARE = 5  # one part in ten of the spread: 5 · |2p − (bid + ask)| < ask − bid
#: SEC Rule 600: a block is 10,000 shares or 200,000 USD
LEGAL_SHARES, LEGAL_E4 = 10_000, 200_000 * 10_000
#: below a dollar the tick may be smaller than a cent, so a fraction of a cent says nothing
LEAST_RETAIL_E4 = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def reduce_stocks(batches: Callable[[], Iterator[pa.RecordBatch]], day: date) -> pa.Table:
    """Reduce the prints of session `day` to one row per symbol, sorted by name.

    `batches` streams `COLUMNS` in time order. Columns: symbol; source and newest, the feeds of the session
    and its newest print (UTC microseconds); shares, notional_e4 and trades, each a list of 36 (`BUCKETS` off
    the exchanges, on them, at an unknown venue); regular, shares by venue between the opening and the close,
    whatever the condition; legal_blocks and prints_10000 (`LEGAL_SHARES` or `LEGAL_E4`; `LEGAL_SHARES`),
    counts; blocks, a list of what may be one: prints of `FLOOR_E4` or more, off the exchanges after joining
    those of one price and millisecond.
    """
    partial = Partial(day)
    for batch in batches():
        partial.add(batch)
    return partial.table()


def retail_zone(price_e4: Ints) -> Ints:
    """Z = (price · 100) mod 1 in hundredths of a cent, exactly: 0 … 99."""
    return np.asarray(price_e4 % 100)


def is_retail(price_e4: Ints) -> NDArray[np.bool_]:
    """Whether the price of an off-exchange print is one that only retail orders get: 0 < Z < .4 or Z > .6."""
    z = retail_zone(price_e4)
    return np.asarray((z > 0) & ((z < 40) | (z > 60)) & (price_e4 >= LEAST_RETAIL_E4))


def side_by_quote(price: Ints, bid: Ints, ask: Ints) -> NDArray[np.int8]:
    """The bucket of each print by its quote, exactly; a bid or ask of 0 is none."""
    off_middle, spread = 2 * price - (bid + ask), ask - bid
    place = (off_middle > 0).view(np.int8) * np.int8(BUY)
    np.putmask(place, MIDPOINT_SHARE * np.abs(off_middle) < spread, MIDPOINT)
    outside = (10 * price < 9 * bid) | (10 * price > 11 * ask)
    none = (bid <= 0) | (ask <= 0)
    for bucket, where in ((OUTSIDE, outside), (CROSSED, spread <= 0), (UNQUOTED, none)):
        np.maximum(place, where.view(np.int8) * np.int8(bucket), out=place)
    return place


@dataclass
class Partial:
    """What is known after some of a session's batches. `merge` commutes; a batch is in time order."""

    day: date
    names: dict[str, int] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    #: UTC microseconds of the newest print
    newest: int = 0
    #: shares, notional_e4, trades by [symbol, venue, bucket]
    sums: Ints = field(default_factory=lambda: np.zeros((3, 0, len(VENUES), len(BUCKETS)), np.int64))
    #: shares by [symbol, venue] in regular hours; legal_blocks and prints_10000 by symbol
    regular: Ints = field(default_factory=lambda: np.zeros((0, len(VENUES)), np.int64))
    counts: Ints = field(default_factory=lambda: np.zeros((2, 0), np.int64))
    #: blocks, and prints that prints of another batch may make one: rows of symbol and `BLOCK_COLUMNS`
    blocks: list[Ints] = field(default_factory=list)
    edges: list[Ints] = field(default_factory=list)
    _known: tuple[pa.Array, Ints] | None = None

    def add(self, batch: pa.RecordBatch) -> None:
        """Add prints in time order; what stands in its first and last millisecond may go on elsewhere."""
        if not batch.num_rows:
            return
        own = self._codes(batch["symbol"].dictionary)[numbers(batch["symbol"])]
        self.sources.update(batch["source"].dictionary.to_pylist())
        at, price, size = (numbers(batch[name]) for name in ("event_at", "price_e4", "size"))
        bid, ask = (numbers(batch[name]) for name in ("bid_e4", "ask_e4"))
        venue, said = _venues(batch["venue"]), read_conditions(batch["condition"])
        opening, close = (_microseconds(moment(self.day)) for moment in (calendar.opening, calendar.close))
        inside = (at >= opening) & (at < close)
        bucket = side_by_quote(price, bid, ask)
        off = venue == OFF
        np.putmask(bucket, off & is_retail(price), RETAIL)
        np.maximum(bucket, said.bucket, out=bucket)
        np.maximum(bucket, np.int8(EXTENDED), out=bucket, where=~inside)
        notional = price * size
        self._count(own, venue, bucket, size, notional, inside)
        able = BLOCKABLE[bucket] & ~said.odd_lot & (venue != NOWHERE)
        kept = np.flatnonzero(able & may_be_blocks(own, at, price, np.where(able, notional, 0), off))
        columns = (own, at, price, size, notional, venue, bucket)
        rows = np.column_stack([*(column[kept] for column in columns), np.ones(len(kept), np.int64)])
        found, edges = split(rows, at)
        self.blocks += found
        self.edges.append(edges)
        self.newest = max(self.newest, int(at.max()))

    def _count(
        self, own: Ints, venue: Ints, bucket: NDArray[np.int8], size: Ints, notional: Ints, inside: Ints
    ) -> None:
        place = (own * len(VENUES) + venue) * len(BUCKETS) + bucket
        amounts: tuple[Ints | int, ...] = (size, notional, 1)
        for total, amount in zip(self.sums.reshape(3, -1), amounts, strict=True):
            np.add.at(total, place, amount)
        np.add.at(self.regular.reshape(-1), own * len(VENUES) + venue, size * inside)
        large = (size >= LEGAL_SHARES) & (bucket != OFFICIAL)
        legal = large | ((notional >= LEGAL_E4) & (bucket != OFFICIAL))
        for total, chosen in zip(self.counts, (legal, large), strict=True):
            np.add.at(total, own[chosen], 1)

    def _codes(self, dictionary: pa.Array) -> Ints:
        """The places of a batch's symbols in the sums: looked up only when the dictionary is new."""
        if self._known is None or not self._known[0].equals(dictionary):
            places = [self.names.setdefault(name, len(self.names)) for name in dictionary.to_pylist()]
            self._known = (dictionary, np.array(places, np.int64))
            self._grow()
        return self._known[1]

    def _grow(self) -> None:
        more = len(self.names) - len(self.regular)
        if more:
            self.sums = np.pad(self.sums, ((0, 0), (0, more), (0, 0), (0, 0)))
            self.regular = np.pad(self.regular, ((0, more), (0, 0)))
            self.counts = np.pad(self.counts, ((0, 0), (0, more)))

    def merge(self, other: "Partial") -> "Partial":
        """Return the result of both, as if all batches had been added to one."""
        newest = max(self.newest, other.newest)
        merged = Partial(self.day, {**self.names}, self.sources | other.sources, newest)
        for name in other.names:
            merged.names.setdefault(name, len(merged.names))
        merged._grow()
        for part in (self, other):
            place = np.array([merged.names[name] for name in part.names], np.int64)
            merged.sums[:, place] += part.sums
            merged.regular[place] += part.regular
            merged.counts[:, place] += part.counts
            for mine, theirs in ((merged.blocks, part.blocks), (merged.edges, part.edges)):
                mine += [np.column_stack([place[rows[:, 0]], rows[:, 1:]]) for rows in theirs]
        return merged

    def table(self) -> pa.Table:
        """Join what stood at the edges of batches and return the result as `reduce_stocks` describes it."""
        seen = self.sums[2].any(axis=(1, 2))
        order = sorted(name for name, code in self.names.items() if seen[code])
        place = np.array([self.names[name] for name in order], np.int64)
        lists = [_lists(amounts[place]) for amounts in (*self.sums, self.regular)]
        counts = [pa.array(counted[place]) for counted in self.counts]
        source = pa.array([", ".join(sorted(self.sources))] * len(order), pa.string())
        newest = pa.array([self.newest] * len(order), pa.int64())
        columns = [pa.array(order, pa.string()), source, newest, *lists, *counts, self._blocks(place)]
        return pa.table(columns, schema=SCHEMA)

    def _blocks(self, place: Ints) -> pa.Array:
        rows = np.concatenate([NO_ROWS, *self.blocks, *group(self.edges)])
        rows = rows[np.lexsort(rows.T[::-1])]
        bounds = np.searchsorted(rows[:, 0], [place, place + 1])
        mine = [rows[low:high, 1:].tolist() for low, high in bounds.T]
        return pa.array(
            [[dict(zip(BLOCK_COLUMNS, row, strict=True)) for row in blocks] for blocks in mine],
            SCHEMA.field("blocks").type,
        )


_AMOUNTS = pa.list_(pa.int64(), len(VENUES) * len(BUCKETS))
SCHEMA = pa.schema(
    [("symbol", pa.string()), ("source", pa.string()), ("newest", pa.int64())]
    + [(name, _AMOUNTS) for name in ("shares", "notional_e4", "trades")]
    + [("regular", pa.list_(pa.int64(), len(VENUES)))]
    + [("legal_blocks", pa.int64()), ("prints_10000", pa.int64())]
    + [("blocks", pa.list_(pa.struct([(name, pa.int64()) for name in BLOCK_COLUMNS])))]
)


def _lists(amounts: Ints) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(amounts.ravel()), int(np.prod(amounts.shape[1:])))


def _venues(column: pa.DictionaryArray) -> Ints:
    names = [*column.dictionary.to_pylist(), ""]
    codes = np.array([OFF if name == "D" else LIT if name else NOWHERE for name in names])
    return np.asarray(codes[numbers(column, len(names) - 1)])


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
