"""S&P Dow Jones Indices' workbook (`sp-500-eps-est.xlsx`) as published → its quarters, estimates and actuals.

Read is the sheet with the index's close, "Data as of the close of:" and earnings by quarter. It is compiled
after that close and put online at an hour it does not state: known at the next opening. Formulas are not
executed (their last result stands beside them), and XML goes through defusedxml.
"""

import re
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from feeds import Bad, FeedError, Parsed, Raw
from feeds._eps_rows import Row, estimate, next_open, parsed, quarter, read_cells, us_day
from feeds._values import price

#: unpacked bytes of a workbook, and its parts; the published ones have 1 MB and 30
LARGEST, MOST_PARTS = 32 * 2**20, 500
#: rows and columns of a sheet that are looked at
ROWS, COLUMNS = 2000, 30

AS_OF, CLOSE = "data as of the close of", "s&p 500 close of"
#: the header of a column, read from top to bottom
BASES = {"operating earnings per shr": "operating", "as reported earnings per shr": "reported"}
#: a quarter's end as a date, behind it perhaps the share of companies that reported: 6/30/2017 (4.2%)
_ENDS = re.compile(r"(\d{1,2}/\d{1,2}/\d{4})\b.*", re.ASCII)
_MISSHAPEN = (
    BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError,  # the archive
    SyntaxError, ValueError, LookupError, TypeError, AttributeError, OverflowError,  # what is in it
)  # fmt: skip

Sheet = list[tuple[Any, ...]]


def read_workbook(raw: Raw) -> Parsed:
    """Rows of the sheet of estimates; raises FeedError where there is none, or no workbook."""
    _refuse_bomb(raw)
    try:
        found = _sheet(raw.body)
    except _MISSHAPEN:
        raise FeedError(f"{raw.name} is not a readable workbook.", permanent=True) from None
    if found is None:
        raise FeedError(
            f"{raw.name} has no sheet of S&P's estimates: on none stands the index's close.",
            permanent=True,
        )
    return _read(raw.name, found)


def _refuse_bomb(raw: Raw) -> None:
    """No part unpacks to more than its header says, so the headers' sum bounds what is read."""
    try:
        with ZipFile(BytesIO(raw.body)) as archive:
            parts = archive.infolist()
    except _MISSHAPEN:
        raise FeedError(f"{raw.name} is not a readable workbook.", permanent=True) from None
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST:
        raise FeedError(f"{raw.name} unpacks to more than {LARGEST >> 20} MB.", permanent=True)


def _sheet(body: bytes) -> Sheet | None:
    """The cells of the first sheet that gives the index's close."""
    from openpyxl import load_workbook  # only where somebody loads a workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of drawings and styles it does not know
        book = load_workbook(BytesIO(body), read_only=True, data_only=True, keep_links=False)
        sheets = (
            list(sheet.iter_rows(max_row=ROWS, max_col=COLUMNS, values_only=True))
            for sheet in book.worksheets
        )
        return next((sheet for sheet in sheets if _beside(sheet, CLOSE) is not None), None)


def _read(name: str, sheet: Sheet) -> Parsed:
    try:
        seen, close_e4 = _day(_beside(sheet, AS_OF)), price(str(_beside(sheet, CLOSE)))
    except ValueError:
        raise FeedError(f"{name} does not say as of which close its data is.", permanent=True) from None
    head, start = _place(sheet, "quarter"), _place(sheet, "estimates")
    columns = _columns(sheet[head:start])
    if start == len(sheet) or len(columns) < len(BASES):
        raise FeedError(
            f"{name} has no table of operating and reported earnings by quarter where S&P has it.",
            permanent=True,
        )
    rows: list[Row] = []
    bad: list[Bad] = []
    for row, estimated in _quarters(sheet[start:]):
        line = ",".join("" if cell is None else str(cell) for cell in row)
        try:
            period = quarter(_quarter_end(row[0]))
        except ValueError as error:
            bad.append(Bad(f"the quarter's end {error}", line))
            continue
        cells: list[tuple[str, str, Row]] = [
            (f"{basis} earnings", "" if row[place] is None else str(row[place]), {"basis": basis})
            for basis, place in columns.items()
        ]
        rows += [
            estimate(
                seen, next_open(seen), eps, vendor="spdji", kind="quarter", period=period,
                estimated=estimated, close_e4=close_e4, **own,
            )
            for eps, own in read_cells(cells, line, bad)
        ]  # fmt: skip
    return parsed(rows, bad)


def _quarters(table: Sheet) -> Iterator[tuple[tuple[Any, ...], bool]]:
    """The rows that begin with a quarter's end, and whether they stand above the actual ones."""
    estimated = True
    for row in table:
        estimated = estimated and not _text(row[:1]).startswith("actual")
        if row and _is_quarter(row[0]):
            yield row, estimated


def _place(sheet: Sheet, label: str) -> int:
    """The first row that begins with a label; the end of the sheet where none does."""
    return next((place for place, row in enumerate(sheet) if _text(row[:1]) == label), len(sheet))


def _columns(header: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    """The place of each basis: the leftmost column whose header, top to bottom, begins with its name."""
    found: dict[str, int] = {}
    width = max((len(row) for row in header), default=0)
    for place in reversed(range(width)):
        above = _text(row[place] for row in header if place < len(row))
        found |= {basis: place for words, basis in BASES.items() if above.startswith(words)}
    return {basis: found[basis] for basis in BASES.values() if basis in found}


def _beside(sheet: Sheet, label: str) -> Any:
    """The first value to the right of a label in the first column; None where there is none."""
    for row in sheet:
        if row and _text(row[:1]).rstrip(":") == label:
            return next((cell for cell in row[1:] if cell is not None), None)
    return None


def _text(cells: Iterable[Any]) -> str:
    """The words of some cells, in lower case, single spaces between."""
    return " ".join(" ".join(str(cell) for cell in cells if cell is not None).lower().split())


def _is_quarter(cell: Any) -> bool:
    return isinstance(cell, datetime) or (isinstance(cell, str) and bool(_ENDS.fullmatch(cell.strip())))


def _day(cell: Any) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    text = str(cell).strip()
    found = _ENDS.fullmatch(text)
    return us_day(found[1] if found else text)


def _quarter_end(cell: Any) -> date:
    """A day in the last month of a quarter: S&P once wrote 03/30/2011."""
    ended = _day(cell)
    if ended.month % 3:
        raise ValueError("is in no quarter's last month")
    return ended
