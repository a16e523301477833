"""Option prints joined into orders: one decision that was filled in pieces is counted as one.

Prints of one contract bought (or sold) belong together while each follows the last within a second, and
within five seconds of the first; a print without a side stands alone. Prints arrive in order of time; what
can no longer grow is counted and let go.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

#: microseconds between two children of an order, and between its first and its last
GAP, SPAN = 1_000_000, 5_000_000
#: assumption: prints below this many e4 USD are orders of their own, too many and too small to join
CHILD_E4 = 10_000 * 10_000
#: assumptions: an order is unusual from this many e4 USD on, and if it expires within so many days
LARGE_E4, SOON_DAYS = 1_000_000 * 10_000, 30
#: how many of an underlying's orders are kept: its largest, and the largest that meet so many criteria
KEEP, KEEP_UNUSUAL, UNUSUAL_MET = 5, 15, 3
#: the complex bucket, beside the sides −1, 0 and +1
MULTI_LEG = 2

#: an order is a row of these; times are UTC microseconds, `shares` is contracts × multiplier,
#: −1 is not known, `strong` says whether its side is right at least 65 times in 100
FIELDS = (
    "code", "expiry", "strike_e4", "is_call", "side", "first", "last", "premium_e4", "size", "shares",
    "children", "sweep", "strong", "spot_e4", "open_interest",
)  # fmt: skip
#: behind the fields of a row that waits: 1 for a print that a cancel may be about
DOUBT = len(FIELDS)
_AT = {name: place for place, name in enumerate(FIELDS)}
_CONTRACT = [_AT[name] for name in ("code", "expiry", "strike_e4", "is_call", "side")]
_FIRST, _LAST, _PREMIUM, _SIDE = (_AT[name] for name in ("first", "last", "premium_e4", "side"))
#: what becomes of each field when rows are joined; the others are the first row's
_SUMS = [_AT[name] for name in ("premium_e4", "size", "shares", "children")]
_MOST, _LEAST = [_AT["last"], _AT["sweep"]], [_AT["strong"]]
#: rows that wait to be joined, and orders that wait to be sorted out
_WAIT, _TRIM = 32_768, 32_768
#: what may make an order unusual
CRITERIA = ("premium", "soon", "otm", "opening", "sweep", "sure")


def column(orders: Ints, name: str) -> Ints:
    """One field of all orders."""
    return orders[:, _AT[name]]


def criteria(orders: Ints) -> NDArray[np.int8]:
    """Which of CRITERIA each order meets, shape (orders, 6): 1 met, 0 not, −1 not known.

    Premium from 1 million USD on; under 30 calendar days to expiry; strike out of the money at the
    underlying's price then; more contracts than were open the evening before; a sweep; a side that
    is right at least 65 times in 100.
    """
    spot, interest = column(orders, "spot_e4"), column(orders, "open_interest")
    days = column(orders, "expiry") - column(orders, "first") // 86_400_000_000
    beyond = np.where(column(orders, "is_call") == 1, 1, -1) * (column(orders, "strike_e4") - spot)
    met = [
        column(orders, "premium_e4") >= LARGE_E4,
        days < SOON_DAYS,
        np.where(spot < 0, -1, beyond > 0),
        np.where(interest < 0, -1, column(orders, "size") > interest),
        column(orders, "sweep"),
        column(orders, "strong"),
    ]
    return np.stack([np.asarray(each, np.int8) for each in met], axis=1)


def join(rows: Ints) -> Ints:
    """Join rows into orders, sorted by contract, side and time; orders already begun may be among them."""
    if not len(rows):
        return rows
    rows = _sorted(rows)
    starts = _chains(rows)
    begin = np.flatnonzero(starts)
    end = np.append(begin[1:], len(rows))
    for chain in np.flatnonzero(rows[end - 1, _LAST] - rows[begin, _FIRST] > SPAN):
        _cut(rows[begin[chain] : end[chain], _FIRST], starts[begin[chain] : end[chain]])
    begin = np.flatnonzero(starts)
    joined = rows[begin]
    joined[:, _SUMS] = np.add.reduceat(rows[:, _SUMS], begin, axis=0)
    joined[:, _MOST] = np.maximum.reduceat(rows[:, _MOST], begin, axis=0)
    joined[:, _LEAST] = np.minimum.reduceat(rows[:, _LEAST], begin, axis=0)
    return joined


def _sorted(rows: Ints) -> Ints:
    """By contract, side and time; the five numbers of a contract and side are packed into two."""
    code, expiry, strike, is_call, side = (rows[:, place] for place in _CONTRACT)
    return rows[np.lexsort([rows[:, _FIRST], (strike << 4) + (is_call << 3) + side, (code << 20) + expiry])]


def _chains(rows: Ints) -> NDArray[np.bool_]:
    """Where among sorted rows another contract or side begins, or more than a second has passed."""
    starts = np.ones(len(rows), np.bool_)
    same = (rows[1:, _CONTRACT] == rows[:-1, _CONTRACT]).all(axis=1) & (np.abs(rows[1:, _SIDE]) == 1)
    starts[1:] = ~same | (rows[1:, _FIRST] - rows[:-1, _LAST] > GAP)
    return starts


def _cut(times: Ints, starts: NDArray[np.bool_]) -> None:
    """Begin another order in a chain of prints whenever five seconds have passed since the last began."""
    place = 0
    while (place := int(np.searchsorted(times, times[place] + SPAN, "right"))) < len(times):
        starts[place] = True


@dataclass
class Orders:
    """The orders of a session so far, by the code of their underlying."""

    #: orders, children and squared USD by [underlying, all or signed only]; children and orders of
    #: CHILD_E4 and more only
    orders: Ints = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    children: Ints = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    squares: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    kept: list[Ints] = field(default_factory=list)
    #: the premium below which an order of each underlying cannot be kept: as one of its largest, and as one
    #: of its largest that meet some criteria
    bars: Ints = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    _waiting: list[Ints] = field(default_factory=list)
    #: prints near one that may be cancelled: they are joined when it is known which of those stand
    _late: list[Ints] = field(default_factory=list)
    _now: int = 0

    def grow(self, codes: int) -> None:
        """Make room for the codes below `codes`."""
        more = ((0, codes - len(self.orders)), (0, 0))
        self.orders, self.children = np.pad(self.orders, more), np.pad(self.children, more)
        self.squares, self.bars = np.pad(self.squares, more), np.pad(self.bars, more)

    def add(self, rows: Ints) -> None:
        """Add prints (rows of FIELDS and DOUBT) that come after all before."""
        small = rows[:, _PREMIUM] < CHILD_E4
        self.kept.append(rows[small & (rows[:, DOUBT] == 0), :DOUBT])
        if not small.all():
            self._waiting.append(rows[~small])
            self._now = int(rows[-1, _LAST])
        if sum(map(len, self._waiting)) >= _WAIT:
            self._settle(everything=False)

    def add_late(self, rows: Ints) -> None:
        """Add prints that were in doubt, and stand."""
        self._late.append(rows)

    def finish(self) -> None:
        """Join what waits, and what came late."""
        self._settle(everything=True)
        late, self._late = self._late, []
        if late:
            rows = np.concatenate(late)
            self.add(rows[np.argsort(rows[:, _FIRST], kind="stable")])
            self._settle(everything=True)
        self.trim()

    def _settle(self, everything: bool) -> None:
        if not self._waiting:
            return
        rows = np.concatenate(self._waiting)
        self._waiting = []
        if rows[:, DOUBT].any():
            rows = self._without_doubt(rows, everything)
        joined = join(rows)
        may_grow = (joined[:, _LAST] >= self._now - GAP) & (joined[:, _FIRST] >= self._now - SPAN)
        if everything:
            may_grow[:] = False
        self._waiting.append(joined[may_grow])
        self._count(joined[~may_grow, :DOUBT])

    def _without_doubt(self, rows: Ints, everything: bool) -> Ints:
        """Put off the chains of prints in which one is in doubt; return the other rows."""
        rows = _sorted(rows)
        starts = _chains(rows)
        begin, chain = np.flatnonzero(starts), np.cumsum(starts) - 1
        doubted = np.maximum.reduceat(rows[:, DOUBT], begin)[chain] == 1
        goes_on = np.maximum.reduceat(rows[:, _LAST], begin)[chain] >= self._now - GAP
        if everything:
            goes_on[:] = False
        self._waiting.append(rows[doubted & goes_on])
        self._late.append(rows[doubted & ~goes_on & (rows[:, DOUBT] == 0)])
        rest: Ints = rows[~doubted]
        return rest

    def _count(self, done: Ints) -> None:
        code, usd = column(done, "code"), column(done, "premium_e4") / 1e4
        signed = np.abs(column(done, "side")) == 1
        for leg, chosen in ((0, slice(None)), (1, signed)):
            np.add.at(self.orders[:, leg], code[chosen], 1)
            np.add.at(self.children[:, leg], code[chosen], column(done, "children")[chosen])
            np.add.at(self.squares[:, leg], code[chosen], usd[chosen] ** 2)
        premium, bars = column(done, "premium_e4"), self.bars[code]
        hopeful = done[premium >= bars.min(axis=1)]
        met = (criteria(hopeful) == 1).sum(axis=1) >= UNUSUAL_MET
        bars = self.bars[column(hopeful, "code")]
        bar = np.where(met, bars.min(axis=1), bars[:, 0])
        self.kept.append(hopeful[column(hopeful, "premium_e4") >= bar])
        if sum(map(len, self.kept[1:])) > max(_TRIM, len(self.kept[0])):
            self.trim()

    def trim(self) -> None:
        """Keep of each underlying the largest orders, and the largest that meet some criteria; of those
        too small to be joined only its largest. Equals go by time, then by contract.
        """
        if not self.kept:
            return
        rows = np.concatenate(self.kept)
        rows = rows[np.lexsort([*(rows[:, place] for place in (*reversed(_CONTRACT[1:]), _FIRST)),
                                -rows[:, _PREMIUM], column(rows, "code")])]  # fmt: skip
        code, premium = column(rows, "code"), column(rows, "premium_e4")
        rank = _rank(code)
        wanted = rank < np.where(premium >= CHILD_E4, KEEP, 1)
        among = np.flatnonzero((criteria(rows) == 1).sum(axis=1) >= UNUSUAL_MET)
        rank_among = _rank(code[among])
        wanted[among[rank_among < KEEP_UNUSUAL]] = True
        last, last_among = rank == KEEP - 1, among[rank_among == KEEP_UNUSUAL - 1]
        self.bars[code[last], 0] = premium[last]
        self.bars[code[last_among], 1] = premium[last_among]
        self.kept = [rows[wanted]]

    def merge(self, other: "Orders", place: Ints) -> None:
        """Add the finished orders of a shard whose code i is ours at `place[i]`."""
        for mine, theirs in (
            (self.orders, other.orders), (self.children, other.children), (self.squares, other.squares)
        ):  # fmt: skip
            mine[place] += theirs
        for rows in other.kept:
            moved = rows.copy()
            moved[:, 0] = place[rows[:, 0]]
            self.kept.append(moved)


def _rank(sorted_codes: Ints) -> Ints:
    """How many before each of the same code."""
    place = np.arange(len(sorted_codes))
    first = np.r_[True, sorted_codes[1:] != sorted_codes[:-1]] if len(sorted_codes) else np.zeros(0, np.bool_)
    return np.asarray(place - np.maximum.accumulate(np.where(first, place, 0)), np.int64)
