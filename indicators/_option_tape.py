"""A session of option prints, reduced to one row per underlying: premium, contracts, trades by bucket.

One pure function, batches → partial result; partials merge in any order to the same totals, so that the
batches may be row groups of a file or shares of a cluster. The side of a print is inferred from where
its price stands in the quote before it (the quote rule: above the midpoint bought, below it sold); where
that cannot be said the premium has a bucket of its own. All sums are exact integers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from indicators._option_cancels import (
    Suspects,
    bits,
    find_suspects,
    marks,
    name_marks,
    numbers,
    set_aside,
    settle,
)
from indicators._option_conditions import COMPLEX, EXCLUDED, NOTHING, UNSIGNABLE, bucket_of_condition

Ints = NDArray[np.int64]
Batches = Callable[..., Iterator[pa.RecordBatch]]

#: where a print falls; the first seven are places in a quote with bid < ask, from below to above
BUCKETS = (
    "sell_outside", "sell_at", "sell_inside", "mid", "buy_inside", "buy_at", "buy_outside",
    "locked_or_crossed", "unquoted", "unsignable", "complex", "excluded",
)  # fmt: skip
MID, CROSSED, UNQUOTED = 3, 7, 8
#: the last, `NOTHING`, takes what is in no total: cancel messages, and prints set aside
_WIDTH = len(BUCKETS) + 1
#: the columns of the tape that are read
COLUMNS = (
    "event_at", "underlying", "expiry", "strike_e4", "is_call", "price_e4", "size", "multiplier",
    "bid_e4", "ask_e4", "condition", "exchange", "vendor_side", "source",
)  # fmt: skip
#: how many of the session's largest prints are kept, besides each underlying's own largest
LARGEST = 20
_PRINT = ("premium_e4", "event_at", "expiry", "strike_e4", "is_call", "price_e4", "size", "bucket")
_TRIM = 16_384
_VENDOR = {"sell": -1, "mid": 0, "buy": 1}

assert (len(BUCKETS), UNSIGNABLE, COMPLEX, EXCLUDED) == (NOTHING, 9, 10, 11)


def reduce_tape(batches: Batches) -> pa.Table:
    """Reduce a session to one row per underlying, sorted by name; `batches(columns)` streams it anew, and
    `batches(columns, leading=True)` at least its cancels.

    Columns: underlying; source, the feeds of the session; premium_e4, contracts and trades, each a list of
    24 (the 12 `BUCKETS` of puts, then of calls); vendor_compared and vendor_agreed (prints); cancels and
    cancels_unmatched (messages); largest, a list of prints: the underlying's largest, and its prints
    among the `LARGEST` of the session.
    """
    suspects = find_suspects(batches)
    partial = Partial()
    for batch in batches(COLUMNS):
        partial.add(batch, suspects)
    return partial.table()


def locate(price: Ints, bid: Ints, ask: Ints) -> NDArray[np.int8]:
    """Return each print's place in its quote, exactly: 0 below the bid … 3 midpoint … 6 above the ask."""
    twice, middle = price + price, bid + ask
    place = (price >= bid).view(np.int8)
    for passed in (price > bid, twice >= middle, twice > middle, price >= ask, price > ask):
        place += passed.view(np.int8)
    np.maximum(place, (bid >= ask).view(np.int8) * np.int8(CROSSED), out=place)
    return place


