"""Cancelled option prints: found cheaply, matched exactly, and taken out as if they had never been.

A cancel comes after the print it is about, so the session's cancels are listed first; while the session
streams by, prints that might be meant are set aside, and at the end those that stand are added back.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from indicators._option_conditions import CANCELS, bucket_of_condition
from indicators._option_sides import NOTHING
from storage.tape import BATCH_ROWS

_BITS = 16
#: what a cancel and its print have in common
_SAME = ("underlying", "expiry", "strike_e4", "is_call", "multiplier", "price_e4", "size", "exchange")
#: of these, the numbers that tell prints apart best, each with the odd number that mixes it in
_MIXED = {
    "price_e4": 0x9E3779B1, "strike_e4": 0x85EBCA77, "expiry": 0xC2B2AE3D, "size": 0x27D4EB2F,
    "is_call": 0x165667B1,
}  # fmt: skip


@dataclass(frozen=True)
class Suspects:
    """The marks of the cancelled prints, in order, and when each was last cancelled (UTC microseconds)."""

    marks: NDArray[np.uint32]
    latest: NDArray[np.int64]
    #: tells most other prints apart at a glance
    slots: NDArray[np.bool_]

    def find(self, marks: NDArray[np.uint32], at: NDArray[np.int64]) -> NDArray[np.intp]:
        """Which prints, by mark and time, a cancel may be about; the cancels are among them."""
        near = np.flatnonzero(np.take(self.slots, marks >> np.uint32(32 - _BITS)))
        place = np.searchsorted(self.marks, marks[near]).clip(max=len(self.marks) - 1)
        meant: NDArray[np.intp] = near[(self.marks[place] == marks[near]) & (at[near] <= self.latest[place])]
        return meant


def find_suspects(batches: Callable[..., Iterator[pa.RecordBatch]]) -> Suspects | None:
    """Return the marks of all cancels of a session; None in a session without cancels."""
    found, times = [np.zeros(0, np.uint32)], [np.zeros(0, np.int64)]
    for batch in batches(("event_at", "condition", "underlying", "exchange", *_MIXED), leading=True):
        rows = np.flatnonzero(bucket_of_condition(batch["condition"]) == NOTHING)
        found.append(marks(batch, name_marks(batch["underlying"].dictionary))[rows])
        times.append(numbers(batch["event_at"])[rows])
    every, places = np.unique(np.concatenate(found), return_inverse=True)
    latest = np.zeros(len(every), np.int64)
    np.maximum.at(latest, places, np.concatenate(times))
    slots = np.zeros(1 << _BITS, np.bool_)
    slots[every >> np.uint32(32 - _BITS)] = True
    return Suspects(every, latest, slots) if len(every) else None


def marks(batch: pa.RecordBatch, named: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A number for each print, equal for a print and its cancel; `named` is that of each underlying."""
    mixed: NDArray[np.uint32] = np.take(named, numbers(batch["underlying"]))
    places = name_marks(batch["exchange"].dictionary, missing=1)
    mixed += np.take(places, numbers(batch["exchange"], len(places) - 1))
    for name, odd in _MIXED.items():
        mixed += numbers(batch[name]).astype(np.uint32) * np.uint32(odd)
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x2C1B3C6D)
    return mixed


def name_marks(dictionary: pa.Array, missing: int = 0) -> NDArray[np.uint32]:
    """A number for each name, the same in every dictionary; the last is for a missing one."""
    return np.array([*(crc32(name.encode()) for name in dictionary.to_pylist()), missing], np.uint32)


@dataclass(frozen=True)
class Settled:
    """The prints that stand, and the underlying of each cancel and of each that matched no print."""

    standing: Sequence[pa.RecordBatch]
    cancels: Sequence[str]
    unmatched: Sequence[str]


def set_aside(batch: pa.RecordBatch, rows: NDArray[np.intp]) -> pa.RecordBatch:
    """The prints at `rows`, their names spelled out: a dictionary kept would keep all names of its batch."""
    few = batch.take(pa.array(rows))
    spelled = [
        column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        for column in few.columns
    ]
    return pa.record_batch(spelled, names=few.schema.names)


def settle(held: Sequence[pa.RecordBatch]) -> Settled:
    """Match each cancel with a print before it of the same contract, price, size and exchange.

    E takes the first such print, the others the most recent; a print is cancelled once.
    """
    if not held:
        return Settled((), (), ())
    table = pa.Table.from_batches(held).combine_chunks()
    for place, column in enumerate(table.columns):
        if pa.types.is_string(column.type):
            table = table.set_column(place, table.column_names[place], column.dictionary_encode())
    cancel = bucket_of_condition(table["condition"].chunk(0)) == NOTHING
    same = pd.DataFrame({name: numbers(table[name].chunk(0), -1) for name in _SAME})
    key = same.groupby(list(_SAME), sort=False).ngroup()
    del same
    rows = np.flatnonzero(key.isin(key[cancel]))
    order = ["event_at", "cancel", "bid_e4", "ask_e4", "condition", "vendor_side"]
    columns = {name: cancel if name == "cancel" else numbers(table[name].chunk(0), -1) for name in order}
    rows = rows[np.lexsort([columns[name][rows] for name in reversed(order)])]
    gone, unmatched = _match(key.iloc[rows], _text(table["condition"], rows))
    cancels = np.flatnonzero(cancel)
    stands = ~cancel
    stands[gone] = False
    standing = table.filter(pa.array(stands))
    names = (_text(table["underlying"], rows) for rows in (cancels, unmatched))
    return Settled(standing.to_batches(max_chunksize=BATCH_ROWS), *names)


def _match(keys: "pd.Series[Any]", letters: Sequence[str]) -> tuple[list[int], list[int]]:
    """Go through prints and cancels in order of time; return the rows cancelled and the cancels left."""
    standing: defaultdict[int, deque[int]] = defaultdict(deque)
    gone, unmatched = [], []
    for row, key, letter in zip(keys.index, keys, letters, strict=True):
        same = standing[key]
        if letter not in CANCELS:
            same.append(row)
        elif same:
            gone.append(same.popleft() if letter == "E" else same.pop())
        else:
            unmatched.append(row)
    return gone, unmatched


def numbers(column: pa.Array, missing: int = 0) -> Any:
    """A column as numpy numbers: dates as days, times as microseconds, names as places in the dictionary."""
    if pa.types.is_dictionary(column.type):
        column = column.indices
    if column.null_count:
        column = column.fill_null(missing)
    if pa.types.is_boolean(column.type):
        return bits(column.buffers()[1], column)
    if pa.types.is_date32(column.type):
        column = column.view(pa.int32())
    elif pa.types.is_timestamp(column.type):
        column = column.view(pa.int64())
    return column.to_numpy(zero_copy_only=False)


def bits(buffer: pa.Buffer, column: pa.Array) -> NDArray[np.int8]:
    """The bits a column keeps in `buffer` (its values, or which of them are there), as 0 and 1."""
    unpacked = np.unpackbits(
        np.frombuffer(buffer, np.uint8), count=column.offset + len(column), bitorder="little"
    )
    return unpacked[column.offset :].view(np.int8)


def _text(column: pa.ChunkedArray, rows: Any) -> list[str]:
    return list(column.take(pa.array(rows, pa.int64())).to_pylist())
