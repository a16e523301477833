"""A session of option prints, reduced to one row per underlying: premium, contracts, trades by bucket.

One pure function over batches in order of time. The side of a print is inferred from the quote before it
(see `_option_sides`); where that cannot be said the premium has a bucket of its own. All sums are exact
integers; partials of shards by underlying merge in any order to the same totals.
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
from indicators._option_conditions import SWEEP, bucket_of_condition
from indicators._option_orders import CHILD_E4, DOUBT, FIELDS, MULTI_LEG, Orders
from indicators._option_sides import (
    BUCKETS,
    COMPLEX,
    CROSSED,
    EXCLUDED,
    LONG_DAYS,
    NOTHING,
    SIDES,
    UNQUOTED,
    Ints,
    Places,
    layer,
    locate,
)

Batches = Callable[..., Iterator[pa.RecordBatch]]

_WIDTH = NOTHING + 1
#: the columns of the tape that are read
COLUMNS = (
    "event_at", "underlying", "expiry", "strike_e4", "is_call", "price_e4", "size", "multiplier",
    "bid_e4", "ask_e4", "bid_size", "ask_size", "condition", "exchange", "underlying_price_e4",
    "open_interest", "vendor_side", "source",
)  # fmt: skip
_OF_AN_ORDER = [
    "event_at", "expiry", "strike_e4", "is_call", "size", "multiplier", "condition", "underlying_price_e4",
    "open_interest",
]  # fmt: skip
_VENDOR = {"sell": -1, "mid": 0, "buy": 1}
#: a side right at least so often makes an order's side sure
SURE = 0.65
_STRONG = np.array([*(bucket.side != 0 and bucket.p >= SURE for bucket in BUCKETS), False])
_SIGNED = np.abs(SIDES).astype(np.int64)
_ORDER_SIDE = np.where(np.arange(_WIDTH) == COMPLEX, MULTI_LEG, SIDES)
_DAY = 86_400_000_000


def reduce_tape(batches: Batches) -> pa.Table:
    """Reduce a session to one row per underlying, sorted by name; `batches(columns)` streams it anew in
    order of time, and `batches(columns, leading=True)` at least its cancels.

    Columns: underlying; source, the feeds of the session; newest, the session's last print (UTC
    microseconds); premium_e4, contracts, trades and long_e4 (premium of contracts of more than a year),
    each a list of 2 × the buckets, of puts and then of calls; orders, children, squares: lists of all and
    of signed ones; small_squares likewise for prints too small to be joined; vendor_compared and
    vendor_agreed (prints); cancels and cancels_unmatched (messages); largest, a list of orders.
    """
    suspects = find_suspects(batches)
    partial = Partial()
    for batch in batches(COLUMNS):
        partial.add(batch, suspects)
    return partial.table()


@dataclass
class Partial:
    """What is known after some of a session's batches, or of the batches of some underlyings."""

    names: dict[str, int] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    newest: int = 0
    #: premium_e4, contracts, trades, long_e4 by [underlying, put or call, bucket]
    sums: Ints = field(default_factory=lambda: np.zeros((4, 0, 2, _WIDTH), np.int64))
    #: vendor_compared, vendor_agreed, cancels, cancels_unmatched by underlying
    counts: Ints = field(default_factory=lambda: np.zeros((4, 0), np.int64))
    #: squared USD of the prints too small to be joined, by [underlying, without a side or with one]
    squares: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    orders: Orders = field(default_factory=Orders)
    #: each underlying's largest print so far
    best: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    #: prints that a cancel may be about, and the cancels
    held: list[pa.RecordBatch] = field(default_factory=list)
    _known: tuple[pa.Array, Ints] | None = None
    _marks: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))

    def add(self, batch: pa.RecordBatch, suspects: Suspects | None = None, *, late: bool = False) -> None:
        """Add the prints of `batch`; those that `suspects` may be about are set aside until the end.

        `late` prints were set aside before, and stand.
        """
        if not batch.num_rows:
            return
        own = batch["underlying"].indices.to_numpy()
        self.sources.update(batch["source"].dictionary.to_pylist())
        code = self._codes(batch["underlying"].dictionary)
        price, size, call, at = (numbers(batch[name]) for name in ("price_e4", "size", "is_call", "event_at"))
        self.newest = max(self.newest, int(at.max()))
        quoted = _quoted(batch, price, size)
        where = np.maximum(quoted, bucket_of_condition(batch["condition"]))
        premium = price * size * numbers(batch["multiplier"])
        doubted = np.zeros(0, np.intp)
        if suspects is not None:
            aside = suspects.find(marks(batch, self._marks), at)
            doubted = aside[(where[aside] < EXCLUDED) & (premium[aside] >= CHILD_E4)]
            sides = where[doubted]
            where[aside] = NOTHING
            if len(aside):
                self.held.append(set_aside(batch, aside))
        place = np.take(code * (2 * _WIDTH), own) + (call * np.int8(_WIDTH) + where)
        long = np.flatnonzero(numbers(batch["expiry"]) > at[0] // _DAY + LONG_DAYS)
        for total, amount in zip(self.sums.reshape(4, -1), (premium, size, 1), strict=False):
            np.add.at(total, place, amount)
        np.add.at(self.sums[3].reshape(-1), place[long], premium[long])
        if batch["vendor_side"].null_count < batch.num_rows:
            counted = np.where(where < EXCLUDED, quoted, UNQUOTED)
            self._compare(code[own], counted, batch["vendor_side"])
        rows = self._large(code, own, premium, where)
        if len(doubted):
            where[doubted] = sides
            rows = np.union1d(rows, doubted)
        prints = _prints(batch, code, rows, doubted, premium, where)
        if late:
            self.orders.add_late(prints)
        elif len(prints):
            self.orders.add(prints)

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
        self.squares = np.pad(self.squares, ((0, more), (0, 0)))
        self.best = np.pad(self.best, (0, more))
        self.orders.grow(len(self.names))

    def _compare(self, code: Ints, place: Places, vendor: pa.DictionaryArray) -> None:
        """Count where the vendor names a side and the quote does, whatever the condition, and agreement."""
        says = np.array([_VENDOR.get(name, 9) for name in vendor.dictionary.to_pylist()] + [9])
        theirs = says[vendor.indices.fill_null(len(says) - 1).to_numpy(zero_copy_only=False)]
        both = np.flatnonzero((place < CROSSED) & (theirs < 9))
        agreed = both[SIDES[place[both]] == theirs[both]]
        np.add.at(self.counts[0], code[both], 1)
        np.add.at(self.counts[1], code[agreed], 1)

    def _large(self, code: Ints, own: Ints, premium: Ints, where: Places) -> NDArray[np.intp]:
        """The large prints, and each underlying's largest so far; of the rest the squares are summed."""
        usd = premium * 1e-4
        usd[(premium >= CHILD_E4) | (where >= EXCLUDED)] = 0.0
        cell = np.take(code * 2, own) + np.take(_SIGNED, where)
        self.squares += np.bincount(cell, usd * usd, self.squares.size).reshape(-1, 2)
        bar = np.minimum(self.best, CHILD_E4)[code]
        rows = np.flatnonzero((premium >= np.take(bar, own)) & (where < EXCLUDED))
        np.maximum.at(self.best, code[own[rows]], premium[rows])
        return rows

    def merge(self, other: "Partial") -> "Partial":
        """Return the result of both: of shards by underlying, or of stretches of time (an order that goes
        on from one stretch to the next is then two).
        """
        merged = Partial({**self.names}, self.sources | other.sources, max(self.newest, other.newest))
        for name in other.names:
            merged.names.setdefault(name, len(merged.names))
        merged._grow()
        for part in (self, other):
            part._settle()
            place = np.array([merged.names[name] for name in part.names], np.int64)
            merged.sums[:, place] += part.sums
            merged.counts[:, place] += part.counts
            merged.squares[place] += part.squares
            merged.best[place] = np.maximum(merged.best[place], part.best)
            merged.orders.merge(part.orders, place)
        return merged

    def _settle(self) -> None:
        """Match the cancels with their prints and finish the orders."""
        settled = settle(self.held)
        self.held = []
        for batch in settled.standing:
            self.add(batch, late=True)
        for row, names in ((2, settled.cancels), (3, settled.unmatched)):
            for name in names:
                self.counts[row, self.names[name]] += 1
        self.orders.finish()

    def table(self) -> pa.Table:
        """Settle what is open and return the result as `reduce_tape` describes it."""
        self._settle()
        seen = self.sums[2].any(axis=(1, 2))
        order = sorted(name for name, code in self.names.items() if seen[code])
        place = np.array([self.names[name] for name in order], np.int64)
        size = len(order)
        columns = [
            pa.array(order, pa.string()),
            pa.array([", ".join(sorted(self.sources))] * size, pa.string()),
            pa.array([self.newest] * size, pa.int64()),
            *(_lists(amounts[place, :, :NOTHING].reshape(size, 2 * NOTHING)) for amounts in self.sums),
            *(
                _lists(each[place])
                for each in (self.orders.orders, self.orders.children, self.orders.squares, self.squares)
            ),
            *(pa.array(counted[place]) for counted in self.counts),
            self._largest(place),
        ]
        return pa.table(columns, schema=SCHEMA)

    def _largest(self, place: Ints) -> pa.Array:
        rows = self.orders.kept[0] if self.orders.kept else np.zeros((0, DOUBT), np.int64)
        begin, end = np.searchsorted(rows[:, 0], [place, place + 1])
        offsets = np.append(0, np.cumsum(end - begin)).astype(np.int32)
        mine = np.repeat(begin - offsets[:-1], end - begin) + np.arange(offsets[-1])
        cells = [pa.array(rows[mine, column]) for column in range(1, DOUBT)]
        return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(cells, FIELDS[1:]))


