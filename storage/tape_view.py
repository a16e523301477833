"""The tape as it was known at one moment: streamed part by part or in order of time, or reduced.

A reduction of a whole session is kept beside its parts (`reduced`) and is used only when every print of
the session was known by then.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage.tape_kinds import MOMENT, Tape
from storage.tape_order import Run, moments, woven

#: rows in a record batch: small enough for the cache, which is what makes the stream fast
BATCH_ROWS = 65_536
#: rows in a record batch of the head of a part
HEAD_ROWS = 1_024


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
        for part in self._parts(session):
            yield from self._read(part, columns, leading)

    def in_order(self, session: date, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Stream the prints of `session` known by `as_of` in order of `event_at`, over all parts.

        At the same moment a part's prints stay in its own order, parts go by name, and leading prints come
        last. In memory is one batch for each part that overlaps others in time.
        """
        told = [] if self.tape.leading is None else [self.tape.leading[0]]
        wanted = list(dict.fromkeys([*columns, "event_at", *told]))
        runs = [
            Run(_microseconds(span(part)[0]), partial(self._without_leading, part, wanted))
            for part in self._parts(session)
        ]
        if self.tape.leading is not None:
            runs += self._all_leading(session, wanted)
        for batch in woven(runs, BATCH_ROWS):
            yield batch.select(list(columns))

    def reduced(
        self,
        session: date,
        name: str,
        reduce: Callable[[Callable[..., Iterator[pa.RecordBatch]]], pa.Table],
        columns: Sequence[str] | None = None,
        beside: Sequence["TapeView"] = (),
    ) -> pa.Table:
        """Return `reduce(batches)` of one session; kept on disk once all of the session is known.

        `reduce` gets a function that starts the stream anew at each call, with `columns` unless the call
        names others. `name` stands for the method and its version: another name, another kept result.
        `beside` are the other tapes `reduce` reads: what is kept is kept for their parts too. Of a session
        that grows only the newest result is kept.
        """
        views = (self, *beside)
        parts = [(view, part) for view in views for part in view._parts(session)]
        if not all(view._is_whole(pq.read_metadata(part)) for view, part in parts):
            return reduce(lambda wanted=columns, **how: self.batches(session, wanted, **how))
        names = [part.name if view is self else f"{view.tape.name}/{part.name}" for view, part in parts]
        digest = hashlib.sha256(" ".join(names).encode()).hexdigest()[:24]
        kept = self.folder / session.isoformat() / f"{name}-{digest}.arrow"
        if kept.exists():
            with pa.memory_map(str(kept)) as source:
                return pa.ipc.open_file(source).read_all()
        table = reduce(lambda wanted=columns, **how: self.batches(session, wanted, **how))

        def write(path: str) -> None:
            with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)

        before = list(kept.parent.glob(f"{name}-*.arrow"))
        write_whole(kept, write)
        for stale in before:  # of fewer parts: nobody asks for them again
            stale.unlink(missing_ok=True)
        return table

    def _parts(self, session: date) -> list[Path]:
        return parts_in(self.folder / session.isoformat())

    def _is_whole(self, metadata: pq.FileMetaData) -> bool:
        """Whether all of a part was known by `as_of`."""
        return max(_bounds(metadata, "known_at", "max")) <= self.as_of

    def _read(
        self, part: Path, columns: Sequence[str] | None, leading: bool = False
    ) -> Iterator[pa.RecordBatch]:
        metadata = pq.read_metadata(part)
        whole = self._is_whole(metadata)
        names = self.tape.schema.names if columns is None else list(columns)
        shown = names if whole else list(dict.fromkeys([*names, "known_at"]))
        read = [name for name in shown if _has_values(metadata, name)] or ["known_at"]
        coded = [name for name in read if pa.types.is_dictionary(self.tape.schema.field(name).type)]
        schema = pa.schema([self.tape.schema.field(name) for name in shown])
        cut = pa.scalar(self.as_of, MOMENT)
        # not pre-buffered: that would keep the whole part in memory
        with pq.ParquetFile(part, metadata=metadata, read_dictionary=coded, pre_buffer=False) as file:
            rows = HEAD_ROWS if leading else BATCH_ROWS
            # a single thread need not hand its work over to another
            for batch in file.iter_batches(rows, columns=read, use_threads=pa.cpu_count() > 1):
                prints = _shaped(batch, schema)
                known = prints if whole else prints.filter(pc.less_equal(prints["known_at"], cut))
                yield known if whole else known.select(names)
                if leading and not pc.all(leads(self.tape, prints), min_count=0).as_py():
                    break

    def _without_leading(self, part: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The prints of a part behind its leading ones."""
        head = self.tape.leading is not None
        for batch in self._read(part, columns):
            if head:
                others = pc.invert(leads(self.tape, batch))
                head = not pc.any(others, min_count=0).as_py()
                batch = batch.filter(others)
            yield batch

    def _all_leading(self, session: date, columns: Sequence[str]) -> list[Run]:
        """The leading prints of all parts as one run, or none."""
        heads = self.batches(session, columns, leading=True)
        found = [few for head in heads if (few := head.filter(leads(self.tape, head))).num_rows]
        if not found:
            return []
        run = pa.concat_batches(found).sort_by("event_at")
        return [Run(int(moments(run["event_at"])[0]), lambda: iter([run]))]


def _shaped(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with the columns of `schema`; one that was not read is all null."""
    if batch.schema.equals(schema):
        return batch
    have = set(batch.schema.names)
    arrays = [
        batch[column.name] if column.name in have else pa.nulls(batch.num_rows, column.type)
        for column in schema
    ]
    return pa.record_batch(arrays, schema=schema)


def leads(tape: Tape, prints: pa.Table | pa.RecordBatch) -> pa.Array:
    """Which prints are leading ones; all are where the tape has no such prints."""
    if tape.leading is None:
        return pa.array([True] * prints.num_rows)
    column, values = tape.leading
    return pc.is_in(prints[column].cast(pa.string()), pa.array(values))


def parts_in(folder: Path) -> list[Path]:
    """The parts of a session's folder, by name."""
    return sorted(folder.glob("*.parquet"))


def span(part: Path) -> tuple[datetime, datetime]:
    """The oldest and the newest `event_at` in a part."""
    metadata = pq.read_metadata(part)
    return min(_bounds(metadata, "event_at", "min")), max(_bounds(metadata, "event_at", "max"))


def _microseconds(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def _bounds(metadata: pq.FileMetaData, column: str, end: str) -> Iterator[datetime]:
    """The `min` or `max` of a column of moments in each row group of a part, from the file's statistics."""
    place = metadata.schema.names.index(column)
    for group in range(metadata.num_row_groups):
        moment = getattr(metadata.row_group(group).column(place).statistics, end)
        yield moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _has_values(metadata: pq.FileMetaData, column: str) -> bool:
    """Whether a part has the column (an earlier version may not have written it) and not only nulls in it."""
    if column not in (names := metadata.schema.names):
        return False
    groups = (metadata.row_group(group) for group in range(metadata.num_row_groups))
    return any(group.column(names.index(column)).statistics.null_count < group.num_rows for group in groups)


def write_whole(path: Path, write: Callable[[str], None]) -> None:
    """Let `write` fill a file that appears at `path` whole or, if anything fails, not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        write(name)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise
