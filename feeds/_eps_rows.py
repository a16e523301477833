"""Rows of index earnings: when an estimate of a day could be known, and whose it is."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from feeds import Bad, Parsed, rows_to_table
from feeds._values import day, money
from storage import calendar
from storage.tables import IndexEps

NAME = "index_eps"
#: the index all files here are about
INDEX = "SPX"

Row = dict[str, Any]


def estimate(vintage: date, known: datetime, eps_e4: int, **own: Any) -> Row:
    """One IndexEps row of the S&P 500 from what is its `own`: vendor, basis, kind, period, estimated."""
    return {
        "event_at": closed(vintage), "known_at": known, "source": NAME, "index": INDEX, "vintage": vintage,
        "eps_e4": eps_e4, **own,
    }  # fmt: skip


def parsed(rows: Sequence[Row], bad: Sequence[Bad]) -> Parsed:
    """The account of one file of estimates."""
    return Parsed({IndexEps: rows_to_table(IndexEps, rows)} if rows else {}, bad)


@lru_cache(4096)
def closed(of: date) -> datetime:
    """The close of the day; 16:00 New York where it is no session or before the calendar begins, UTC."""
    return calendar.close(of) if calendar.is_session(of) else calendar.new_york(of, time(16))


@lru_cache(4096)
def next_open(after: date) -> datetime:
    """When the exchange next opens after the day: what bears only a date is out by then, UTC."""
    ahead = calendar.sessions(after + timedelta(days=1), after + timedelta(days=10))
    return calendar.opening(ahead[0]) if ahead else calendar.new_york(after + timedelta(days=1), time(9, 30))


def quarter(of: date) -> str:
    """The calendar quarter of the day, like 2025Q3."""
    return f"{of.year}Q{(of.month - 1) // 3 + 1}"


def quarter_end(year: int, number: int) -> date:
    """The last day of a calendar quarter, 1 to 4."""
    return date(year + number // 4, number * 3 % 12 + 1, 1) - timedelta(days=1)


def us_day(text: str) -> date:
    """A date, ISO or as Americans write it: 7/5/2017."""
    month, _, rest = text.partition("/")
    number, _, year = rest.partition("/")
    if not (rest and len(year) == 4 and (month + number + year).isdecimal() and text.isascii()):
        return day(text)
    try:
        return date(int(year), int(month), int(number))
    except ValueError:
        raise ValueError("is not a date") from None


def read_cells(cells: Iterable[tuple[str, str, Row]], line: str, bad: list[Bad]) -> Iterable[tuple[int, Row]]:
    """Read the estimates of one line, (what it is called, cell, what is known of it) each, as e4 USD.

    An empty cell is no estimate; one that is no number is bad, and spoils no other.
    """
    for name, cell, own in cells:
        if not cell:
            continue
        try:
            yield money(cell), own
        except ValueError as error:
            bad.append(Bad(f"{name} {error}", line))
