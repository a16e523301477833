"""FINRA's weekly off-exchange shares of a symbol: in dark pools (ATS) and elsewhere (OTC).

Read from a table with both side by side, or from the API's JSON (`weeklySummary`), where each is a row of its
own. FINRA dates a publication without an hour: it counts as known when that day is over in New York.
"""

import json
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from feeds import Bad, FeedError, Parsed, Raw
from feeds._columns import Layout, Rows, by_day, open_rows
from feeds._finra_rows import NAME, refuse_contradictions, symbol, volume
from feeds._values import day
from storage import calendar
from storage.tables import OffExchangeWeek
from storage.tape import MOMENT

#: from a week's Monday to the Monday FINRA publishes it: two weeks after it has ended for tier 1 (S&P 500,
#: Russell 1000, some funds), four for all others
TIER_ONE, OTHERS = timedelta(days=21), timedelta(days=35)
#: a stated publication makes sense from two weeks after the week's Friday, FINRA's rule, to a year later [A]
EARLIEST, LATEST = timedelta(days=18), timedelta(days=370)
#: the API's fields we ask for
FIELDS = (
    "issueSymbolIdentifier", "weekStartDate", "summaryTypeCode", "totalWeeklyShareQuantity", "tierIdentifier",
    "initialPublishedDate", "lastUpdateDate",
)  # fmt: skip
#: the totals of one symbol, and whose shares they count
SUMMARIES = {"ATS_W_SMBL": "ats", "OTC_W_SMBL": "otc"}

_TABLE = Layout(("issuesymbolidentifier", "weekstartdate", "ats_shares", "otc_shares"))
_ANSWER = Layout([name.lower() for name in FIELDS[:4]])


@lru_cache(4096)
def week_known(week: date, tier: str | None, stated: tuple[date | None, ...] = ()) -> datetime:
    """When the figures of the week of `week`, a Monday, were known: UTC midnight of New York.

    On the newest of the row's `stated` dates that make sense, else by FINRA's rule for its tier; a tier
    that is not known is taken for the later one.
    """
    believed = [at for at in stated if at and week + EARLIEST <= at <= week + LATEST]
    rule = week + (TIER_ONE if tier == "T1" else OTHERS)
    # on a holiday nothing is published; past the calendar's end every day will do
    rule = next(iter(calendar.sessions(rule, rule + timedelta(days=7))), rule)
    return calendar.new_york(max(believed, default=rule) + timedelta(days=1), time())


def read_table(raw: Raw) -> Parsed:
    """A line a symbol and week. It names no tier: known as the later tier would be."""
    rows = open_rows(raw, [_TABLE])
    shares = {name: rows.read(name, volume, pa.int64()) for name in ("ats_shares", "otc_shares")}
    total = rows.read("total_shares", volume, pa.int64(), missing=None)
    wrong = pc.fill_null(pc.not_equal(total, pc.add(*shares.values())), False)
    rows.refuse(wrong, "the total is not the sum of its parts")
    figures = {name: pc.if_else(wrong, None, values) for name, values in shares.items()}
    return _weeks(rows, {"kind": pa.array(["both"] * rows.size)}, figures, shares)


def read_answer(name: str, text: str) -> Parsed:
    """The API's answer. Raises FeedError where it is none."""
    answer = rows_of(text)
    if answer is None:
        raise FeedError(f"{name} is not the list of rows FINRA answers with.", permanent=True)
    bad = [Bad("not a kind this feed reads", json.dumps(row)[:2000]) for row in answer if not _is_row(row)]
    found = [{key.lower(): value for key, value in row.items()} for row in answer if _is_row(row)]
    columns = [field.lower() for field in FIELDS]
    arrays = [pa.array([_text(row.get(column)) for row in found], pa.string()) for column in columns]
    rows = Rows(pa.Table.from_arrays(arrays, columns), bad, _ANSWER)
    kind = rows.read("summarytypecode", _summary, pa.string())
    shares = rows.read("totalweeklysharequantity", volume, pa.int64())
    apart = {f"{each}_shares": pc.if_else(pc.equal(kind, each), shares, None) for each in SUMMARIES.values()}
    return _weeks(rows, {"kind": kind}, {"shares": shares}, apart)


def rows_of(text: str) -> list[Any] | None:
    """The rows of an answer, numbers as text so that they stay exact; None where it is not a list."""
    try:
        document = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, list) else None


def _weeks(
    rows: Rows, kind: dict[str, pa.Array], figures: dict[str, pa.Array], shares: dict[str, pa.Array]
) -> Parsed:
    week = rows.read("weekstartdate", _monday, pa.date32())
    names = {"symbol": rows.read("issuesymbolidentifier", symbol, pa.string()), "week": week, **kind}
    tier = rows.read("tieridentifier", str, pa.string(), missing=None).to_pylist()
    stated = [
        rows.read(name, day, pa.date32(), missing=None).to_pylist()
        for name in ("initialpublisheddate", "lastupdatedate")
    ]
    refuse_contradictions(rows, names, figures)
    each = zip(week.to_pylist(), tier, zip(*stated, strict=True), strict=True)
    times = {
        "event_at": by_day(week, lambda monday: calendar.close(_sessions(monday)[-1])),
        "known_at": pa.array([of[0] and week_known(*of) for of in each], MOMENT),
    }
    return rows.parsed(OffExchangeWeek, names | shares | times | {"source": NAME})


def _summary(text: str) -> str:
    if text not in SUMMARIES:
        raise ValueError("is not a weekly total of one symbol")
    return SUMMARIES[text]


def _monday(text: str) -> date:
    """The Monday of a week with sessions."""
    found = day(text)
    if found.weekday() != 0:
        raise ValueError("is not a Monday")
    if not _sessions(found):
        raise ValueError("is outside the exchange's calendar")
    return found


def _sessions(week: date) -> list[date]:
    return calendar.sessions(week, week + timedelta(days=4))


def _is_row(row: object) -> bool:
    return isinstance(row, dict)


def _text(value: object) -> str | None:
    """A cell as text; what is no value is unreadable text, so that it is refused and not overlooked."""
    return value if isinstance(value, str) or value is None else json.dumps(value)