@dataclass
class Partial:
    """What is known after some of a session's batches. `add` and `merge` commute."""

    names: dict[str, int] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    #: premium_e4, contracts, trades by [underlying, put or call, bucket]
    sums: Ints = field(default_factory=lambda: np.zeros((3, 0, 2, _WIDTH), np.int64))
    #: vendor_compared, vendor_agreed, cancels, cancels_unmatched by underlying
    counts: Ints = field(default_factory=lambda: np.zeros((4, 0), np.int64))
    #: candidates for the largest prints: rows of underlying and `_PRINT`
    large: list[Ints] = field(default_factory=list)
    #: each underlying's largest premium so far, and the `LARGEST` of all
    best: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    top: Ints = field(default_factory=lambda: np.zeros(LARGEST, np.int64))
    #: prints that a cancel may be about, and the cancels
    held: list[pa.RecordBatch] = field(default_factory=list)
    _known: tuple[pa.Array, Ints] | None = None
    _marks: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))

    def add(self, batch: pa.RecordBatch, suspects: Suspects | None = None) -> None:
        """Add the prints of `batch`; those that `suspects` may be about are set aside until the end."""
        if not batch.num_rows:
            return
        own = batch["underlying"].indices.to_numpy()
        self.sources.update(batch["source"].dictionary.to_pylist())
        code = self._codes(batch["underlying"].dictionary)
        price, size, call = (numbers(batch[name]) for name in ("price_e4", "size", "is_call"))
        quoted = _quoted(batch, price)
        where = np.maximum(quoted, bucket_of_condition(batch["condition"]))
        if suspects is not None:
            aside = suspects.find(marks(batch, self._marks), numbers(batch["event_at"]))
            where[aside] = NOTHING
            if len(aside):
                self.held.append(set_aside(batch, aside))
        premium = price * size * numbers(batch["multiplier"])
        place = np.take(code * (2 * _WIDTH), own) + (call * np.int8(_WIDTH) + where)
        for total, amount in zip(self.sums.reshape(3, -1), (premium, size, 1), strict=True):
            np.add.at(total, place, amount)
        if batch["vendor_side"].null_count < batch.num_rows:
            counted = np.where(where < EXCLUDED, quoted, UNQUOTED)
            self._compare(code[own], counted, batch["vendor_side"])
        rows = np.flatnonzero((premium >= np.take(self._bar()[code], own)) & (where < EXCLUDED))
        if len(rows):
            self._enlarge(code[own[rows]], premium[rows], batch, rows, where[rows])

    def _bar(self) -> Ints:
        """The premium from which a print of each underlying is among the largest so far."""
        bar: Ints = np.minimum(self.best, self.top.min())
        return bar

    def _codes(self, dictionary: pa.Array) -> Ints:
        """The places of a batch's underlyings in the sums: looked up only when the dictionary is new."""
        if self._known is None or not self._known[0].equals(dictionary):
            places = [self.names.setdefault(name, len(self.names)) for name in dictionary.to_pylist()]
            self._known = (dictionary, np.array(places, np.int64))
            self._marks = name_marks(dictionary)
            self._grow()
        return self._known[1]

    def _grow(self) -> None:
        more = len(self.names) - len(self.best)
        self.sums = np.pad(self.sums, ((0, 0), (0, more), (0, 0), (0, 0)))
        self.counts = np.pad(self.counts, ((0, 0), (0, more)))
        self.best = np.pad(self.best, (0, more))

    def _compare(self, code: Ints, place: NDArray[np.int8], vendor: pa.DictionaryArray) -> None:
        """Count where the vendor names a side and the quote does, whatever the condition, and agreement."""
        says = np.array([_VENDOR.get(name, 9) for name in vendor.dictionary.to_pylist()] + [9])
        theirs = says[vendor.indices.fill_null(len(says) - 1).to_numpy(zero_copy_only=False)]
        both = np.flatnonzero((place < UNQUOTED) & (theirs < 9))
        agreed = both[np.sign(place[both] - MID) == theirs[both]]
        np.add.at(self.counts[0], code[both], 1)
        np.add.at(self.counts[1], code[agreed], 1)

    def _enlarge(
        self, code: Ints, premium: Ints, batch: pa.RecordBatch, rows: Ints, where: NDArray[np.int8]
    ) -> None:
        np.maximum.at(self.best, code, premium)
        self.top = np.partition(np.concatenate([self.top, premium]), -LARGEST)[-LARGEST:]
        still = np.flatnonzero(premium >= self._bar()[code])
        prints = batch.select(_PRINT[1:-1]).take(pa.array(rows[still]))
        columns = [numbers(prints[name]) for name in _PRINT[1:-1]]
        self.large.append(np.column_stack([code[still], premium[still], *columns, where[still]]))
        if sum(map(len, self.large)) > _TRIM:
            self._trim()

    def _trim(self) -> None:
        """Keep each underlying's largest print and the `LARGEST` of all; equals go by time, then name."""
        if not self.large:
            return
        rows = np.concatenate(self.large)
        alphabetical = np.argsort(np.argsort(np.array(list(self.names))))
        rows = rows[np.lexsort([alphabetical[rows[:, 0]], *rows[:, :1:-1].T, -rows[:, 1]])]
        first = np.unique(rows[:, 0], return_index=True)[1]
        self.large = [rows[np.union1d(first, np.arange(min(LARGEST, len(rows))))]]

    def merge(self, other: "Partial") -> "Partial":
        """Return the result of both, as if all batches had been added to one."""
        merged = Partial({**self.names}, self.sources | other.sources)
        for name in other.names:
            merged.names.setdefault(name, len(merged.names))
        merged._grow()
        for part in (self, other):
            place = np.array([merged.names[name] for name in part.names], np.int64)
            merged.sums[:, place] += part.sums
            merged.counts[:, place] += part.counts
            merged.best[place] = np.maximum(merged.best[place], part.best)
            merged.top = np.partition(np.concatenate([merged.top, part.top]), -LARGEST)[-LARGEST:]
            merged.large += [np.column_stack([place[rows[:, 0]], rows[:, 1:]]) for rows in part.large]
            merged.held += part.held
        return merged

    def table(self) -> pa.Table:
        """Settle the cancels and return the result as `reduce_tape` describes it."""
        settled = settle(self.held)
        self.held = []
        for batch in settled.standing:
            self.add(batch)
        for row, names in ((2, settled.cancels), (3, settled.unmatched)):
            for name in names:
                self.counts[row, self.names[name]] += 1
        self._trim()
        seen = self.sums[2].any(axis=(1, 2))
        order = sorted(name for name, code in self.names.items() if seen[code])
        source = ", ".join(sorted(self.sources))
        place = np.array([self.names[name] for name in order], np.int64)
        lists = [_lists(amounts[place, :, : len(BUCKETS)]) for amounts in self.sums]
        counts = [pa.array(counted[place]) for counted in self.counts]
        names = [pa.array(order, pa.string()), pa.array([source] * len(order), pa.string())]
        return pa.table([*names, *lists, *counts, self._prints(place)], schema=SCHEMA)

    def _prints(self, place: Ints) -> pa.Array:
        rows = self.large[0] if self.large else np.zeros((0, len(_PRINT) + 1), np.int64)
        rows = rows[np.argsort(rows[:, 0], kind="stable")]
        bounds = np.searchsorted(rows[:, 0], [place, place + 1])
        mine = (rows[low:high, 1:].tolist() for low, high in bounds.T)
        return pa.array(
            [[dict(zip(_PRINT, row, strict=True)) for row in prints] for prints in mine],
            SCHEMA.field("largest").type,
        )


def _lists(amounts: Ints) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(amounts.ravel()), 2 * len(BUCKETS))


_AMOUNTS = pa.list_(pa.int64(), 2 * len(BUCKETS))
SCHEMA = pa.schema(
    [("underlying", pa.string()), ("source", pa.string())]
    + [(name, _AMOUNTS) for name in ("premium_e4", "contracts", "trades")]
    + [(name, pa.int64()) for name in ("vendor_compared", "vendor_agreed", "cancels", "cancels_unmatched")]
    + [("largest", pa.list_(pa.struct([(name, pa.int64()) for name in _PRINT])))]
)


def _quoted(batch: pa.RecordBatch, price: Ints) -> NDArray[np.int8]:
    """Each print's place in the quote, or that it has none."""
    bid, ask = batch["bid_e4"], batch["ask_e4"]
    place = locate(price, _filled(bid), _filled(ask))
    for quote in (bid, ask):
        if quote.null_count:
            place[bits(quote.buffers()[0], quote) == 0] = UNQUOTED
    return place


def _filled(column: pa.Array) -> Ints:
    """An int64 column as it lies in memory: what stands where it is missing means nothing."""
    bare = pa.Array.from_buffers(column.type, len(column), [None, column.buffers()[1]], offset=column.offset)
    values: Ints = bare.to_numpy()
    return values
