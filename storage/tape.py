"""The tape: prints and quotes as Parquet by session date; what is written here, `TapeView` reads.

A tape is a folder of sessions, a session a folder of parts, a part one file written once and sorted by
time: its name is the digest of its rows, so what was stored before is not stored again.
Money is int64 of ten-thousandths of a dollar (`_e4`); times are UTC microseconds.
"""

import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage.tape_kinds import EQUITY_QUOTES as EQUITY_QUOTES
from storage.tape_kinds import EQUITY_TRADES as EQUITY_TRADES
from storage.tape_kinds import MOMENT as MOMENT
from storage.tape_kinds import NAME as NAME
from storage.tape_kinds import OPTION_QUOTES as OPTION_QUOTES
from storage.tape_kinds import OPTION_TRADES as OPTION_TRADES
from storage.tape_kinds import Tape as Tape
from storage.tape_view import BATCH_ROWS as BATCH_ROWS
from storage.tape_view import HEAD_ROWS as HEAD_ROWS
from storage.tape_view import TapeView as TapeView
from storage.tape_view import leads as leads
from storage.tape_view import parts_in, span, write_whole

#: columns that do not say which print it is; sizes of a print's quote may come from a better source later
_NOT_IDENTITY = ("known_at", "source", "row_id")
_NOT_IDENTITY_OF_TRADES = (*_NOT_IDENTITY, "bid_size", "ask_size")
#: columns that grow from row to row: written as differences they are small, and quick to read
_GROWING = ("event_at", "known_at")


def layout(tape: Tape) -> dict[str, Any]:
    """How pyarrow writes the Parquet of a tape, as keyword arguments."""
    repeating = [name for name in tape.schema.names if name not in (*_GROWING, "row_id")]
    differences = dict.fromkeys(_GROWING, "DELTA_BINARY_PACKED")
    return {"compression": "zstd", "use_dictionary": repeating, "column_encoding": differences}


def identify(table: pa.Table) -> pa.Array:
    """Return a 64-bit identity for each print: a hash of what it says and, among equals, its ordinal.

    Two equal prints in one body are two prints; the same body read twice gives the same identities.
    """
    left_out = _NOT_IDENTITY_OF_TRADES if "price_e4" in table.column_names else _NOT_IDENTITY
    columns = [name for name in table.column_names if name not in left_out]
    frame = pd.DataFrame({name: _hashable(table[name]) for name in columns})
    hashes = pd.util.hash_pandas_object(frame, index=False)
    ordinal = hashes.groupby(hashes).cumcount().to_numpy(dtype=np.uint64)
    return pa.array(hashes.to_numpy() + ordinal * np.uint64(0x9E3779B97F4A7C15))


def _hashable(column: pa.ChunkedArray) -> "pd.Series[Any]":
    if pa.types.is_dictionary(column.type):
        return pd.Series(column.cast(pa.string()).fill_null("").to_numpy(zero_copy_only=False))
    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    return pd.Series(pc.fill_null(column.cast(pa.int64()), -(2**62)).to_numpy())


class TapeStore:
    """The tapes under one folder. Writing is safe against kill -9: a part appears whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def append(self, tape: Tape, table: pa.Table) -> int:
        """Store the prints of `table` that are not stored yet; return how many were new.

        `table` has the columns of `tape.schema`, `row_id` excepted, in any order; one it lacks is all null.
        """
        if table.num_rows == 0:
            return 0
        for column in tape.schema:
            if column.nullable and column.name not in table.column_names:
                table = table.append_column(column.name, pa.nulls(table.num_rows, column.type))
        table = table.append_column("row_id", identify(table))
        table = table.select(tape.schema.names).cast(tape.schema)
        local = pc.local_timestamp(table["event_at"].cast(pa.timestamp("us", tz="America/New_York")))
        days = local.cast(pa.date32())
        new = 0
        for day in pc.unique(days).to_pylist():
            new += self._append_session(tape, day, table.filter(pc.equal(days, day)))
        return new

    def _append_session(self, tape: Tape, day: date, table: pa.Table) -> int:
        folder = self.root / tape.name / day.isoformat()
        # equal prints have equal moments: parts of other times need not be looked into
        first, last = pc.min_max(table["event_at"]).as_py().values()
        spans = {part: span(part) for part in parts_in(folder)}
        near = [part for part, (begin, end) in spans.items() if begin <= last and first <= end]
        stored = [pq.read_table(part, columns=["row_id"])["row_id"] for part in near]
        if stored:
            known = np.concatenate([ids.to_numpy() for ids in stored])
            table = table.filter(pa.array(~np.isin(table["row_id"].to_numpy(), known)))
        if table.num_rows == 0:
            return 0
        table = _leading_first(tape, table.sort_by("event_at"))
        digest = hashlib.sha256(np.sort(table["row_id"].to_numpy()).tobytes()).hexdigest()[:24]
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"{digest}.parquet", lambda path: pq.write_table(table, path, **layout(tape)))
        return int(table.num_rows)

    def view(self, tape: Tape, as_of: datetime, since: datetime) -> TapeView:
        """The tape as it was known at `as_of`, from the session of `since` on."""
        return TapeView(self.root / tape.name, tape, as_of, since)


def _leading_first(tape: Tape, table: pa.Table) -> pa.Table:
    ahead = leads(tape, table)
    return pa.concat_tables([table.filter(ahead), table.filter(pc.invert(ahead))])
