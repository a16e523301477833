"""Insider transactions by the quarter: the SEC's "Insider Transactions Data Sets", live or from files.

A set holds every Form 3, 4 and 5 of a quarter with its filing date but without the hour of acceptance: its
lines count as known at 22:00 New York of that date (quality B). It is the history before the bot ran; a
filing that also came live is recognised by its accession number, and counts once.
"""

from collections.abc import AsyncIterator
from datetime import datetime

from feeds import Ask, Feed, FeedError, Parsed, Raw
from feeds._form345_lines import read_set
from feeds._form345_tables import Tables
from feeds._http import HttpError
from feeds.sec_form4 import FEED as LIVE
from feeds.sec_form4 import PER_SECOND
from storage.calendar import NEW_YORK
from storage.tables import InsiderTrade

FOLDER = "/files/structureddata/data/insider-transactions-data-sets"
#: quarters that are history enough: sixty months
QUARTERS = 20
#: sets asked for at a time: each is ten megabytes and a minute's work
AT_A_TIME = 4


def parse(raw: Raw) -> Parsed:
    """A zip of SUBMISSION, REPORTINGOWNER, FOOTNOTES, NONDERIV_TRANS and DERIV_TRANS → InsiderTrade rows.

    Received are the lines of the last two. Raises FeedError where `raw` is no such zip, damaged or too large.
    """
    tables = Tables(raw.name, raw.body)
    tables.check_size()
    rows, bad = read_set(tables)
    return Parsed({InsiderTrade: rows}, bad)


async def fetch(ask: Ask) -> AsyncIterator[Raw]:
    """Yield sets that were not read yet, the newest first, a few at a time.

    They are asked for once a day: in the window that holds midnight of New York. A newest set that is not
    there is not published yet; whatever else is missing is one FeedError at the end.
    """
    since, until = (at.astimezone(NEW_YORK).date() for at in (ask.window.since, ask.window.until))
    names = quarters(ask.window.until)
    known = ask.known(names)
    wanted = [name for name in names if name not in known][:AT_A_TIME] if since < until else []
    failed: list[str] = []
    for name in wanted:
        url = f"{ask.settings['SEC_URL'].rstrip('/')}{FOLDER}/{name}"
        headers = {"User-Agent": f"Bellwether {ask.settings['SEC_CONTACT']}"}
        try:
            # the pace is EDGAR's: one server, one limit
            body = await ask.http.get(url, source=LIVE.name, headers=headers, per_second=PER_SECOND)
        except HttpError as error:
            if error.status == 403:
                await ask.http.hold(LIVE.name)
            if error.status in (403, 429):
                raise FeedError(f"the SEC was left alone: {error}") from None
            if error.status != 404 or name != names[0]:
                failed.append(f"the SEC's {name} could not be read: {error}")
            continue
        if body.startswith(b"PK"):
            yield Raw(name, body)
        else:
            failed.append(f"the SEC sent something else than {name}")
    if failed:
        raise FeedError(f"{failed[0]}; it is asked for again")


def quarters(now: datetime) -> list[str]:
    """The files of the last QUARTERS quarters of New York that are over at `now`, the newest first."""
    today = now.astimezone(NEW_YORK).date()
    place = today.year * 4 + (today.month - 1) // 3
    return [f"{each // 4}q{each % 4 + 1}_form345.zip" for each in range(place - 1, place - 1 - QUARTERS, -1)]


FEED = Feed(
    name="sec_form345",
    about="Insider transactions of past quarters, all US issuers, from the SEC's data sets, free",
    gives=(InsiderTrade,),
    parse=parse,
    fetch=fetch,
    settings=LIVE.settings,
    needs=LIVE.needs,
)
