"""Tables of our own columns: CSV or Parquet, told apart by content, every row accounted for.

Every cell is read as text first, so that NA stays a ticker and 0.10 stays exact, and each distinct text is
read once. The first thing wrong with a row is its reason.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from feeds import Bad, FeedError, Kind, Parsed, Raw, schema_of
from storage.tape import MOMENT

Mask = npt.NDArray[np.bool_]
_REQUIRED = object()
_FINE = 0


@dataclass(frozen=True)
class Layout:
    """The columns a file must have; `names` says which of them goes by another name there."""

    needs: Sequence[str]
    names: Mapping[str, str] = field(default_factory=dict)

    def header(self) -> list[str]:
        """The needed columns as the file names them."""
        return [self.names.get(column, column) for column in self.needs]


class Rows:
    """The rows of one file: `read` gives columns, `refuse` marks rows, `parsed` accounts for all."""

    def __init__(self, table: pa.Table, bad: Sequence[Bad], layout: Layout) -> None:
        self.size = table.num_rows
        self.layout = layout
        self._table = table
        self._bad = list(bad)
        self._reasons = [""]
        self._wrong = np.zeros(self.size, np.int32)

    def read(
        self, column: str, reader: Callable[[str], Any], kind: pa.DataType, *, missing: Any = _REQUIRED
    ) -> pa.Array:
        """Return `column` read by `reader` as an array of `kind`; null where it could not be read.

        An empty cell, or a column the file lacks, is `missing`; without that the row is refused.
        """
        name = self.layout.names.get(column, column)
        cells = (
            _text(self._table[name]) if name in self._table.column_names else pa.nulls(self.size, pa.string())
        )
        cells = pc.utf8_trim_whitespace(cells)
        if missing is _REQUIRED:
            self.refuse(_mask(pc.equal(pc.fill_null(cells, ""), "")), f"{name} is missing")
            missing = None
        encoded = pc.dictionary_encode(pc.if_else(pc.equal(cells, ""), None, cells))
        values, wrong = [], []
        for cell in encoded.dictionary.to_pylist():
            value, reason = _try(reader, cell)
            values.append(value)
            wrong.append(self._code(f"{name} {reason}") if reason else _FINE)
        codes = pc.take(pa.array(wrong, pa.int32()), encoded.indices)
        self._mark(_mask(pc.fill_null(codes, _FINE), np.int32))
        found = pc.take(pa.array(values, kind), encoded.indices)
        if missing is None:
            return found
        return pc.if_else(pc.is_null(encoded.indices), pa.scalar(missing, kind), found)

    def refuse(self, mask: Mask | pa.Array, reason: str) -> None:
        """Mark the rows of `mask` as bad, those that are not yet; null is not a reason."""
        if isinstance(mask, pa.Array):
            mask = _mask(pc.fill_null(mask, False))
        if mask.any():
            self._mark(np.where(mask, self._code(reason), _FINE))

    def parsed(self, kind: Kind, columns: Mapping[str, Any]) -> Parsed:
        """Make the accepted rows of `kind` from `columns` (arrays, or one value for all) and the rest."""
        good = pa.array(self._wrong == _FINE)
        schema = schema_of(kind)
        schema = pa.schema([column for column in schema if column.name in columns])
        arrays = [self._array(columns[column.name], column.type).filter(good) for column in schema]
        return Parsed({kind: pa.Table.from_arrays(arrays, schema=schema)}, [*self._bad, *self._refused()])

    def _array(self, values: Any, kind: pa.DataType) -> pa.Array:
        if not isinstance(values, pa.Array):
            values = pa.array([values] * self.size, kind.value_type if _is_name(kind) else kind)
        return pc.dictionary_encode(values) if _is_name(kind) else values.cast(kind)

    def _refused(self) -> list[Bad]:
        wrong = np.flatnonzero(self._wrong)
        if not len(wrong):
            return []
        cells = [_text(column).take(pa.array(wrong)) for column in self._table.columns]
        texts = pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement="")
        codes = self._wrong[wrong]
        return [Bad(self._reasons[code], text) for code, text in zip(codes, texts.to_pylist(), strict=True)]

    def _code(self, reason: str) -> int:
        if reason not in self._reasons:
            self._reasons.append(reason)
        return self._reasons.index(reason)

    def _mark(self, wrong: npt.NDArray[np.int32]) -> None:
        self._wrong = np.where(self._wrong == _FINE, wrong, self._wrong)


def open_rows(raw: Raw, layouts: Sequence[Layout]) -> Rows:
    """Read `raw` as a table in the first of `layouts` it fits.

    Raises FeedError where it is no table or lacks columns; the message shows the first layout's header.
    """
    if not raw.body or raw.body.isspace():
        raise FeedError(f"{raw.name} is empty.", permanent=True)
    table, bad = _parquet(raw) if raw.body.startswith(b"PAR1") else _csv(raw)
    names = table.column_names
    if len(set(names)) < len(names):
        raise FeedError(f"{raw.name} has two columns of the same name.", permanent=True)
    for layout in layouts:
        if set(layout.header()) <= set(names):
            return Rows(table, bad, layout)
    expected = layouts[0].header()
    lacking = ", ".join(name for name in expected if name not in names)
    raise FeedError(
        f"{raw.name} lacks {lacking}; a header is expected like {','.join(expected)}.", permanent=True
    )


def _parquet(raw: Raw) -> tuple[pa.Table, list[Bad]]:
    try:
        table = pq.read_table(BytesIO(raw.body)).combine_chunks()
    except (pa.ArrowException, OSError):
        raise FeedError(f"{raw.name} is not a readable Parquet file.", permanent=True) from None
    return table.rename_columns([name.strip().lower() for name in table.column_names]), []


def _csv(raw: Raw) -> tuple[pa.Table, list[Bad]]:
    """A row is a line: one with an unclosed quote, or too few or many cells, spoils no other."""
    text = raw.body.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    header, _, rest = text.partition("\n")
    try:
        names = [name.strip().lower() for name in next(csv.reader([header]))]
    except csv.Error:
        raise FeedError(f"{raw.name} has no header.", permanent=True) from None
    bad: list[Bad] = []
    if '"' in rest:
        lines = rest.split("\n")
        bad = [Bad("a quote is not closed", line) for line in lines if line.count('"') % 2]
        rest = "\n".join(line for line in lines if line.count('"') % 2 == 0)
    if not rest or rest.isspace():
        return pa.Table.from_arrays([pa.array([], pa.string())] * len(names), names), bad

    def misshapen(row: Any) -> str:
        bad.append(Bad("not as many cells as the header", row.text))
        return "skip"

    try:
        table = arrow_csv.read_csv(
            BytesIO(rest.encode() + b"\n"),
            read_options=arrow_csv.ReadOptions(column_names=names, use_threads=False),
            parse_options=arrow_csv.ParseOptions(invalid_row_handler=misshapen),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowException:
        raise FeedError(f"{raw.name} is not a readable CSV file.", permanent=True) from None
    return table.combine_chunks(), bad


def _text(column: pa.ChunkedArray) -> pa.Array:
    """A column as text, exact; a float's NaN is how a frame writes a missing value."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), None, array)
    try:
        return array.cast(pa.string())
    except pa.ArrowException:  # lists, structs, bytes: nothing of ours
        return pa.nulls(len(array), pa.string())


def session_days(moments: pa.Array) -> pa.Array:
    """New York's dates of `moments`."""
    return pc.local_timestamp(moments.cast(pa.timestamp("us", tz="America/New_York"))).cast(pa.date32())


def by_day(days: pa.Array, function: Callable[[date], Any], kind: pa.DataType = MOMENT) -> pa.Array:
    """Return `function` of each of `days`, worked out once a day; null stays null."""
    encoded = pc.dictionary_encode(days)
    return pc.take(pa.array([function(day) for day in encoded.dictionary.to_pylist()], kind), encoded.indices)


def _try(reader: Callable[[str], Any], cell: str) -> tuple[Any, str]:
    try:
        return reader(cell), ""
    except ValueError as error:
        return None, str(error)


def _mask(array: pa.Array, kind: type = bool) -> npt.NDArray[Any]:
    return np.asarray(array.to_numpy(zero_copy_only=False), kind)


def _is_name(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind))