def _prints(
    batch: pa.RecordBatch, code: Ints, rows: NDArray[np.intp], doubted: NDArray[np.intp], premium: Ints,
    where: Places,
) -> Ints:  # fmt: skip
    """The prints at `rows` as rows of the orders' FIELDS and DOUBT."""
    own = code[numbers(batch["underlying"])[rows]]
    premium, where = premium[rows], where[rows]
    doubt = np.isin(rows, doubted) if len(doubted) else np.zeros(len(rows), np.int64)
    batch = batch.select(_OF_AN_ORDER).take(pa.array(rows))
    letters = batch["condition"]
    sweeps = np.array([letter == SWEEP for letter in letters.dictionary.to_pylist()] + [False])
    at, size = numbers(batch["event_at"]), numbers(batch["size"])
    contract = [numbers(batch[name]) for name in ("expiry", "strike_e4", "is_call")]
    sweep = sweeps[numbers(letters, len(sweeps) - 1)]
    beside = [numbers(batch[name], -1) for name in ("underlying_price_e4", "open_interest")]
    return np.column_stack(
        [
            own, *contract, _ORDER_SIDE[where], at, at, premium, size, size * numbers(batch["multiplier"]),
            np.ones(len(own), np.int64), sweep, _STRONG[where], *beside, doubt,
        ]
    ).astype(np.int64, copy=False)  # fmt: skip


