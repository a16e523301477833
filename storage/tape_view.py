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
        parts = self._parts(session)
        runs = [Run(_first_event(part), partial(self._without_leading, part, wanted)) for part in parts]
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
        `beside` are the other tapes `reduce` reads: what is kept is kept for their parts too.
        """
        views = (self, *beside)
        parts = [(view, part) for view in views for part in view._parts(session)]
        if not all(_newest_known(part) <= view.as_of for view, part in parts):
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

        write_whole(kept, write)
        return table

    def _parts(self, session: date) -> list[Path]:
        return parts_in(self.folder / session.isoformat())

    def _read(
        self, part: Path, columns: Sequence[str] | None, leading: bool = False
    ) -> Iterator[pa.RecordBatch]:
        names = self.tape.schema.names if columns is None else list(columns)
        coded = [name for name in names if pa.types.is_dictionary(self.tape.schema.field(name).type)]
        cut = pa.scalar(self.as_of, MOMENT)
        # not pre-buffered: that would keep the whole part in memory
        with pq.ParquetFile(part, read_dictionary=coded, pre_buffer=False) as file:
            whole = _newest_known(file) <= self.as_of
            shown = names if whole else list(dict.fromkeys([*names, "known_at"]))
            read = [name for name in shown if _has_values(file, name)] or shown
            for batch in file.iter_batches(HEAD_ROWS if leading else BATCH_ROWS, columns=read):
                prints = self._shaped(batch, shown)
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

    def _shaped(self, batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
        """The batch with the columns `names`; one that was not read is all null."""
        schema = pa.schema([self.tape.schema.field(name) for name in names])
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


def _newest_known(part: Path | pq.ParquetFile) -> datetime:
    """The newest `known_at` in a part, from the file's own statistics."""
    return max(_bounds(part, "known_at", "max"))


def _first_event(part: Path) -> int:
    """The oldest `event_at` in a part, in UTC microseconds, from the file's own statistics."""
    oldest = min(_bounds(part, "event_at", "min"))
    return (oldest - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def _has_values(file: pq.ParquetFile, column: str) -> bool:
    """Whether a part has the column (an earlier version may not have written it) and not only nulls in it."""
    if column not in (names := file.metadata.schema.names):
        return False
    groups = (file.metadata.row_group(group) for group in range(file.metadata.num_row_groups))
    return any(group.column(names.index(column)).statistics.null_count < group.num_rows for group in groups)


def _bounds(part: Path | pq.ParquetFile, column: str, end: str) -> Iterator[datetime]:
    metadata = pq.read_metadata(part) if isinstance(part, Path) else part.metadata
    place = metadata.schema.names.index(column)
    for group in range(metadata.num_row_groups):
        moment = getattr(metadata.row_group(group).column(place).statistics, end)
        yield moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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
