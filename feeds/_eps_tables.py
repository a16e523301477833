"""Tables of estimates by quarter: FactSet's, point in time, and S&P Dow Jones Indices' as others parsed them.

One cell is one row: a quarter as it was seen at a vintage. FactSet bears the date of its Friday note and is
known by the end of that day. A vintage of S&P's that is only named after its quarter is taken as of the last
day of it, and an actual as known one quarter after its own: later than it was, never earlier.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from feeds import Bad, Parsed, Raw
from feeds._eps_rows import Row, estimate, next_open, parsed, quarter, quarter_end, read_cells, us_day
from storage import calendar

#: FactSet's analysts mostly leave out what companies call special: not S&P's "operating", not GAAP
FACTSET = {"vendor": "factset", "basis": "adjusted"}
#: S&P's columns and what they are on
SPDJI = {"op_eps": "operating", "rep_eps": "reported"}

_QUARTER = re.compile(r"q([1-4])'(\d\d)")
_LABEL = re.compile(r"(\d{4})-?q([1-4])", re.IGNORECASE | re.ASCII)

#: one line by column, and what it gives
Line = dict[str, str]
Read = Callable[[Line, str, list[Bad]], Iterator[Row]]


def is_factset(names: Sequence[str]) -> bool:
    """Whether a header (in lower case) is that of FactSet's table: a date, then quarters such as q1'14."""
    return (
        names[0] == "report_date" and len(names) > 1 and all(_QUARTER.fullmatch(name) for name in names[1:])
    )


def read_factset(raw: Raw) -> Parsed:
    """FactSet's bottom-up EPS by quarter at each report; `*` marks an estimate."""
    return _read(raw, _factset_line)


def read_vintages(raw: Raw) -> Parsed:
    """S&P's estimates by vintage, a quarter of ours, and by quarter, operating and as reported."""
    return _read(raw, _vintage_line)


def read_actuals(raw: Raw) -> Parsed:
    """S&P's actual quarters with the index at their end."""
    return _read(raw, _actual_line)


def _read(raw: Raw, read: Read) -> Parsed:
    """Read line by line; of a line that has no date nothing can be told, so it is one bad row."""
    text = raw.body.decode("utf-8-sig", "replace")
    header, *lines = [line for line in text.splitlines() if line.strip()]
    names = [name.strip().lower() for name in header.split(",")]
    rows: list[Row] = []
    bad: list[Bad] = []
    for line in lines:
        try:
            cells = [cell.strip() for cell in next(csv.reader([line]))]
            if len(cells) != len(names):
                raise ValueError("not as many cells as the header")
            rows += read(dict(zip(names, cells, strict=True)), line, bad)
        except (ValueError, csv.Error) as error:
            bad.append(Bad(str(error), line))
    return parsed(rows, bad)


def _factset_line(line: Line, text: str, bad: list[Bad]) -> Iterator[Row]:
    seen = _date(line, "report_date")
    cells = []
    for name, cell in line.items():
        if found := _QUARTER.fullmatch(name):
            own: Row = {"period": f"20{found[2]}Q{found[1]}", "estimated": cell.endswith("*")}
            cells.append((name.upper(), cell.removesuffix("*") or cell, own))
    for eps, own in read_cells(cells, text, bad):
        yield estimate(seen, calendar.day_end(seen), eps, kind="quarter", **FACTSET, **own)


def _vintage_line(line: Line, text: str, bad: list[Bad]) -> Iterator[Row]:
    seen, period = _end_of(line, "vintage"), quarter(_end_of(line, "yr_qtr"))
    for eps, own in read_cells(_both(line), text, bad):
        yield estimate(seen, next_open(seen), eps, period=period, estimated=True, **own)


def _actual_line(line: Line, text: str, bad: list[Bad]) -> Iterator[Row]:
    ended = _end_of(line, "yr_qtr")
    known = next_open(quarter_end(ended.year + ended.month // 12, ended.month // 3 % 4 + 1))
    price: list[tuple[str, str, Row]] = [("price", line.get("price", ""), {})]
    close = next((e4 for e4, _ in read_cells(price, text, bad) if e4 > 0), None)
    for eps, own in read_cells(_both(line), text, bad):
        yield estimate(ended, known, eps, period=quarter(ended), estimated=False, close_e4=close, **own)


def _both(line: Line) -> list[tuple[str, str, Row]]:
    return [
        (name, line[name], {"vendor": "spdji", "basis": basis, "kind": "quarter"})
        for name, basis in SPDJI.items()
    ]


def _date(line: Line, name: str) -> date:
    try:
        return us_day(line[name])
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None


def _end_of(line: Line, name: str) -> date:
    """The last day of the quarter a label such as 2017-Q3 names."""
    if not (found := _LABEL.fullmatch(line[name])):
        raise ValueError(f"{name} is not a quarter")
    return quarter_end(int(found[1]), int(found[2]))