def _lists(amounts: NDArray[np.int64] | NDArray[np.float64]) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(amounts.ravel()), amounts.shape[1])


_AMOUNTS, _PAIR = pa.list_(pa.int64(), 2 * NOTHING), pa.list_(pa.int64(), 2)
_SQUARES = pa.list_(pa.float64(), 2)
SCHEMA = pa.schema(
    [("underlying", pa.string()), ("source", pa.string()), ("newest", pa.int64())]
    + [(name, _AMOUNTS) for name in ("premium_e4", "contracts", "trades", "long_e4")]
    + [("orders", _PAIR), ("children", _PAIR), ("squares", _SQUARES), ("small_squares", _SQUARES)]
    + [(name, pa.int64()) for name in ("vendor_compared", "vendor_agreed", "cancels", "cancels_unmatched")]
    + [("largest", pa.list_(pa.struct([(name, pa.int64()) for name in FIELDS[1:]])))]
)


def _quoted(batch: pa.RecordBatch, price: Ints, size: Ints) -> Places:
    """Each print's bucket as the quote alone decides it."""
    bid, ask = batch["bid_e4"], batch["ask_e4"]
    place = locate(price, _filled(bid), _filled(ask))
    bid_size, ask_size = batch["bid_size"], batch["ask_size"]
    if max(bid_size.null_count, ask_size.null_count) < len(place):
        bids, asks = numbers(bid_size, 0), numbers(ask_size, 0)
        layered = layer(np.minimum(place, 6).astype(np.int8, copy=False), size, bids, asks)
        place = np.where((place < 7) & (bids > 0) & (asks > 0), layered, place)
    for quote in (bid, ask):
        if quote.null_count:
            place[bits(quote.buffers()[0], quote) == 0] = UNQUOTED
    return place


def _filled(column: pa.Array) -> Ints:
    """An int64 column as it lies in memory: what stands where it is missing means nothing."""
    bare = pa.Array.from_buffers(column.type, len(column), [None, column.buffers()[1]], offset=column.offset)
    values: Ints = bare.to_numpy()
    return values
