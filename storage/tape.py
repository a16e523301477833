"""The tape: option and equity prints as Parquet by session date, streamed as Arrow record batches.

A tape is a folder of sessions, a session a folder of parts, a part one file written once: its name is
the digest of its rows, so what was stored before is not stored again. A reduction of a whole session
is kept beside it (`reduced`) and is used only when every print of the session was known by then.
Money is int64 of ten-thousandths of a dollar (`_e4`); times are UTC microseconds.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
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

#: rows in a record batch: small enough for the cache, which is what makes the stream fast
BATCH_ROWS = 65_536
#: rows in a record batch of the head of a part
HEAD_ROWS = 1_024
#: columns that do not say which print it is; sizes of a print's quote may come from a better source later
_NOT_IDENTITY = ("known_at", "source", "row_id")
_NOT_IDENTITY_OF_TRADES = (*_NOT_IDENTITY, "bid_size", "ask_size")


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
        stored = [pq.read_table(part, columns=["row_id"])["row_id"] for part in _parts(folder)]
        if stored:
            known = np.concatenate([ids.to_numpy() for ids in stored])
            table = table.filter(pa.array(~np.isin(table["row_id"].to_numpy(), known)))
        if table.num_rows == 0:
            return 0
        table = _leading_first(tape, table.sort_by("event_at"))
        digest = hashlib.sha256(np.sort(table["row_id"].to_numpy()).tobytes()).hexdigest()[:24]
        folder.mkdir(parents=True, exist_ok=True)
        _write_whole(
            folder / f"{digest}.parquet", lambda path: pq.write_table(table, path, compression="zstd")
        )
        return int(table.num_rows)

    def view(self, tape: Tape, as_of: datetime, since: datetime) -> "TapeView":
        """The tape as it was known at `as_of`, from the session of `since` on."""
        return TapeView(self.root / tape.name, tape, as_of, since)


@dataclass(frozen=True)
class TapeView:
    """A tape that shows no print with `known_at` after `as_of`."""

    folder: Path
    tape: Tape
    as_of: datetime
    since: datetime

    def sessions(self) -> list[date]:
        """The sessions with stored prints between `since` and `as_of`, oldest first."""
        first, last = (moment.astimezone(UTC).date() for moment in (self.since, self.as_of))
        names = (entry.name for entry in self.folder.iterdir()) if self.folder.is_dir() else ()
        return sorted(day for name in names if first <= (day := date.fromisoformat(name)) <= last)

    def batches(
        self, session: date, columns: Sequence[str] | None = None, leading: bool = False
    ) -> Iterator[pa.RecordBatch]:
        """Stream the prints of `session` known by `as_of`, oldest part first; `columns` of them.

        With `leading` only the head of each part, which holds its leading prints (and a few others);
        `columns` must have the column that tells them.
        """
        cut = pa.scalar(self.as_of, MOMENT)
        for part in _parts(self.folder / session.isoformat()):
            # not pre-buffered: that would keep the whole part in memory
            with pq.ParquetFile(part, read_dictionary=self._names(columns), pre_buffer=False) as file:
                whole = _newest_known(file) <= self.as_of
                wanted = columns if whole or columns is None else [*columns, "known_at"]
                for batch in file.iter_batches(HEAD_ROWS if leading else BATCH_ROWS, columns=_list(wanted)):
                    kept = batch if whole else batch.filter(pc.less_equal(batch["known_at"], cut))
                    yield self._shaped(kept, columns)
                    if leading and not _all_leading(self.tape, batch):
                        break

    def reduced(
        self,
        session: date,
        name: str,
        reduce: Callable[[Callable[..., Iterator[pa.RecordBatch]]], pa.Table],
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return `reduce(batches)` of one session; kept on disk once all of the session is known.

        `reduce` gets a function that starts the stream anew at each call, with `columns` unless the call
        names others. `name` stands for the method and its version: another name, another kept result.
        """
        parts = _parts(self.folder / session.isoformat())
        if not all(_newest_known(path) <= self.as_of for path in parts):
            return reduce(lambda wanted=columns, **how: self.batches(session, wanted, **how))
        digest = hashlib.sha256(" ".join(path.name for path in parts).encode()).hexdigest()[:24]
        kept = self.folder / session.isoformat() / f"{name}-{digest}.arrow"
        if kept.exists():
            with pa.memory_map(str(kept)) as source:
                return pa.ipc.open_file(source).read_all()
        table = reduce(lambda wanted=columns, **how: self.batches(session, wanted, **how))

        def write(path: str) -> None:
            with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)

        _write_whole(kept, write)
        return table

    def _shaped(self, batch: pa.RecordBatch, columns: Sequence[str] | None) -> pa.RecordBatch:
        """The batch with `columns`; one that a part written by an earlier version lacks is all null."""
        names = self.tape.schema.names if columns is None else list(columns)
        if batch.schema.names == names:
            return batch
        have = set(batch.schema.names)
        arrays = [
            batch[name] if name in have else pa.nulls(batch.num_rows, self.tape.schema.field(name).type)
            for name in names
        ]
        return pa.record_batch(arrays, names=names)

    def _names(self, columns: Sequence[str] | None) -> list[str]:
        return [
            field.name
            for field in self.tape.schema
            if pa.types.is_dictionary(field.type) and (columns is None or field.name in columns)
        ]


def _leading(tape: Tape, prints: pa.Table | pa.RecordBatch) -> pa.Array:
    """Which prints are leading ones; all are where the tape has no such prints."""
    if tape.leading is None:
        return pa.array([True] * prints.num_rows)
    column, values = tape.leading
    return pc.is_in(prints[column].cast(pa.string()), pa.array(values))


def _leading_first(tape: Tape, table: pa.Table) -> pa.Table:
    leads = _leading(tape, table)
    return pa.concat_tables([table.filter(leads), table.filter(pc.invert(leads))])


def _all_leading(tape: Tape, batch: pa.RecordBatch) -> bool:
    return bool(pc.all(_leading(tape, batch), min_count=0).as_py())


def _list(columns: Sequence[str] | None) -> list[str] | None:
    return None if columns is None else list(columns)


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def _newest_known(part: Path | pq.ParquetFile) -> datetime:
    """The newest `known_at` in a part, from the file's own statistics."""
    file = pq.ParquetFile(part) if isinstance(part, Path) else part
    place = file.schema_arrow.get_field_index("known_at")
    groups = (file.metadata.row_group(i).column(place) for i in range(file.metadata.num_row_groups))
    newest = max(column.statistics.max for column in groups)
    if isinstance(part, Path):
        file.close()
    assert isinstance(newest, datetime)
    return newest if newest.tzinfo else newest.replace(tzinfo=UTC)


def _write_whole(path: Path, write: Callable[[str], None]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        write(name)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise
