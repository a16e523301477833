"""What prints and quotes are about, as small whole numbers: one for each symbol, or for each contract.

Both tapes draw from the same numbers, so that a print finds its quotes by place. 0 is nobody: a quote
whose OPRA symbol cannot be read.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from indicators._option_cancels import numbers

Ints = NDArray[np.int64]
#: root, date and strike × 1000 of an OPRA symbol; vendors pad the root with spaces, or do not
_OPRA = r"^(?P<root>[A-Z0-9]{1,6}) *(?P<day>[0-9]{6})(?P<right>[CP])(?P<strike>[0-9]{8})$"
#: bits of a packed contract: days since 1970, strike in ten-thousandths, call or put; the root takes the rest
_DAYS, _STRIKE = 16, 30


@dataclass
class Names:
    """The numbers of a column's names. `number` is asked for each name once in a dictionary, and only when
    a row has it: the dictionary of a batch may be that of a million rows.
    """

    number: Callable[[Sequence[str | None]], Iterable[int]]
    _dictionary: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    #: the number of each name in the dictionary and of a missing one; −1 where it was not asked for yet
    _numbers: Ints = field(default_factory=lambda: np.full(1, -1))

    def of(self, column: pa.DictionaryArray) -> Ints:
        """The number of each row's name."""
        if column.null_count == len(column):
            return np.full(len(column), next(iter(self.number([None]))))
        if not self._dictionary.equals(column.dictionary):
            self._dictionary, self._numbers = column.dictionary, np.full(len(column.dictionary) + 1, -1)
        places = numbers(column, len(self._dictionary)).astype(np.intp)  # numpy is slow with others
        found: Ints = self._numbers.take(places)
        if len(found) and found.min() < 0:
            new = np.unique(places[found < 0])
            # a place behind the dictionary is a missing name
            asked = self._dictionary.take(pa.array(new, mask=new == len(self._dictionary)))
            self._numbers[new] = list(self.number(asked.to_pylist()))
            found = self._numbers.take(places)
        return found


@dataclass
class Counted:
    """Numbers names from `first` on, in the order in which they come."""

    first: int = 0
    _known: dict[str | None, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.first + len(self._known)

    def __call__(self, names: Sequence[str | None]) -> list[int]:
        return [self._known.setdefault(name, len(self)) for name in names]


class Symbols:
    """The subjects of equity prints and quotes: the symbols."""

    #: the columns of prints that are read
    columns = ("symbol",)

    def __init__(self) -> None:
        self._known = Counted(1)
        # their dictionaries differ: with one of these for both each batch would bring a new one
        self._of_prints, self._of_quotes = Names(self._known), Names(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def of_prints(self, batch: pa.RecordBatch) -> Ints:
        """The subject of each print."""
        return self._of_prints.of(batch["symbol"])

    def of_quotes(self, batch: pa.RecordBatch) -> Ints:
        """The subject of each quote."""
        return self._of_quotes.of(batch["symbol"])


class Contracts:
    """The subjects of option prints and quotes: the contracts, each packed into one number.

    A quote names its contract by an OPRA symbol, a print by underlying (the OPRA root), expiry, strike
    and right.
    """

    #: the columns of prints that are read
    columns = ("underlying", "expiry", "strike_e4", "is_call")

    def __init__(self) -> None:
        self._roots = Counted()
        self._underlyings, self._symbols = Names(self._roots), Names(self._number)
        #: the subject of each OPRA symbol
        self._known: dict[str | None, int] = {}
        #: packed contracts in order, and the subject of each
        self._packed, self._subjects = np.zeros(0, np.int64), np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._packed) + 1

    def of_prints(self, batch: pa.RecordBatch) -> Ints:
        """The subject of each print."""
        day, strike, call = (numbers(batch[name]) for name in self.columns[1:])
        return self._find(_pack(self._underlyings.of(batch["underlying"]), day, strike, call))

    def of_quotes(self, batch: pa.RecordBatch) -> Ints:
        """The subject of each quote; 0 where its symbol is no OPRA symbol."""
        return self._symbols.of(batch["symbol"])

    def _number(self, symbols: Sequence[str | None]) -> Iterator[int]:
        new = [symbol for symbol in symbols if symbol not in self._known]
        self._known |= zip(new, self._read(pa.array(new, pa.string())).tolist(), strict=True)
        return map(self._known.__getitem__, symbols)

    def _read(self, symbols: pa.Array) -> Ints:
        """The subjects of OPRA symbols."""
        read = pc.extract_regex(symbols, _OPRA)
        rows = np.flatnonzero(read.is_valid())
        root, day, right, strike = read.take(pa.array(rows)).flatten()
        days = _days(day.cast(pa.int64()).to_numpy())
        call = pc.equal(right, "C").to_numpy(zero_copy_only=False)
        strikes = strike.cast(pa.int64()).to_numpy() * 10
        roots = np.array(self._roots(root.to_pylist()), np.int64)
        subjects = np.zeros(len(symbols), np.int64)
        subjects[rows[days > 0]] = self._find(_pack(roots, days, strikes, call)[days > 0])
        return subjects

    def _find(self, packed: Ints) -> Ints:
        """The subject of each packed contract; one not seen before gets the next number."""
        wanted, back = np.unique(packed, return_inverse=True)
        place = np.searchsorted(self._packed, wanted)
        known = np.append(self._packed, -1).take(place) == wanted
        new = wanted[~known]
        if len(new):
            numbered = np.arange(len(self), len(self) + len(new))
            self._subjects = np.insert(self._subjects, place[~known], numbered)
            self._packed = np.insert(self._packed, place[~known], new)
            place = np.searchsorted(self._packed, wanted)
        found: Ints = self._subjects.take(place).take(back)
        return found


Subjects = Symbols | Contracts


def _pack(root: Ints, day: Any, strike: Ints, call: Any) -> Ints:
    # a strike that no OPRA symbol can hold is as good as any other
    strike = np.minimum(strike, (1 << _STRIKE) - 1)
    packed: Ints = (((root << _DAYS) + day << _STRIKE) + strike << 1) + call
    return packed


def _days(dates: Ints) -> Ints:
    """Days since 1970 of dates such as 251003; 0 where there is no such day."""
    year, month, day = dates // 10_000, dates // 100 % 100, dates % 100
    months = ((year + 30) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    real = (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)
    return np.where(real, days.astype(np.int64), 0)
