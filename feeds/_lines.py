"""Lines of cells that are never quoted → a table of text, and the lines that do not fit.

For files of sources that write no quotes; tables of our own columns are read by `feeds/_columns.py`.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv

from feeds import Bad, FeedError


def cells(name: str, text: str, columns: Sequence[str], delimiter: str) -> tuple[pa.Table, list[Bad]]:
    """Return the lines of `text` as a table of strings with `columns`; a line of another width is bad.

    `name` is the file's, for the FeedError where it cannot be read at all.
    """
    bad: list[Bad] = []
    if not text.strip():
        return pa.Table.from_arrays([pa.array([], pa.string())] * len(columns), list(columns)), bad

    def misshapen(row: Any) -> str:
        bad.append(Bad("not as many cells as the header", row.text))
        return "skip"

    try:
        table = arrow_csv.read_csv(
            BytesIO(text.encode()),
            read_options=arrow_csv.ReadOptions(column_names=list(columns), use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, quote_char=False, invalid_row_handler=misshapen
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowException:
        raise FeedError(f"{name} is not made of lines and cells.", permanent=True) from None
    return table.combine_chunks(), bad
