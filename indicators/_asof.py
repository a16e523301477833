"""Prints with the quote before them, where prints and quotes come apart: a streaming as-of join.

Both tapes are read once in order of time, with one slot for the last quote of each subject on each
exchange. The best quote of a print is the highest bid and the lowest ask over the exchanges' last quotes
strictly before it: a quote of the same moment may be the answer to the print.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from indicators._asof_subjects import Contracts, Counted, Ints, Names, Subjects, Symbols
from indicators._option_cancels import numbers
from storage.tape import OPTION_TRADES, Tape, TapeView, leads

#: the columns of a quote, and what each holds where nobody quotes: no bid is lower, no ask is higher
NOBODY = {"bid_e4": -(1 << 62), "ask_e4": 1 << 62, "bid_size": -1, "ask_size": -1}
_PRICES = ("bid_e4", "ask_e4")
_NO_PRICE = -(1 << 62)
#: up to so many groups Arrow counts instead of comparing, which is twice as fast as a radix sort
_FEW = 4096


def quoted(
    trades: TapeView, quotes: TapeView, session: date, columns: Sequence[str], *, tick: bool = False
) -> Iterator[pa.RecordBatch]:
    """Stream the session's prints, `columns` of them, with the best quote before each.

    A print with a bid or an ask of its own keeps it. Any other gets `bid_e4` and `ask_e4` from the quotes
    with `event_at` strictly before its own, null on a side nobody quotes; and, where they are among
    `columns`, `bid_size` and `ask_size`: the sum over the exchanges at the best price, null where unknown.
    With `tick` a column `tick` (int8) is added: +1 or −1 against the last different price of the same
    symbol or contract, 0 where there is none yet and for cancels. Prints come in order of time; in a session
    without quotes, and without `tick`, as they lie on the tape.
    """
    fills = [name for name in NOBODY if name in columns] if session in quotes.sessions() else []
    if not fills and not tick:
        yield from trades.batches(session, columns)
        return
    subjects: Subjects = Contracts() if trades.tape == OPTION_TRADES else Symbols()
    sides = list(dict.fromkeys([*_PRICES, *fills]))
    book = Book(quotes.in_order(session, ["event_at", "symbol", "exchange", *sides]), subjects, sides)
    ticks = Ticks()
    needed = [*columns, *subjects.columns, *(_PRICES if fills else ()), "event_at"]
    if tick:
        needed += ["price_e4", *(trades.tape.leading or ())[:1]]
    for batch in trades.in_order(session, list(dict.fromkeys(needed))):
        found = batch.select(list(columns))
        bare = _without_quote(batch) if fills else np.zeros(0, np.int64)
        subject = subjects.of_prints(batch) if tick or len(bare) else bare
        if len(bare):
            best = book.before(numbers(batch["event_at"])[bare], subject[bare])
            found = _filled(found, bare, dict(zip(sides, best, strict=True)))
        if tick:
            prints = _prints(trades.tape, batch)
            moves = np.zeros(batch.num_rows, np.int8)
            moves[prints] = ticks.of(subject[prints], numbers(batch["price_e4"])[prints])
            found = found.append_column("tick", pa.array(moves))
        yield found


def _prints(tape: Tape, batch: pa.RecordBatch) -> Ints:
    """The rows that are prints, cancels left out."""
    if tape.leading is None:
        return np.arange(batch.num_rows)
    return np.flatnonzero(pc.invert(leads(tape, batch)))


def _without_quote(batch: pa.RecordBatch) -> Ints:
    """The prints that came without a quote."""
    own = pc.or_(*(batch[name].is_valid() for name in _PRICES))
    return np.flatnonzero(~own.to_numpy(zero_copy_only=False))


def _filled(batch: pa.RecordBatch, rows: Ints, best: Mapping[str, Ints]) -> pa.RecordBatch:
    """The batch with the best quotes at `rows`."""
    for place, column in enumerate(batch.schema):
        if column.name in best:
            nobody = NOBODY[column.name]
            values = np.array(numbers(batch[column.name], nobody))
            values[rows] = best[column.name]
            batch = batch.set_column(place, column, pa.array(values, mask=values == nobody))
    return batch


@dataclass
class Book:
    """The last quote of each subject on each exchange, moved forward through a session's quotes."""

    #: the quotes in order of time
    stream: Iterator[pa.RecordBatch]
    subjects: Subjects
    #: which columns of NOBODY are kept, bid_e4 and ask_e4 first
    columns: Sequence[str]
    _exchanges: Counted = field(default_factory=Counted)
    _named: Names = field(init=False)
    #: the last quotes by [column, exchange, subject]
    _slots: Ints = field(default_factory=lambda: np.zeros((0, 0, 0), np.int64))
    #: by subject, for `_numbered`
    _number: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    #: the batch of quotes that is being read, and the first of them that is not in the slots yet
    _at: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _subject: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _exchange: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _values: Sequence[Ints] = ()
    _next: int = 0

    def __post_init__(self) -> None:
        self._named = Names(self._exchanges)

    def before(self, at: Ints, subject: Ints) -> Ints:
        """The best quotes strictly before prints at the moments `at` (UTC microseconds), shape
        (columns, prints). Moments must not go back, neither within a call nor from one to the next.
        """
        self._make_room()
        best = np.empty((len(self.columns), len(at)), np.int64)
        done = 0
        while done < len(at):
            if self._next == len(self._at) and not self._load():
                best[:, done:] = self._best(self._slots.take(subject[done:], axis=2))
                break
            stop = done + int(np.searchsorted(at[done:], self._at[-1], "right"))
            if stop == done:
                self._take_in(len(self._at))
                continue
            here = slice(done, stop)
            end = self._next + np.searchsorted(self._at[self._next :], at[here])
            best[:, here] = self._best(self._latest(subject[here], end))
            self._take_in(int(end[-1]))
            done = stop
        return best

    def _load(self) -> bool:
        """Go on to the next batch of quotes; return whether there is one."""
        batch = next((batch for batch in self.stream if batch.num_rows), None)
        if batch is None:
            return False
        self._next, self._at = 0, numbers(batch["event_at"])
        self._subject = self.subjects.of_quotes(batch)
        self._exchange = self._named.of(batch["exchange"])
        self._values = [numbers(batch[name], NOBODY[name]) for name in self.columns]
        self._make_room()
        return True

    def _make_room(self) -> None:
        """A slot for everybody known by now."""
        columns, wide, long = self._slots.shape
        if wide < len(self._exchanges) or long < len(self.subjects) or not columns:
            long = long if long >= len(self.subjects) else 2 * len(self.subjects)
            slots = np.empty((len(self.columns), max(1, len(self._exchanges)), long), np.int64)
            for slot, name in zip(slots, self.columns, strict=True):
                slot[:] = NOBODY[name]
            slots[:columns, :wide, : self._slots.shape[2]] = self._slots
            self._slots, self._number = slots, np.zeros(long, np.int32)

    def _take_in(self, stop: int) -> None:
        """Let the quotes before `stop` into their slots; of several for one slot the last stays."""
        span = slice(self._next, stop)
        subject = self._subject[span]
        for slots, values in zip(self._slots, self._values, strict=True):
            if len(slots) == 1:
                slots[0][subject] = values[span]
            else:
                slots[self._exchange[span], subject] = values[span]
        self._next = stop

    def _latest(self, subject: Ints, end: Ints) -> Ints:
        """The last quotes before the places `end` in the batch, shape (columns, exchanges, prints).

        The quotes of the subjects asked for are sorted by lane (a subject on an exchange) and place: so the
        last one before a print stands just before where the print itself would.
        """
        latest = self._slots.take(subject, axis=2)
        wide, span = latest.shape[1], int(end[-1]) - self._next
        if not span:
            return latest
        here = slice(self._next, self._next + span)
        asked, lane = self._numbered(subject, self._subject[here])
        if wide > 1:
            lane = lane * wide + self._exchange[here]
        # half the bytes where they suffice; what is less than nothing is very large
        kind: Any = np.uint32 if (len(subject) + 1) * wide * span < 1 << 32 else np.uint64
        keys: Any = lane.astype(kind)
        keys *= kind(span)
        keys += np.arange(span, dtype=kind)
        keys = keys.take(_grouped(lane))
        order = _grouped(asked)
        first = asked.take(order).astype(kind) * kind(wide * span)
        before = (end.take(order) - self._next).astype(kind)
        for exchange in range(wide):
            row = keys.take(np.searchsorted(keys, first + before) - 1) - first
            hit = np.flatnonzero(row < before)
            place, row = order.take(hit), row.take(hit).astype(np.int64) + self._next
            for own, values in zip(latest[:, exchange], self._values, strict=True):
                own[place] = values.take(row)
            first += kind(span)
        return latest

    def _numbered(self, prints: Ints, quotes: Ints) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The subjects of prints numbered closely from 1 on, and those of quotes by the same numbers; 0
        where no print has it.
        """
        every = np.arange(len(prints))
        self._number[prints] = every
        last = self._number.take(prints)
        asked = np.cumsum(last == every, dtype=np.int32).take(last)
        self._number[prints] = asked
        lane = self._number.take(quotes)
        self._number[prints] = 0
        return asked, lane

    def _best(self, quotes: Ints) -> Ints:
        """The best over the exchanges (axis 1): the highest bid, the lowest ask, all sizes at that price."""
        if quotes.shape[:2] == (2, 1):
            return quotes[:, 0]
        best = [quotes[0].max(axis=0), quotes[1].min(axis=0)]
        for name, sizes in zip(self.columns[2:], quotes[2:], strict=True):
            side = 1 if name == "ask_size" else 0
            there = (quotes[side] == best[side]) & (best[side] != NOBODY[_PRICES[side]]) & (sizes >= 0)
            best.append(np.where(there.any(axis=0), (sizes * there).sum(axis=0), NOBODY[name]))
        return np.stack(best)


@dataclass
class Ticks:
    """The last price of each subject, and whether it was an uptick (+1) or a downtick (−1)."""

    _price: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _tick: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))

    def of(self, subject: Ints, price: Ints) -> NDArray[np.int8]:
        """The tick of each print, prints in order of time; 0 before the first different price."""
        if not len(subject):
            return np.zeros(0, np.int8)
        order = _grouped(subject)
        subject, price = subject[order], price[order]
        head = np.append(True, subject[1:] != subject[:-1])
        first = np.flatnonzero(head)
        last = np.append(first[1:], len(price)) - 1
        self._make_room(int(subject[-1]) + 1)
        before = np.append(0, price[:-1])
        before[first] = self._price[subject[first]]
        before = np.where(before == _NO_PRICE, price, before)
        tick = (price > before).view(np.int8) - (price < before).view(np.int8)
        flat = first[tick[first] == 0]
        tick[flat] = self._tick[subject[flat]]
        # an unchanged price has the tick of the print before
        tick = tick[np.maximum.accumulate(np.where(head | (tick != 0), np.arange(len(tick)), 0))]
        self._price[subject[last]], self._tick[subject[last]] = price[last], tick[last]
        ticks = np.empty_like(tick)
        ticks[order] = tick
        return ticks

    def _make_room(self, long: int) -> None:
        more = 2 * long - len(self._price) if long > len(self._price) else 0
        self._price = np.pad(self._price, (0, more), constant_values=_NO_PRICE)
        self._tick = np.pad(self._tick, (0, more))


def _grouped(groups: NDArray[Any]) -> Ints:
    """The order that brings rows of one group together and leaves each group in its own order."""
    if len(groups) and groups.max() < _FEW:
        counted: Ints = pc.sort_indices(pa.array(groups)).to_numpy().view(np.int64)
        return counted
    order: Ints = np.argsort(groups.astype(np.uint16), kind="stable")  # 16 bits are sorted by radix
    if groups.max() >= 1 << 16:
        order = order.take(np.argsort((groups >> 16).astype(np.uint16).take(order), kind="stable"))
    return order
