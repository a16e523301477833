"""Cancelled option prints: found cheaply, matched exactly, and taken out as if they had never been.

A cancel comes after the print it is about, so the session's cancels are listed first; while the session
streams by, prints that might be meant are set aside, and at the end those that stand are added back.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from indicators._option_conditions import CANCELS, NOTHING, bucket_of_condition

_BITS = 20
#: the columns that choose a slot: enough to set few prints aside, few enough to read twice
_SLOT = ("expiry", "strike_e4", "price_e4")
#: what a cancel and its print have in common
_SAME = ("underlying", "expiry", "strike_e4", "is_call", "multiplier", "price_e4", "size", "exchange")


def cancelled_slots(batches: Callable[..., Iterator[pa.RecordBatch]]) -> NDArray[np.bool_] | None:
    """Return the slots in which a cancelled print may lie; None in a session without cancels."""
    found = np.zeros(1 << _BITS, np.bool_)
    for batch in batches(("condition", *_SLOT)):
        if CANCELS.intersection(batch["condition"].dictionary.to_pylist()):
            rows = np.flatnonzero(bucket_of_condition(batch["condition"]) == NOTHING)
            found[slots(batch.take(pa.array(rows)))] = True
    return found if found.any() else None


def slots(batch: pa.RecordBatch) -> NDArray[np.uint32]:
    """Return a slot number for each print: the same for a print and its cancel."""
    mixed = np.zeros(batch.num_rows, np.uint32)
    for name, odd in zip(_SLOT, (0xC2B2AE3D, 0x85EBCA77, 0x9E3779B1), strict=True):
        mixed += numbers(batch[name]).astype(np.uint32) * np.uint32(odd)
    return mixed >> np.uint32(32 - _BITS)


@dataclass(frozen=True)
class Settled:
    """The prints that stand, and the underlying of each cancel and of each that matched no print."""

    standing: Sequence[pa.RecordBatch]
    cancels: Sequence[str]
    unmatched: Sequence[str]


def settle(held: Sequence[pa.RecordBatch]) -> Settled:
    """Match each cancel with a print before it of the same contract, price, size and exchange.

    E takes the first such print, the others the most recent; a print is cancelled once.
    """
    if not held:
        return Settled((), (), ())
    table = pa.Table.from_batches(held).unify_dictionaries().combine_chunks()
    frame = pd.DataFrame({name: numbers(table[name].chunk(0), -1) for name in table.column_names})
    frame["cancel"] = np.isin(_text(table["condition"]), list(CANCELS))
    frame["key"] = frame.groupby(list(_SAME), sort=False).ngroup()
    meant = frame[frame["key"].isin(frame.loc[frame["cancel"], "key"])]
    meant = meant.sort_values(["event_at", "cancel", "bid_e4", "ask_e4", "condition", "vendor_side"])
    gone, unmatched = _match(meant["key"], _text(table["condition"])[meant.index])
    names = _text(table["underlying"])
    cancels = frame.index[frame["cancel"]]
    standing = table.filter(pa.array(~(frame["cancel"] | frame.index.isin(gone)).to_numpy()))
    return Settled(standing.to_batches(), list(names[cancels]), list(names[unmatched]))


def _match(keys: "pd.Series[Any]", letters: NDArray[np.object_]) -> tuple[list[int], list[int]]:
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
    if pa.types.is_date32(column.type):
        column = column.view(pa.int32())
    elif pa.types.is_timestamp(column.type):
        column = column.view(pa.int64())
    return column.to_numpy(zero_copy_only=False)


def _text(column: pa.ChunkedArray) -> NDArray[np.object_]:
    return np.asarray(column.cast(pa.string()).to_pylist(), object)
