"""Closes of the S&P 500 itself, in the two layouts they are passed around in; both without a symbol.

Open, high, low, close → Bar of ^GSPC, by the rules of the feed `bars`. Where only a close is given it is not
made a bar: it rests as an IndexEps row of the kind `close`, which has no earnings.
"""

import re
from dataclasses import replace
from pathlib import PurePath

import pyarrow as pa
import pyarrow.compute as pc

from feeds import FeedError, Parsed, Raw, bars
from feeds._columns import Layout, by_day, open_rows
from feeds._eps_rows import INDEX, NAME, us_day
from feeds._values import price
from storage import calendar
from storage.tables import Bar, IndexEps

SYMBOL = "^GSPC"
#: what a file of the index is called by, as its columns do not say what they are of
_NAMED = re.compile(r"gspc|spx|s&?p.?500", re.IGNORECASE)
_US_DATE = re.compile(rb"^(\d{1,2})/(\d{1,2})/(\d{4})(?=,)", re.MULTILINE)


def read_closes(raw: Raw) -> Parsed:
    """Rows of `Date,SP500`, each known at its close."""
    rows = open_rows(raw, [Layout(("date", "sp500"))])
    session = rows.read("date", us_day, pa.date32())
    known = by_day(session, lambda each: calendar.close(each) if calendar.is_session(each) else None)
    rows.refuse(pc.and_(pc.is_valid(session), pc.is_null(known)), "not a session of the exchange")
    columns = {
        "event_at": known, "known_at": known, "source": NAME, "index": INDEX, "vendor": "none",
        "basis": "none", "kind": "close", "period": "CLOSE", "vintage": session, "eps_e4": 0,
        "estimated": False, "close_e4": rows.read("sp500", price, pa.int64()),
    }  # fmt: skip
    return rows.parsed(IndexEps, columns)


def read_bars(raw: Raw) -> Parsed:
    """Bars of ^GSPC; raises FeedError for a file that is not named after the index."""
    if not _NAMED.search(PurePath(raw.name).name):
        raise FeedError(
            f"{raw.name} does not say whose prices it has: name it after the index, or use the feed bars.",
            permanent=True,
        )
    dated = _US_DATE.sub(lambda us: b"%b-%02d-%02d" % (us[3], int(us[1]), int(us[2])), raw.body)
    parsed = bars.parse(Raw(f"{SYMBOL}.csv", dated))
    table = parsed.accepted[Bar]
    source = pa.array([NAME] * table.num_rows, pa.string())
    return replace(
        parsed, accepted={Bar: table.set_column(table.column_names.index("source"), "source", source)}
    )
