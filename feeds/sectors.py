"""Which symbol belongs to which sector or theme, and since when: CSV or Parquet in our own columns."""

from datetime import date, time

import pyarrow as pa
import pyarrow.compute as pc

from feeds import Feed, Parsed, Raw
from feeds._columns import Layout, by_day, open_rows
from feeds._values import day, ticker, words
from storage import calendar
from storage.tables import SectorMember

NAME = "sectors"
#: the source of rows that do not say since when: they hold for all time, which is hindsight
UNDATED = "sectors, undated"
#: since when an undated row holds
ALWAYS = date(1970, 1, 1)

_LAYOUTS = (
    Layout(("symbol", "sector", "name")),
    Layout(("symbol", "sector", "name"), {"sector": "gics sector", "name": "security"}),
)


def parse(raw: Raw) -> Parsed:
    """Memberships of `raw`, known from midnight in New York of the day they begin."""
    rows = open_rows(raw, _LAYOUTS)
    since = rows.read("from", day, pa.date32(), missing=ALWAYS)
    until = rows.read("to", day, pa.date32(), missing=None)
    rows.refuse(pc.less(until, since), "it ends before it begins")
    known = by_day(since, lambda each: calendar.new_york(each, time()))
    undated = pc.equal(since, pa.scalar(ALWAYS))
    columns = {
        "event_at": known,
        "known_at": known,
        "source": pc.if_else(undated, UNDATED, NAME),
        "symbol": rows.read("symbol", ticker, pa.string()),
        "sector": rows.read("sector", words, pa.string()),
        "name": rows.read("name", words, pa.string()),
        "since": since,
        "until": until,
    }
    return rows.parsed(SectorMember, columns)


FEED = Feed(
    name=NAME,
    about="Members of sectors and themes with the dates they joined and left, as CSV or Parquet files.",
    gives=(SectorMember,),
    parse=parse,
)
