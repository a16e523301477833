"""Which symbol belongs to which sector or theme, and since when: CSV or Parquet in our own columns.

A running bot reads our own themes by itself; they ship with the program and need no network.
"""

import hashlib
from collections.abc import AsyncIterator
from datetime import date, time, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from feeds import Ask, Feed, Parsed, Raw
from feeds._columns import Layout, by_day, open_rows
from feeds._themes import THEMES
from feeds._values import day, ticker, words
from storage import calendar
from storage.tables import SectorMember

NAME = "sectors"
#: the source of rows that do not say since when: they hold for all time, which is hindsight
UNDATED = "sectors, undated"
#: the source of our own themes
HOUSE = "sectors, house themes"
#: since when an undated row holds
ALWAYS = date(1970, 1, 1)

_HOUSE = THEMES.encode()
_LAYOUTS = (
    Layout(("symbol", "sector", "name")),
    Layout(("symbol", "sector", "name"), {"sector": "gics sector", "name": "security"}),
    # bars that carry their sector: the membership is said once a bar and stored once
    Layout(("symbol", "sector", "name"), {"symbol": "ticker", "name": "ticker"}),
)


def parse(raw: Raw) -> Parsed:
    """Memberships of `raw`, known from midnight in New York of the day they begin.

    One with an end is two rows: that it began, and, known once its last day is over, that it ended.
    """
    rows = open_rows(raw, _LAYOUTS)
    since = rows.read("from", day, pa.date32(), missing=ALWAYS)
    until = rows.read("to", day, pa.date32(), missing=None)
    rows.refuse(pc.less(until, since), "it ends before it begins")
    known = by_day(since, lambda each: calendar.new_york(each, time()))
    over = by_day(until, lambda each: calendar.new_york(each + timedelta(days=1), time()))
    undated = pc.equal(since, pa.scalar(ALWAYS))
    columns = {
        "event_at": known,
        "known_at": known,
        "source": pc.if_else(undated, UNDATED, HOUSE if raw.body == _HOUSE else NAME),
        "symbol": rows.read("symbol", ticker, pa.string()),
        "sector": rows.read("sector", words, pa.string()),
        "name": rows.read("name", words, pa.string()),
        "since": since,
        "until": None,
    }
    began = rows.parsed(SectorMember, columns)
    ended = rows.parsed(SectorMember, columns | {"event_at": over, "known_at": over, "until": until})
    told = [parsed.accepted[SectorMember] for parsed in (began, ended)]
    told[1] = told[1].filter(pc.is_valid(told[1]["until"]))
    return Parsed({SectorMember: pa.concat_tables(told)}, began.bad)


async def fetch(ask: Ask) -> AsyncIterator[Raw]:
    """Our own themes, once for each version of them."""
    name = f"house themes {hashlib.sha256(_HOUSE).hexdigest()[:12]}"
    if not ask.known([name]):
        yield Raw(name, _HOUSE)


FEED = Feed(
    name=NAME,
    about="Members of sectors and themes with the dates they joined and left: our own themes, and files.",
    gives=(SectorMember,),
    parse=parse,
    fetch=fetch,
)
